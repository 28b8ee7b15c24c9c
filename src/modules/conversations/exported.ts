import { type Static, Type } from "@sinclair/typebox";
import type { Conversation, Message } from "../../store/conversations.ts";
import { parseSources } from "../chat/sources.ts";
import { usageToWire } from "../usage/wire.ts";
import { orNull } from "./or-null.ts";

/** What the file says of itself, so that it is known again. */
export const exportFormat = "llm-backend-conversation";

/** Grows when a file of this version could no longer be read as the one before. */
export const exportVersion = 1;

const id = Type.Integer({ minimum: 1, maximum: 1_000_000_000 });
/** Unix seconds, to the end of the year 9999. */
const time = Type.Integer({ minimum: 0, maximum: 253_402_300_799 });
const text = Type.String({ maxLength: 10_000_000 });
const name = Type.String({ maxLength: 1000 });
const tokens = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

const citation = Type.Object({
  number: Type.Integer({ minimum: 1, maximum: 10_000 }),
  content: text,
  score: Type.Number(),
  doc_id: name,
  doc_name: name,
  chunk_id: name,
  chunk_index: Type.Integer({ minimum: 0 }),
  page: Type.Optional(Type.Union([Type.Integer(), name])),
  heading: Type.Optional(text),
});

const message = Type.Object({
  message_id: id,
  parent_id: orNull(id),
  role: Type.Union([Type.Literal("user"), Type.Literal("assistant")]),
  content: text,
  created_time: time,
  status: Type.Optional(Type.Union([Type.Literal("complete"), Type.Literal("interrupted")])),
  finish_reason: Type.Optional(orNull(name)),
  model: Type.Optional(name),
  reasoning: Type.Optional(text),
  sources: Type.Optional(Type.Array(citation, { maxItems: 1000 })),
  query: Type.Optional(text),
  warnings: Type.Optional(
    Type.Array(Type.Object({ code: name, message: text }), { minItems: 1, maxItems: 100 }),
  ),
  usage: Type.Optional(
    Type.Object({
      prompt_tokens: tokens,
      completion_tokens: tokens,
      total_tokens: tokens,
      estimated: Type.Optional(Type.Boolean()),
    }),
  ),
});

/** A whole conversation with all its branches, as it leaves this server and comes back. */
export const exportedConversation = Type.Object({
  format: Type.Literal(exportFormat),
  version: Type.Literal(exportVersion),
  title: Type.String({ maxLength: 200 }),
  untitled: Type.Optional(Type.Boolean()),
  model: Type.String({ minLength: 1, maxLength: 200 }),
  system_prompt: orNull(Type.String({ maxLength: 100_000 })),
  temperature: orNull(Type.Number({ minimum: 0, maximum: 2 })),
  top_p: orNull(Type.Number({ minimum: 0, maximum: 1 })),
  max_tokens: orNull(Type.Integer({ minimum: 1, maximum: 10_000_000 })),
  /** What it was attached to on the server that wrote it. */
  kb_ids: Type.Optional(Type.Array(name, { maxItems: 20 })),
  created_time: time,
  /** The newest message of the branch that is shown. */
  tip: orNull(id),
  messages: Type.Array(message, { maxItems: 10_000 }),
});

export type ExportedConversation = Static<typeof exportedConversation>;
type ExportedMessage = ExportedConversation["messages"][number];

function toExportedMessage(message: Message): ExportedMessage {
  const common = {
    message_id: message.id,
    parent_id: message.parentId,
    role: message.role,
    content: message.content,
    created_time: message.createdTime,
  };
  if (message.role === "user") return common;
  const { status, finishReason, model, reasoning, usage } = message;
  const sources = message.sources === null ? undefined : parseSources(message.sources);
  return {
    ...common,
    // In the file it grows no more.
    status: status === "complete" ? status : "interrupted",
    finish_reason: status === "streaming" ? "interrupted" : finishReason,
    ...(model === null ? {} : { model }),
    ...(reasoning === null ? {} : { reasoning }),
    ...(sources === undefined ? {} : { sources: [...sources.citations] }),
    ...(sources?.query === undefined ? {} : { query: sources.query }),
    ...(sources?.warnings === undefined ? {} : { warnings: [...sources.warnings] }),
    ...(usage === null ? {} : { usage: usageToWire(usage) }),
  };
}

/** All of a conversation but its key and the pieces in which its answers were streamed. */
export const toExported = (
  conversation: Conversation,
  messages: readonly Message[],
): ExportedConversation => ({
  format: exportFormat,
  version: exportVersion,
  title: conversation.title,
  ...(conversation.untitled ? { untitled: true } : {}),
  model: conversation.model,
  system_prompt: conversation.systemPrompt,
  temperature: conversation.temperature,
  top_p: conversation.topP,
  max_tokens: conversation.maxTokens,
  ...(conversation.knowledgeBaseIds.length === 0
    ? {}
    : { kb_ids: [...conversation.knowledgeBaseIds] }),
  created_time: conversation.createdTime,
  tip: conversation.tip,
  messages: messages.map(toExportedMessage),
});
