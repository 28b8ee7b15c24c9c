/** What kind of fault an error is; `http/errors.ts` maps each kind to one status. */
export type ErrorKind =
  | "bad_request"
  | "unauthorized"
  | "forbidden"
  | "not_found"
  | "conflict"
  | "too_large"
  | "unsupported_media"
  | "unprocessable"
  | "rate_limited"
  | "provider_failed"
  | "provider_timeout"
  | "internal";

/**
 * Every error code that a caller can see, with its kind. Codes are stable: clients match on them.
 * The texts, in each language, are in `http/messages.ts`.
 */
const kinds = {
  malformed_json: "bad_request",
  malformed_form: "bad_request",
  invalid_field: "bad_request",
  invalid_body: "bad_request",
  username_taken: "bad_request",
  unknown_model: "bad_request",
  missing_api_key: "bad_request",
  unknown_embedding_model: "bad_request",
  embedding_model_changed: "conflict",
  unsupported_file_type: "bad_request",
  unauthorized: "unauthorized",
  wrong_credentials: "unauthorized",
  registration_closed: "forbidden",
  insufficient_scope: "forbidden",
  not_an_admin: "forbidden",
  route_not_found: "not_found",
  no_reranker: "not_found",
  conversation_not_found: "not_found",
  answer_not_found: "not_found",
  message_not_found: "not_found",
  knowledge_base_not_found: "not_found",
  document_not_found: "not_found",
  original_not_kept: "not_found",
  api_key_not_found: "not_found",
  too_many_api_keys: "conflict",
  generation_running: "conflict",
  reindex_running: "conflict",
  body_too_large: "too_large",
  file_too_large: "too_large",
  unsupported_content_type: "unsupported_media",
  file_type_mismatch: "unsupported_media",
  document_unreadable: "unprocessable",
  document_encrypted: "unprocessable",
  document_empty: "unprocessable",
  document_without_text: "unprocessable",
  document_too_complex: "unprocessable",
  rate_limited: "rate_limited",
  provider_failed: "provider_failed",
  provider_interrupted: "provider_failed",
  provider_timeout: "provider_timeout",
  interrupted: "internal",
  storage_full: "internal",
  internal: "internal",
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof kinds;

/** Faults that are likely to pass by themselves. */
const passing: ReadonlySet<ErrorCode> = new Set([
  "generation_running",
  "reindex_running",
  "rate_limited",
  "provider_interrupted",
  "provider_timeout",
  "interrupted",
]);

/** Values that the text of a message names, such as the field at fault. */
export type ErrorParameters = Readonly<Record<string, string | number>>;

/** What a provider itself calls its fault, in the terms of OpenAI's protocol. */
export interface ProviderWords {
  readonly type?: string | undefined;
  readonly code?: string | undefined;
  /** The field of the request that is at fault. */
  readonly param?: string | undefined;
}

/**
 * A fault that a caller may be told of. It carries no text: the edge looks that up by `code` in the
 * caller's language. Whatever caused it stays in `cause`, for the log alone.
 */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly kind: ErrorKind;
  /** Whether the same request, made again a little later, may succeed. */
  readonly retryable: boolean;

  /**
   * `retryAfter`, in seconds, becomes the `Retry-After` header; `retryable` is said where the code
   * alone does not tell.
   */
  constructor(
    readonly code: ErrorCode,
    readonly parameters: ErrorParameters = {},
    readonly options: {
      cause?: unknown;
      retryAfter?: number;
      retryable?: boolean;
      words?: ProviderWords;
    } = {},
  ) {
    super(code, { cause: options.cause });
    this.kind = kinds[code];
    this.retryable = options.retryable ?? passing.has(code);
  }
}

export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(kinds, code);

/**
 * What keeps the server from starting, in one plain English line for its operator, who can mend it.
 */
export class StartError extends Error {
  override readonly name = "StartError";
}
