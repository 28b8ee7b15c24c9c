import { AppError } from "../../errors.ts";
import { log } from "../../log.ts";
import { isRequestFault } from "../retry.ts";
import type { ChatRequest, ChatRoute } from "./index.ts";
import { fitToWindow } from "./window.ts";

/** Milliseconds that a provider may ask for while there is another to ask. */
const maxPause = 2000;

/**
 * The route, with `others` asked in turn where it fails before the first piece for a reason that they
 * may not share: no connection, 408, 429, 5xx, no first piece in time, a queue that is full, an
 * answer that breaks off before it begins, or a configured key that is refused. A fault of the request,
 * or of the caller's own key, is the answer. Where all fail, the error is that of the route itself.
 *
 * The caller's own key goes to the provider of the route alone. A history that is too long for
 * another's window loses its oldest turns.
 */
export function withFallback(route: ChatRoute, others: readonly ChatRoute[]): ChatRoute {
  if (others.length === 0) return route;
  return {
    ...route,
    provider: {
      checkAccess: (apiKey) => route.provider.checkAccess(apiKey),
      stream(request, signal) {
        const hasOwnKey = (request.apiKey ?? "").trim() !== "";
        return askInTurn([route, ...others], hasOwnKey, signal, (to, pause) =>
          to.provider.stream({ ...requestTo(to, route, request), ...pause }, signal),
        );
      },
      forward: (request, signal) =>
        askInTurn([route, ...others], false, signal, (to, pause) =>
          to.provider.forward({ ...request, model: to.model, ...pause }, signal),
        ),
    },
  };
}

/** `ask` may be told not to wait for a provider that wants a pause. */
async function askInTurn<Answer>(
  routes: readonly ChatRoute[],
  hasOwnKey: boolean,
  signal: AbortSignal,
  ask: (to: ChatRoute, pause: { readonly maxPause?: number }) => Promise<Answer>,
): Promise<Answer> {
  const failures: AppError[] = [];
  for (const to of routes) {
    const isFirst = to === routes[0];
    const isLast = to === routes.at(-1);
    try {
      return await ask(to, isLast ? {} : { maxPause });
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof AppError)) throw error;
      if (isFirst && !mayAnotherAnswer(error, hasOwnKey)) throw error;
      warn(to, error);
      failures.push(error);
    }
  }
  throw failures[0];
}

function requestTo(other: ChatRoute, route: ChatRoute, request: ChatRequest): ChatRequest {
  const { contextTokens, model } = other;
  const { messages, maxTokens } = request;
  return {
    ...request,
    model,
    messages:
      contextTokens < route.contextTokens
        ? fitToWindow(messages, { contextTokens, maxTokens })
        : messages,
    apiKey: other.providerName === route.providerName ? request.apiKey : undefined,
  };
}

/** Statuses by which a provider refuses a key or the account behind it. */
const accountStatuses: ReadonlySet<unknown> = new Set([401, 402, 403]);

function mayAnotherAnswer(error: AppError, hasOwnKey: boolean): boolean {
  if (error.code !== "provider_failed") return passedOn.has(error.code);
  const { status } = error.parameters;
  // A text is `unreachable`, or the code of a fault that came in place of an answer.
  if (typeof status !== "number") return !isRequestFault([String(status)]);
  if (accountStatuses.has(status)) return !hasOwnKey;
  return status === 408 || status === 429 || status >= 500;
}

const passedOn: ReadonlySet<string> = new Set([
  "provider_timeout",
  "provider_interrupted",
  "rate_limited",
]);

function warn({ providerName, model }: ChatRoute, { code, parameters }: AppError): void {
  const { status, message } = parameters;
  log.warn("provider gave no answer", {
    provider: providerName,
    model,
    code,
    status,
    reason: message,
  });
}
