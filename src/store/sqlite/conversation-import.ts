import { sql } from "drizzle-orm";
import { type PackedConversation, unpackConversation } from "../imported.ts";
import type { Drizzle } from "./connection.ts";
import { conversations, messages } from "./schema.ts";

const placeholder = sql.placeholder;

export function conversationImportWrites(db: Drizzle) {
  const insertMessage = db
    .insert(messages)
    .values({
      conversationId: placeholder("conversationId"),
      id: placeholder("id"),
      parentId: placeholder("parentId"),
      role: placeholder("role"),
      content: placeholder("content"),
      reasoning: placeholder("reasoning"),
      status: placeholder("status"),
      finishReason: placeholder("finishReason"),
      sources: placeholder("sources"),
      promptTokens: placeholder("promptTokens"),
      completionTokens: placeholder("completionTokens"),
      totalTokens: placeholder("totalTokens"),
      usageEstimated: placeholder("usageEstimated"),
      model: placeholder("model"),
      createdTime: placeholder("createdTime"),
    })
    .prepare();

  return {
    importConversation(id: number, userId: number, packed: PackedConversation): void {
      const { messages: imported, ...conversation } = unpackConversation(packed);
      db.insert(conversations)
        .values({ ...conversation, id, userId })
        .run();
      for (const { usage, ...message } of imported) {
        insertMessage.run({
          ...message,
          conversationId: id,
          promptTokens: usage?.promptTokens ?? null,
          completionTokens: usage?.completionTokens ?? null,
          totalTokens: usage?.totalTokens ?? null,
          usageEstimated: usage?.estimated ?? null,
        });
      }
    },
  };
}
