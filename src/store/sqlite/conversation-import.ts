import { sql } from "drizzle-orm";
import { type PackedConversation, unpackConversation } from "../imported.ts";
import { attachmentWrites } from "./attachments.ts";
import type { Drizzle } from "./connection.ts";
import { conversations, messages } from "./schema.ts";

const placeholder = sql.placeholder;

export function conversationImportWrites(db: Drizzle) {
  const { attach } = attachmentWrites(db);
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
      const { messages: imported, knowledgeBaseIds, ...rest } = unpackConversation(packed);
      db.insert(conversations)
        .values({ ...rest, id, userId })
        .run();
      attach(id, userId, knowledgeBaseIds);
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
