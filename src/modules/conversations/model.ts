import { Type } from "@sinclair/typebox";
import { t } from "elysia";

export const conversationParams = t.Object({
  conversation_id: t.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, examples: [329629] }),
});

// A body says what it means: only `Type` refuses "5" where a number is asked for.
export const newConversation = Type.Object({
  title: Type.Optional(Type.String({ maxLength: 200, examples: ["我的新对话"] })),
  model: Type.String({ minLength: 1, maxLength: 200, examples: ["gpt-4o"] }),
  api_key: Type.Optional(Type.String({ maxLength: 1000, examples: ["your-api-key-here"] })),
  system_prompt: Type.Optional(Type.String({ maxLength: 100_000 })),
  temperature: Type.Optional(Type.Number({ minimum: 0, maximum: 2 })),
  top_p: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  max_tokens: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000_000 })),
});

export const conversationPage = t.Object({
  limit: t.Integer({ minimum: 1, maximum: 1000, default: 1000, examples: [20] }),
  before: t.Optional(
    t.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, examples: [329630] }),
  ),
});

export const historyQuery = t.Object({ branches: t.Boolean({ default: false, examples: [true] }) });

export const branchBody = Type.Object({
  message_id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, examples: [3] }),
});
