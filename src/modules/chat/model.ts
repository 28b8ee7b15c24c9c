import { Type } from "@sinclair/typebox";

const message = Type.String({ minLength: 1, examples: ["介绍一下RUST"] });

export const chatBody = Type.Object({ message });

export const groundedChatBody = Type.Object({
  conversation_id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, examples: [329629] }),
  kb_id: Type.String({ format: "uuid", examples: ["a1b2c3d4-5678-90ab-cdef-123456789abc"] }),
  message,
  top_k: Type.Integer({ minimum: 1, maximum: 50, default: 5 }),
});
