import { AppError } from "../errors.ts";
import { log } from "../log.ts";
import type { Deadline } from "./deadline.ts";
import { readFault, wordsOf } from "./fault.ts";
import type { Pace } from "./pace.ts";
import { type FailedTry, isPassing, parseRetryAfter, retryDelay } from "./retry.ts";

export interface PostCall {
  /** The provider's name in the configuration, for errors. */
  readonly provider: string;
  readonly url: string;
  /** Empty: no `Authorization` header. */
  readonly apiKey: string;
  /** Bytes are JSON already. */
  readonly body: object | Uint8Array<ArrayBuffer>;
  /** Milliseconds that a provider may ask for before another try. */
  readonly maxPause?: number | undefined;
  /** Where the tries after the first are counted; they wait until it lets them. */
  readonly pace?: Pace | undefined;
}

interface Refusal extends FailedTry {
  readonly error: AppError;
}

/** Bytes of an error's body that are read. */
const maxFaultBytes = 65_536;

/** The address of one of the provider's operations; a query in `baseUrl` is kept. */
export function endpoint(baseUrl: string, path: string): string {
  const url = new URL(baseUrl);
  url.pathname = url.pathname.replace(/\/+$/, "") + path;
  return url.href;
}

/**
 * Posts JSON to a provider and resolves with its answer, status 2xx, as soon as the headers are
 * there. Tries again, at most twice and never beyond the deadline's first token, what a pause may
 * mend; redirects are not followed, so that the key goes nowhere else.
 *
 * @throws AppError `provider_failed` with `status` (a number, or `unreachable`) and `message`; the
 *   reason of the deadline's signal when that aborts.
 */
export async function post(call: PostCall, deadline: Deadline): Promise<Response> {
  const request = {
    method: "POST",
    headers: headersOf(call.apiKey),
    body: call.body instanceof Uint8Array ? call.body : JSON.stringify(call.body),
    redirect: "manual",
    // Bun would end a connection that is quiet for 5 minutes; the deadline decides here.
    timeout: false,
    signal: deadline.signal,
  } as const;
  for (let attempt = 0; ; attempt++) {
    const answer = await send(call, request, deadline);
    if (answer instanceof Response) return answer;
    const pause = retryDelay(answer, attempt, Math.random(), call.maxPause);
    if (pause === undefined) throw answer.error;
    const delay = Math.max(pause, call.pace?.delay ?? 0);
    if (delay >= deadline.remaining) throw answer.error;
    call.pace?.count(delay);
    const { provider, status, message } = answer.error.parameters;
    log.warn("provider failed, trying again", {
      provider,
      status,
      reason: message,
      attempt: attempt + 1,
      delayMs: Math.round(delay),
    });
    await deadline.wait(delay);
  }
}

function headersOf(apiKey: string): Record<string, string> {
  return {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    // A compressed stream would hold tokens back in the compressor's window.
    "accept-encoding": "identity",
    "user-agent": "llm-backend-api",
    ...(apiKey === "" ? {} : { authorization: `Bearer ${apiKey}` }),
  };
}

async function send(
  call: PostCall,
  request: BunFetchRequestInit,
  deadline: Deadline,
): Promise<Response | Refusal> {
  let response: Response;
  try {
    response = await fetch(call.url, request);
  } catch (cause) {
    deadline.signal.throwIfAborted();
    return unreachable(call.provider, cause);
  }
  if (response.ok) return response;
  const { status } = response;
  const body = await readStart(response);
  deadline.signal.throwIfAborted();
  const retryAfter = parseRetryAfter(response.headers.get("retry-after"), deadline.clock.now());
  const { message, codes } =
    status >= 300 && status < 400
      ? { message: redirection(call.url, response), codes: [] }
      : readFault(body, call.apiKey, response.statusText || "no message");
  const error = new AppError(
    "provider_failed",
    { provider: call.provider, status, message },
    {
      retryable: isPassing({ status, codes }),
      words: wordsOf(body, call.apiKey),
      ...(retryAfter === undefined ? {} : { retryAfter: Math.ceil(retryAfter / 1000) }),
    },
  );
  return { error, status, codes, retryAfter };
}

function unreachable(provider: string, cause: unknown): Refusal {
  // Bun names the fault by a code such as ECONNREFUSED; its message may quote the address.
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "connection failed";
  const error = new AppError(
    "provider_failed",
    { provider, status: "unreachable", message: code },
    { cause, retryable: true },
  );
  return { error, status: undefined, codes: [], retryAfter: undefined };
}

function redirection(url: string, response: Response): string {
  const location = response.headers.get("location");
  const target = location === null ? null : URL.parse(location, url);
  return target === null
    ? "redirected to nowhere"
    : `redirected to ${target.origin}${target.pathname}; base_url has to name the final address`;
}

/** The first bytes of a body as text, without its end when that does not come. */
async function readStart(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (let size = 0; size < maxFaultBytes; ) {
      const { done, value } = await reader.read();
      if (done) return text + decoder.decode();
      size += value.length;
      text += decoder.decode(value, { stream: true });
    }
    await reader.cancel();
  } catch {
    // The connection broke: what came of the message is better than none.
  }
  return text.slice(0, maxFaultBytes);
}
