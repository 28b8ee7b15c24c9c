import { Elysia } from "elysia";
import { AppError } from "../errors.ts";
import { log } from "../log.ts";
import { errorMessage, type Language } from "./messages.ts";
import { isOpenAiPath, openAiErrorResponse } from "./openai-errors.ts";
import { languageOf, requestIdOf } from "./request.ts";
import { faultHeaders, statuses } from "./status.ts";
import { toAppError } from "./validation.ts";

/** The one shape that every error of every route has, but for those of OpenAI's protocol. */
export function errorResponse(error: AppError, language: Language, requestId: string): Response {
  const message = errorMessage(error.code, language, error.parameters);
  return Response.json(
    { success: false, error: message, message, code: error.code, request_id: requestId },
    { status: statuses[error.kind], headers: faultHeaders(error) },
  );
}

/** Whatever a route threw, as a fault that its caller may be told of. */
function toCallerFault(code: string | number, error: unknown, signal: AbortSignal): AppError {
  if (error instanceof AppError) return error;
  if (signal.aborted && error === signal.reason) return new AppError("interrupted");
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
  new Elysia({ name: "errors" }).onError({ as: "global" }, (context) => {
    const { code, error, request, path } = context;
    const requestId = requestIdOf(request);
    const fault =
      code === "VALIDATION"
        ? toAppError(error.valueError, { ...context.query, ...context.params })
        : toCallerFault(code, error, request.signal);
    // An answer that was interrupted before it began is its caller's doing.
    if (fault.kind === "internal" && fault.code !== "interrupted") {
      const { method } = request;
      log.error("request failed", { requestId, method, path, cause: fault.cause });
    }
    const language = languageOf(request, fallback);
    return isOpenAiPath(path)
      ? openAiErrorResponse(fault, language)
      : errorResponse(fault, language, requestId);
  });

/** The answer where even the answer to a fault failed: the server's own would show our code. */
export function lastResort(cause: unknown, language: Language): Response {
  const requestId = Bun.randomUUIDv7();
  log.error("request failed", { requestId, cause });
  const response = errorResponse(new AppError("internal"), language, requestId);
  response.headers.set("X-Request-Id", requestId);
  return response;
}
