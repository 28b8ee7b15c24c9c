import { Type } from "@sinclair/typebox";
import { t } from "elysia";
import { AppError } from "../../errors.ts";
import { searchOptions } from "../knowledge/model.ts";
import { defaultTopK } from "./grounding.ts";

const message = Type.String({ minLength: 1, examples: ["介绍一下RUST"] });

// Without examples, which the documentation's page would send as they are.
const messageId = (description: string) =>
  Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description }));

export const chatBody = Type.Object({
  message,
  edit_message_id: messageId("The message of the user in whose place this one stands."),
});

export const regenerateBody = Type.Object({
  message_id: messageId("The answer that is to be given anew; the last that is shown by default."),
});

const knowledgeBaseId = { format: "uuid" };

export const groundedChatBody = Type.Object({
  conversation_id: Type.Integer({
    minimum: 1,
    maximum: Number.MAX_SAFE_INTEGER,
    examples: [329629],
  }),
  kb_id: Type.Optional(
    Type.String({ ...knowledgeBaseId, examples: ["a1b2c3d4-5678-90ab-cdef-123456789abc"] }),
  ),
  kb_ids: Type.Optional(Type.Array(Type.String(knowledgeBaseId), { maxItems: 20 })),
  message,
  top_k: Type.Integer({ minimum: 1, maximum: 50, default: defaultTopK }),
  ...searchOptions,
});

export const resumeQuery = t.Object({
  after: t.Optional(
    t.String({ description: "The id of the last event that was seen, such as `2-57`." }),
  ),
});

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
