import { Type } from "@sinclair/typebox";
import { t } from "elysia";
import { orNull } from "./or-null.ts";

export const conversationParams = t.Object({
  conversation_id: t.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, examples: [329629] }),
});

// A body says what it means: only `Type` refuses "5" where a number is asked for.
const title = Type.String({ maxLength: 200, examples: ["我的新对话"] });
const model = Type.String({ minLength: 1, maxLength: 200, examples: ["gpt-4o"] });
const settings = {
  api_key: Type.String({ maxLength: 1000, examples: ["your-api-key-here"] }),
  system_prompt: Type.String({ maxLength: 100_000 }),
  temperature: Type.Number({ minimum: 0, maximum: 2 }),
  top_p: Type.Number({ minimum: 0, maximum: 1 }),
  max_tokens: Type.Integer({ minimum: 1, maximum: 10_000_000 }),
};

// Without an example: one of nobody's would be refused.
const knowledgeBaseId = Type.String({ format: "uuid" });
const attached = {
  kb_id: knowledgeBaseId,
  kb_ids: Type.Array(knowledgeBaseId, {
    maxItems: 20,
    description:
      "Knowledge bases of the caller: every question is answered from them, as in `POST /api/rag/chat`. `kb_id` names one.",
  }),
};

export const newConversation = Type.Composite([
  Type.Object({ title: Type.Optional(title), model }),
  Type.Partial(Type.Object({ ...settings, ...attached })),
]);

export const conversationChanges = Type.Partial(
  Type.Object({
    title: orNull(title),
    model,
    api_key: orNull(settings.api_key),
    system_prompt: orNull(settings.system_prompt),
    temperature: orNull(settings.temperature),
    top_p: orNull(settings.top_p),
    max_tokens: orNull(settings.max_tokens),
    kb_id: orNull(attached.kb_id),
    kb_ids: orNull(attached.kb_ids),
  }),
);

// Nor this: the documentation's page would fill it in, and show nothing of what is there.
const before = t.Optional(
  t.Integer({
    minimum: 1,
    maximum: Number.MAX_SAFE_INTEGER,
    description: "The `conversation_id` to go on behind, such as `329630`.",
  }),
);

export const conversationPage = t.Object({
  limit: t.Integer({ minimum: 1, maximum: 1000, default: 1000, examples: [20] }),
  before,
});

export const searchQuery = t.Object({
  q: t.String({ minLength: 1, maxLength: 200, examples: ["不可抗力"] }),
  limit: t.Integer({ minimum: 1, maximum: 100, default: 20, examples: [20] }),
  before,
});

const messageId = { minimum: 1, maximum: Number.MAX_SAFE_INTEGER };

export const historyQuery = t.Object({
  branches: t.Boolean({ default: false, examples: [true] }),
  limit: t.Optional(t.Integer({ minimum: 1, maximum: 1000, examples: [50] })),
  before: t.Optional(
    t.Integer({ ...messageId, description: "The `message_id` to go back from, such as `3`." }),
  ),
});

export const branchBody = Type.Object({
  message_id: Type.Integer({ ...messageId, examples: [3] }),
});

export const exportQuery = t.Object({
  format: t.Union([t.Literal("json"), t.Literal("markdown")], {
    default: "json",
    examples: ["markdown"],
  }),
});
