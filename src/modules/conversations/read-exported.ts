import { TypeCompiler } from "@sinclair/typebox/compiler";
import { AppError } from "../../errors.ts";
import { toAppError } from "../../http/validation.ts";
import type { Message } from "../../store/conversations.ts";
import type { ImportedConversation } from "../../store/imported.ts";
import { serializeSources } from "../chat/sources.ts";
import { type ExportedConversation, exportedConversation } from "./exported.ts";

const checker = TypeCompiler.Compile(exportedConversation);

type ExportedMessage = ExportedConversation["messages"][number];

const notAllowed = (field: string): AppError =>
  new AppError("invalid_field", { field, reason: "not_allowed" });

function toMessage(message: ExportedMessage): Message {
  const { sources, query, warnings, usage } = message;
  return {
    id: message.message_id,
    parentId: message.parent_id,
    role: message.role,
    content: message.content,
    reasoning: message.reasoning ?? null,
    status: message.status ?? "complete",
    finishReason: message.finish_reason ?? null,
    sources:
      sources === undefined
        ? null
        : serializeSources({
            citations: sources,
            ...(query === undefined ? {} : { query }),
            ...(warnings === undefined ? {} : { warnings }),
          }),
    pieces: null,
    usage:
      usage === undefined
        ? null
        : {
            promptTokens: usage.prompt_tokens,
            completionTokens: usage.completion_tokens,
            totalTokens: usage.total_tokens,
            estimated: usage.estimated ?? false,
          },
    model: message.model ?? null,
    createdTime: message.created_time,
  };
}

/** Parents come before what follows them, so that no message follows itself. */
function checkTree({ messages, tip }: ExportedConversation): void {
  const ids = new Set<number>();
  let last = 0;
  for (const [at, { message_id: id, parent_id: parent }] of messages.entries()) {
    if (id <= last) throw notAllowed(`messages.${at}.message_id`);
    if (parent !== null && !ids.has(parent)) throw notAllowed(`messages.${at}.parent_id`);
    ids.add(id);
    last = id;
  }
  if (tip === null ? ids.size > 0 : !ids.has(tip)) throw notAllowed("tip");
}

/**
 * Reads what `toExported` wrote, or somebody in its name; fields that it does not know are dropped.
 *
 * @throws AppError `invalid_field`
 */
export function readExported(value: unknown): ImportedConversation {
  if (!checker.Check(value)) throw toAppError(checker.Errors(value).First());
  checkTree(value);
  return {
    title: value.title,
    untitled: value.untitled ?? false,
    model: value.model,
    systemPrompt: value.system_prompt,
    temperature: value.temperature,
    topP: value.top_p,
    maxTokens: value.max_tokens,
    knowledgeBaseIds: [...new Set(value.kb_ids?.map((id) => id.toLowerCase()))],
    tip: value.tip,
    createdTime: value.created_time,
    messages: value.messages.map(toMessage),
  };
}
