import { Elysia } from "elysia";
import { AppError, type ErrorKind } from "../errors.ts";
import { log } from "../log.ts";
import { errorMessage, type Language } from "./messages.ts";
import { languageOf, requestIdOf } from "./request.ts";
import { toAppError } from "./validation.ts";

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

/** The one shape that every error of every route has. */
export function errorResponse(error: AppError, language: Language, requestId: string): Response {
  const message = errorMessage(error.code, language, error.parameters);
  const headers: Record<string, string> = {};
  if (error.options.retryAfter !== undefined) {
    headers["Retry-After"] = String(Math.ceil(error.options.retryAfter));
  }
  if (error.kind === "unauthorized") headers["WWW-Authenticate"] = "Bearer";
  if (error.code === "insufficient_scope") {
    headers["WWW-Authenticate"] = 'Bearer error="insufficient_scope"';
  }
  return Response.json(
    { success: false, error: message, message, code: error.code, request_id: requestId },
    { status: statuses[error.kind], headers },
  );
}

/** Whatever a route threw, as a fault that its caller may be told of. */
function toCallerFault(code: string | number, error: unknown): AppError {
  if (error instanceof AppError) return error;
  switch (code) {
    case "NOT_FOUND":
      return new AppError("route_not_found");
    case "PARSE":
      // Elysia wraps whatever a parser throws.
      return error instanceof Error && error.cause instanceof AppError
        ? error.cause
        : new AppError("malformed_json", {}, { cause: error });
    default:
      return new AppError("internal", {}, { cause: error });
  }
}

/** Answers every fault of every route; faults of ours are logged with their cause. */
export const errorMapping = (fallback: Language) =>
  new Elysia({ name: "errors" }).onError({ as: "global" }, ({ code, error, request, params }) => {
    const requestId = requestIdOf(request);
    const fault =
      code === "VALIDATION"
        ? toAppError(error.valueError, {
            ...Object.fromEntries(new URL(request.url).searchParams),
            ...params,
          })
        : toCallerFault(code, error);
    // An answer that was interrupted before it began is its caller's doing.
    if (fault.code === "internal") {
      log.error("request failed", { requestId, method: request.method, cause: fault.cause });
    }
    return errorResponse(fault, languageOf(request, fallback), requestId);
  });
