import { type TObject, Type } from "@sinclair/typebox";
import type { DocumentDecoration } from "elysia";
import { AppError, type ErrorCode } from "../../errors.ts";
import { describeForOpenAi } from "../openai-errors.ts";
import {
  exampleParameters,
  extraHeaders,
  type Operation,
  type Responses,
  response,
  schemas,
  statusNames,
} from "./operation.ts";

export interface OpenAiOperation
  extends Pick<Operation, "id" | "summary" | "description" | "success" | "errors"> {
  /** The body, where the route reads it without a schema of its own. */
  readonly body?: TObject;
}

const openAiError = Type.Object(
  {
    error: Type.Object({
      message: Type.String(),
      type: Type.String(),
      param: Type.Union([Type.String(), Type.Null()], { description: "The field at fault." }),
      code: Type.Union([Type.String(), Type.Null()]),
    }),
  },
  { $id: "OpenAiError", description: "Every error under `/v1` has OpenAI's own shape." },
);

const described = (code: ErrorCode, language: "zh-CN" | "en") =>
  describeForOpenAi(new AppError(code, exampleParameters[code]), language);

function errorResponse(status: number, codes: readonly ErrorCode[]): Responses[string] {
  const examples = codes.map((code) => {
    const { error } = described(code, "zh-CN");
    return [code, { summary: described(code, "en").error.message, value: { error } }];
  });
  return response(
    `${statusNames[status]}.`,
    { "application/json": { schema: openAiError, examples: Object.fromEntries(examples) } },
    extraHeaders[status],
  );
}

/** The entry of a route under `/v1` in the OpenAPI document, for its `detail`. */
export function openAiOperation(route: OpenAiOperation): DocumentDecoration {
  const codes = new Set<ErrorCode>([
    ...route.errors,
    "unauthorized",
    "insufficient_scope",
    "internal",
  ]);
  const byStatus = Map.groupBy(codes, (code) => described(code, "en").status);
  const errors = [...byStatus].map(([status, group]) => [status, errorResponse(status, group)]);
  return {
    operationId: route.id,
    tags: ["OpenAI"],
    summary: route.summary,
    description: route.description,
    ...(route.body === undefined
      ? {}
      : { requestBody: { content: schemas({ "application/json": { schema: route.body } }) } }),
    responses: { ...route.success, ...Object.fromEntries(errors) },
  };
}
