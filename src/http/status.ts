import type { AppError, ErrorKind } from "../errors.ts";

export const statuses: Readonly<Record<ErrorKind, number>> = {
  bad_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  unsupported_media: 415,
  unprocessable: 422,
  rate_limited: 429,
  provider_failed: 502,
  provider_timeout: 504,
  internal: 500,
};

/** What the headers of a fault say, whatever shape its body has. */
export function faultHeaders({ code, kind, options }: AppError): Record<string, string> {
  const headers: Record<string, string> = {};
  if (options.retryAfter !== undefined) {
    headers["Retry-After"] = String(Math.ceil(options.retryAfter));
  }
  if (kind === "unauthorized") headers["WWW-Authenticate"] = "Bearer";
  if (code === "insufficient_scope") {
    headers["WWW-Authenticate"] = 'Bearer error="insufficient_scope"';
  }
  return headers;
}
