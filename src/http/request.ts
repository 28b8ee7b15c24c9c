import { type Language, preferredLanguage } from "./messages.ts";

const saneRequestId = /^[\w.:-]{1,128}$/;
const requestIds = new WeakMap<Request, string>();

/** The caller's `X-Request-Id` when it is a sane one, else a fresh UUID; the same at every call. */
export function requestIdOf(request: Request): string {
  const given = request.headers.get("x-request-id");
  if (given !== null && saneRequestId.test(given)) return given;
  let id = requestIds.get(request);
  if (id === undefined) {
    id = Bun.randomUUIDv7();
    requestIds.set(request, id);
  }
  return id;
}

export const languageOf = (request: Request, fallback: Language): Language =>
  preferredLanguage(request.headers.get("accept-language"), fallback);
