import { sql } from "drizzle-orm";
import { index, integer, primaryKey, real, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** Ids come from the program; AUTOINCREMENT only remembers the highest ever used. */
const id = () => integer("id").primaryKey({ autoIncrement: true });

export const users = sqliteTable("users", {
  id: id(),
  username: text("username").notNull().unique(),
  passwordHash: text("password_hash").notNull(),
  createdTime: integer("created_time").notNull(),
});

export const conversations = sqliteTable(
  "conversations",
  {
    id: id(),
    userId: integer("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    title: text("title").notNull(),
    model: text("model").notNull(),
    encryptedApiKey: text("encrypted_api_key"),
    systemPrompt: text("system_prompt"),
    temperature: real("temperature"),
    topP: real("top_p"),
    maxTokens: integer("max_tokens"),
    createdTime: integer("created_time").notNull(),
  },
  (table) => [index("conversations_by_user").on(table.userId, table.id)],
);

export const messages = sqliteTable(
  "messages",
  {
    conversationId: integer("conversation_id")
      .notNull()
      .references(() => conversations.id, { onDelete: "cascade" }),
    id: integer("id").notNull(),
    role: text("role", { enum: ["user", "assistant"] }).notNull(),
    content: text("content").notNull(),
    reasoning: text("reasoning"),
    status: text("status", { enum: ["complete", "streaming", "interrupted"] }).notNull(),
    finishReason: text("finish_reason"),
    sources: text("sources"),
    promptTokens: integer("prompt_tokens"),
    completionTokens: integer("completion_tokens"),
    totalTokens: integer("total_tokens"),
    createdTime: integer("created_time").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.conversationId, table.id] }),
    index("messages_streaming").on(table.status).where(sql`status = 'streaming'`),
  ],
);
