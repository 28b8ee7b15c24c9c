import { type Static, type TObject, type TSchema, Type } from "@sinclair/typebox";
import type { DocumentDecoration } from "elysia";
import { AppError, type ErrorCode, type ErrorParameters } from "../../errors.ts";
import { errorMessage } from "../messages.ts";
import { statuses } from "../status.ts";

export type Responses = NonNullable<DocumentDecoration["responses"]>;
type Response = Exclude<Responses[string], { $ref: string }>;
type Content = Record<string, { schema: TSchema; example?: unknown; examples?: object }>;

export interface Operation {
  /** Unique and stable: generated clients name their methods after it. */
  readonly id: string;
  readonly tag: string;
  /** One line in both languages: `注册用户 · Register a user`. */
  readonly summary: string;
  /** Markdown. */
  readonly description: string;
  /** Whether callers need no token. */
  readonly public?: boolean;
  /** The fields of a form, where the route reads it without a schema of its own. */
  readonly form?: TObject;
  /** The JSON that it takes, where the route reads it without a schema of its own. */
  readonly body?: TSchema;
  /** What success answers, by status. */
  readonly success: Responses;
  /** Every error that the route itself answers; those of all routes and of the guard are added. */
  readonly errors: readonly ErrorCode[];
}

/** The errors of every route that takes a JSON body. */
export const jsonBodyErrors = [
  "malformed_json",
  "invalid_body",
  "invalid_field",
  "body_too_large",
  "unsupported_content_type",
] as const satisfies readonly ErrorCode[];

/** The errors of every route that asks a provider. */
export const providerErrors = [
  "missing_api_key",
  "rate_limited",
  "provider_failed",
  "provider_interrupted",
  "provider_timeout",
] as const satisfies readonly ErrorCode[];

const errorBody = Type.Object(
  {
    success: Type.Literal(false),
    error: Type.String({ description: "The same text as `message`." }),
    message: Type.String({ description: "For people, in the language that they accept." }),
    code: Type.String({ description: "For programs: stable and in English." }),
    request_id: Type.String({ description: "The same as the header `X-Request-Id`." }),
  },
  { $id: "Error", description: "Every error of every route has this shape." },
);

type Examples = Readonly<Partial<Record<ErrorCode, ErrorParameters>>>;

/** What the texts of the examples name. */
export const exampleParameters: Examples = {
  invalid_field: { field: "message", reason: "required" },
  unknown_model: { model: "no-such-model" },
  insufficient_scope: { reason: "signed_in_user" },
  too_many_api_keys: { limit: 100 },
  missing_api_key: { provider: "zhipu", key: "llm.providers[zhipu].api_key" },
  unknown_embedding_model: { model: "no-such-model" },
  embedding_model_changed: { model: "zhipu-embedding-3", expected: 2048, found: 1024 },
  unsupported_file_type: { type: "exe" },
  file_type_mismatch: { type: "pdf" },
  body_too_large: { limit: 1_048_576 },
  file_too_large: { limit: 104_857_600 },
  unsupported_content_type: { expected: "application/json" },
  document_too_complex: { limit: "decompressed_size" },
  rate_limited: { provider: "openai" },
  provider_failed: { provider: "openai", status: 429, message: "You exceeded your current quota" },
  provider_interrupted: { provider: "openai" },
  provider_timeout: { provider: "openai" },
};

export const statusNames: Readonly<Record<number, string>> = {
  400: "Bad request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not found, or another user's: the two cannot be told apart",
  409: "Conflict",
  413: "Too large",
  415: "Unsupported media type",
  422: "The document cannot be read",
  429: "Rate limited",
  500: "A fault of the server",
  502: "The provider failed",
  504: "The provider did not answer in time",
};

const requestIdHeader = { "X-Request-Id": { $ref: "#/components/headers/RequestId" } };

export const extraHeaders: Readonly<Record<number, object>> = {
  401: { "WWW-Authenticate": { $ref: "#/components/headers/Challenge" } },
  429: { "Retry-After": { $ref: "#/components/headers/RetryAfter" } },
  502: { "Retry-After": { $ref: "#/components/headers/RetryAfter" } },
};

/** TypeBox's schemas pass for OpenAPI's: `document.ts` rewrites them in its words. */
export const schemas = (content: Content) => content as NonNullable<Response["content"]>;

/** A response with this content; the first line of `description` is what readers see first. */
export const response = (
  description: string,
  content: Content,
  headers: object = {},
): Responses[string] => ({
  description,
  headers: { ...requestIdHeader, ...headers },
  content: schemas(content),
});

/** A response that is one JSON value. */
export const json = <Schema extends TSchema>(
  description: string,
  schema: Schema,
  example: Static<Schema>,
): Responses[string] => response(description, { "application/json": { schema, example } });

/** The same for a route that takes a form. */
const formParameters: Examples = {
  ...exampleParameters,
  invalid_field: { field: "kb_id", reason: "required" },
  unsupported_content_type: { expected: "multipart/form-data" },
};

function example(code: ErrorCode, parameters: ErrorParameters | undefined) {
  const message = errorMessage(code, "zh-CN", parameters);
  return {
    summary: errorMessage(code, "en", parameters),
    value: {
      success: false,
      error: message,
      message,
      code,
      request_id: "0198f0c4-9d3b-7e21-a6b5-2f4c8d1e7a90",
    },
  };
}

function errorResponse(
  status: number,
  codes: readonly ErrorCode[],
  parameters: Examples,
): Responses[string] {
  const oneOfThese = Type.Object({ code: Type.Unsafe<string>({ type: "string", enum: codes }) });
  const list = codes.map((code) => `- \`${code}\``).join("\n");
  return response(
    `${statusNames[status]}. \`code\` is one of:\n\n${list}`,
    {
      "application/json": {
        schema: Type.Unsafe<unknown>({ allOf: [errorBody, oneOfThese] }),
        examples: Object.fromEntries(codes.map((code) => [code, example(code, parameters[code])])),
      },
    },
    extraHeaders[status],
  );
}

function errorResponses({ errors, form, ...route }: Operation): Responses {
  const codes = new Set<ErrorCode>([
    ...errors,
    ...(route.public ? [] : (["unauthorized", "insufficient_scope"] as const)),
    "internal",
  ]);
  const parameters = form === undefined ? exampleParameters : formParameters;
  const byStatus = Map.groupBy(codes, (code) => statuses[new AppError(code).kind]);
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [status, errorResponse(status, group, parameters)]),
  );
}

/** A route's entry in the OpenAPI document, for its `detail`. */
export const operation = (route: Operation): DocumentDecoration => ({
  operationId: route.id,
  tags: [route.tag],
  summary: route.summary,
  description: route.description,
  ...(route.public ? { security: [] } : {}),
  ...(route.form === undefined
    ? {}
    : { requestBody: { content: schemas({ "multipart/form-data": { schema: route.form } }) } }),
  ...(route.body === undefined
    ? {}
    : { requestBody: { content: schemas({ "application/json": { schema: route.body } }) } }),
  responses: { ...route.success, ...errorResponses(route) },
});
