import { AppError } from "../../errors.ts";
import type { JsonObject } from "../../json-object.ts";
import { asRecord } from "../../providers/json.ts";

/** A knowledge base that was asked as a model, and the model that is to answer from it. */
export interface KnowledgeModel {
  readonly knowledgeBaseId: string;
  /** Undefined: the configured one. */
  readonly model: string | undefined;
}

/** What decides about the way of a request; all else goes to the provider as it is. */
export interface ChatOptions {
  readonly model: string;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  /** Whether the answer is to be JSON. */
  readonly isData: boolean;
}

const longestName = 300;

/** `limit` is what the reason names, if it names one. */
export function invalid(field: string, reason: string, limit = 0): AppError {
  return new AppError("invalid_field", { field, reason, limit });
}

/** @throws AppError `invalid_field` */
export function readModel(body: JsonObject): string {
  const model = body.get("model");
  if (model === undefined) throw invalid("model", "required");
  if (typeof model !== "string") throw invalid("model", "not_string");
  if (model === "") throw invalid("model", "empty");
  if (model.length > longestName) throw invalid("model", "too_long", longestName);
  return model;
}

/** @throws AppError `invalid_field`, `malformed_json` */
export function readChatOptions(body: JsonObject): ChatOptions {
  const model = readModel(body);
  if (!body.has("messages")) throw invalid("messages", "required");
  if (!body.holdsArray("messages")) throw invalid("messages", "not_array");
  const stream = body.get("stream") ?? false;
  if (typeof stream !== "boolean") throw invalid("stream", "not_boolean");
  const streamOptions = body.get("stream_options") ?? {};
  if (asRecord(streamOptions) === undefined) throw invalid("stream_options", "not_object");
  const format = asRecord(body.get("response_format"))?.type;
  return {
    model,
    stream,
    includeUsage: stream && asRecord(streamOptions)?.include_usage === true,
    isData: format === "json_object" || format === "json_schema",
  };
}

/** What `kb:<kb_id>` and `kb:<kb_id>/<model>` name; undefined for any other model. */
export function readKnowledgeModel(model: string): KnowledgeModel | undefined {
  const [, knowledgeBaseId, inner] = /^kb:([^/]*)(?:\/(.*))?$/is.exec(model) ?? [];
  return knowledgeBaseId === undefined ? undefined : { knowledgeBaseId, model: inner };
}
