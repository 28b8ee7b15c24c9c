import { namesProxy } from "../../config/proxy.ts";
import { AppError } from "../../errors.ts";
import { log } from "../../log.ts";
import type { Deadline } from "../deadline.ts";
import { readFault, wordsOf } from "../fault.ts";
import type { Pace } from "../pace.ts";
import { type FailedTry, isPassing, parseRetryAfter, retryDelay } from "../retry.ts";
import type { ReplyBody } from "./body.ts";
import { exchange } from "./connections.ts";
import { exchangeByProxy } from "./proxied.ts";
import type { Outgoing, Reply } from "./reply.ts";

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

type Attempt = { readonly reply: Reply } | { readonly refusal: Refusal };

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
export async function post(call: PostCall, deadline: Deadline): Promise<Reply> {
  const request = {
    url: new URL(call.url),
    headers: headersOf(call.apiKey),
    body: call.body instanceof Uint8Array ? call.body : Buffer.from(JSON.stringify(call.body)),
    signal: deadline.signal,
  };
  for (let tries = 0; ; tries++) {
    const attempt = await send(call, request, deadline);
    if ("reply" in attempt) return attempt.reply;
    const { refusal } = attempt;
    const pause = retryDelay(refusal, tries, Math.random(), call.maxPause);
    if (pause === undefined) throw refusal.error;
    const delay = Math.max(pause, call.pace?.delay ?? 0);
    if (delay >= deadline.remaining) throw refusal.error;
    call.pace?.count(delay);
    const { provider, status, message } = refusal.error.parameters;
    log.warn("provider failed, trying again", {
      provider,
      status,
      reason: message,
      attempt: tries + 1,
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

async function send(call: PostCall, request: Outgoing, deadline: Deadline): Promise<Attempt> {
  let reply: Reply;
  try {
    const ask = namesProxy(request.url.protocol) ? exchangeByProxy : exchange;
    reply = await ask(request);
  } catch (cause) {
    deadline.signal.throwIfAborted();
    return { refusal: unreachable(call.provider, cause) };
  }
  const { status } = reply;
  if (status >= 200 && status < 300) return { reply };
  const body = await readStart(reply.body);
  deadline.signal.throwIfAborted();
  const retryAfter = parseRetryAfter(reply.header("retry-after"), deadline.clock.now());
  const { message, codes } =
    status >= 300 && status < 400
      ? { message: redirection(call.url, reply), codes: [] }
      : readFault(body, call.apiKey, reply.statusText || "no message");
  const error = new AppError(
    "provider_failed",
    { provider: call.provider, status, message },
    {
      retryable: isPassing({ status, codes }),
      words: wordsOf(body, call.apiKey),
      ...(retryAfter === undefined ? {} : { retryAfter: Math.ceil(retryAfter / 1000) }),
    },
  );
  return { refusal: { error, status, codes, retryAfter } };
}

function unreachable(provider: string, cause: unknown): Refusal {
  // A code such as ECONNREFUSED; the message may quote the address.
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "connection failed";
  const error = new AppError(
    "provider_failed",
    { provider, status: "unreachable", message: code },
    { cause, retryable: true },
  );
  return { error, status: undefined, codes: [], retryAfter: undefined };
}

function redirection(url: string, reply: Reply): string {
  const location = reply.header("location");
  const target = location === undefined ? null : URL.parse(location, url);
  return target === null
    ? "redirected to nowhere"
    : `redirected to ${target.origin}${target.pathname}; base_url has to name the final address`;
}

/** The first bytes of a body as text, without its end when that does not come. */
async function readStart(body: ReplyBody): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (let size = 0; size < maxFaultBytes; ) {
      const bytes = await body.read();
      if (bytes === undefined) return text + decoder.decode();
      size += bytes.length;
      text += decoder.decode(bytes, { stream: true });
    }
    body.cancel();
  } catch {
    // The connection broke: what came of the message is better than none.
  }
  return text.slice(0, maxFaultBytes);
}
