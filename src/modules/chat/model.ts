import { Type } from "@sinclair/typebox";
import { t } from "elysia";
import { AppError } from "../../errors.ts";
import { searchOptions } from "../knowledge/model.ts";
import { defaultTopK } from "./grounding.ts";

const message = Type.String({ minLength: 1, examples: ["介绍一下RUST"] });

const messageId = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, examples: [1] });

export const chatBody = Type.Object({
  message,
  edit_message_id: Type.Optional(messageId),
});

export const regenerateBody = Type.Object({ message_id: Type.Optional(messageId) });

const knowledgeBaseId = Type.String({
  format: "uuid",
  examples: ["a1b2c3d4-5678-90ab-cdef-123456789abc"],
});

export const groundedChatBody = Type.Object({
  conversation_id: Type.Integer({
    minimum: 1,
    maximum: Number.MAX_SAFE_INTEGER,
    examples: [329629],
  }),
  kb_id: Type.Optional(knowledgeBaseId),
  kb_ids: Type.Optional(Type.Array(knowledgeBaseId, { maxItems: 20 })),
  message,
  top_k: Type.Integer({ minimum: 1, maximum: 50, default: defaultTopK }),
  ...searchOptions,
});

export const resumeQuery = t.Object({ after: t.Optional(t.String({ examples: ["2-57"] })) });

/**
 * The answer and the event that come after an id of the form `<message_id>-<n>`.
 *
 * @throws AppError `invalid_field`
 */
export function parseEventId(id: string): { answerId: number; next: number } {
  const match = /^(\d{1,15})-(\d{1,15})$/.exec(id);
  if (match === null)
    throw new AppError("invalid_field", { field: "after", reason: "not_allowed" });
  return { answerId: Number(match[1]), next: Number(match[2]) + 1 };
}
