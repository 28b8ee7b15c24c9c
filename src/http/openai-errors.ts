import type { AppError, ErrorCode } from "../errors.ts";
import { type Language, openAiErrorMessage } from "./messages.ts";
import { faultHeaders, statuses } from "./status.ts";

/** An error as OpenAI's API has it. */
export interface OpenAiError {
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
  readonly code: string | null;
}

interface Described {
  readonly status: number;
  readonly error: OpenAiError;
}

/** OpenAI's own codes, where there is one; the others are ours. */
const openAiCodes: Readonly<Partial<Record<ErrorCode, string>>> = {
  unauthorized: "invalid_api_key",
  route_not_found: "unknown_url",
  rate_limited: "rate_limit_exceeded",
};

/** What is wrong with a model's name; a knowledge base is one. */
const modelFaults: ReadonlySet<ErrorCode> = new Set([
  "unknown_model",
  "unknown_embedding_model",
  "knowledge_base_not_found",
  "no_reranker",
]);

/** Statuses of a provider that are about our key and account, and none of the caller's business. */
const accountStatuses: ReadonlySet<number> = new Set([401, 402, 403, 407]);

function typeOf(status: number): string {
  if (status === 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

/** The status that a provider's own stands for. */
function statusOf(provider: string | number | undefined): number {
  if (typeof provider !== "number" || provider < 400 || provider >= 500) return 502;
  if (provider === 408) return 504;
  return accountStatuses.has(provider) ? 502 : provider;
}

/** A provider's refusal of the request is the answer, in its own words. */
function describeProvider({ parameters, options }: AppError, message: string): Described {
  const status = statusOf(parameters.status);
  const { type, param = null, code } = options.words ?? {};
  return {
    status,
    error:
      status >= 500
        ? { message, type: typeOf(status), param: null, code: "provider_failed" }
        : {
            message: String(parameters.message),
            type: type ?? typeOf(status),
            param,
            code: code ?? null,
          },
  };
}

/** Whether a route speaks OpenAI's protocol. */
export const isOpenAiPath = (path: string): boolean => /^\/v1(?:\/|$)/.test(path);

export function describeForOpenAi(fault: AppError, language: Language): Described {
  const message = openAiErrorMessage(fault.code, language, fault.parameters);
  if (fault.code === "provider_failed") return describeProvider(fault, message);
  if (modelFaults.has(fault.code)) {
    const type = "invalid_request_error";
    return { status: 404, error: { message, type, param: "model", code: "model_not_found" } };
  }
  const status = statuses[fault.kind];
  const { field } = fault.parameters;
  const param = field === undefined ? null : String(field);
  const code = openAiCodes[fault.code] ?? fault.code;
  return { status, error: { message, type: typeOf(status), param, code } };
}

/**
 * A fault in the shape and with the status that clients of OpenAI's API expect. `X-Should-Retry` tells
 * OpenAI's own clients what the status alone does not.
 */
export function openAiErrorResponse(fault: AppError, language: Language): Response {
  const { status, error } = describeForOpenAi(fault, language);
  const headers = faultHeaders(fault);
  if (fault.code !== "internal" && (status >= 500 || status === 429 || status === 409)) {
    headers["X-Should-Retry"] = String(fault.retryable);
  }
  return Response.json({ error }, { status, headers });
}
