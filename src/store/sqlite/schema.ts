import { sql } from "drizzle-orm";
import {
  blob,
  foreignKey,
  index,
  integer,
  primaryKey,
  real,
  sqliteTable,
  text,
  uniqueIndex,
} from "drizzle-orm/sqlite-core";
import type { ErrorParameters } from "../../errors.ts";
import type { Scope } from "../api-keys.ts";
import type { Metadata } from "../knowledge.ts";
import type { UsageKind } from "../usage.ts";

/** Ids come from the program; AUTOINCREMENT only remembers the highest ever used. */
const id = (name = "id") => integer(name).primaryKey({ autoIncrement: true });

export const users = sqliteTable("users", {
  id: id(),
  username: text("username").notNull().unique(),
  passwordHash: text("password_hash").notNull(),
  createdTime: integer("created_time").notNull(),
});

export const apiKeys = sqliteTable(
  "api_keys",
  {
    id: text("id").primaryKey(),
    userId: integer("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    name: text("name").notNull(),
    /** SHA-256 of the key, which itself is stored nowhere. */
    hash: blob("hash", { mode: "buffer" }).notNull().unique(),
    prefix: text("prefix").notNull(),
    scopes: text("scopes", { mode: "json" }).$type<readonly Scope[]>().notNull(),
    createdTime: integer("created_time").notNull(),
    expiresTime: integer("expires_time"),
    lastUsedTime: integer("last_used_time"),
  },
  (table) => [index("api_keys_by_user").on(table.userId, table.id)],
);

export const conversations = sqliteTable(
  "conversations",
  {
    id: id(),
    userId: integer("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    title: text("title").notNull(),
    /** Whether the title only stands until the first answer gives a better one. */
    untitled: integer("untitled", { mode: "boolean" }).notNull().default(false),
    model: text("model").notNull(),
    encryptedApiKey: text("encrypted_api_key"),
    systemPrompt: text("system_prompt"),
    temperature: real("temperature"),
    topP: real("top_p"),
    maxTokens: integer("max_tokens"),
    /** The newest message of the branch that is shown; null before the first. */
    tip: integer("tip"),
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
    /** The message that this one answers or follows; null for the first of a branch. */
    parentId: integer("parent_id"),
    role: text("role", { enum: ["user", "assistant"] }).notNull(),
    content: text("content").notNull(),
    reasoning: text("reasoning"),
    status: text("status", { enum: ["complete", "streaming", "interrupted"] }).notNull(),
    finishReason: text("finish_reason"),
    sources: text("sources"),
    /** See `Message.pieces`. */
    pieces: text("pieces", { mode: "json" }).$type<readonly number[]>(),
    promptTokens: integer("prompt_tokens"),
    completionTokens: integer("completion_tokens"),
    totalTokens: integer("total_tokens"),
    usageEstimated: integer("usage_estimated", { mode: "boolean" }),
    /** What answered, where that is not the conversation's model. */
    model: text("model"),
    /** The process that makes an answer, while it does; see `Presence`. */
    process: integer("process"),
    createdTime: integer("created_time").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.conversationId, table.id] }),
    index("messages_streaming")
      .on(table.conversationId, table.process)
      .where(sql`status = 'streaming'`),
  ],
);

/** What requests took of providers; it outlives the conversations. See `UsageEntry`. */
export const usage = sqliteTable(
  "usage",
  {
    number: id("number"),
    kind: text("kind").$type<UsageKind>().notNull().default("answer"),
    userId: integer("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    conversationId: integer("conversation_id"),
    messageId: integer("message_id"),
    model: text("model").notNull(),
    promptTokens: integer("prompt_tokens").notNull(),
    completionTokens: integer("completion_tokens").notNull(),
    estimated: integer("estimated", { mode: "boolean" }).notNull(),
    createdTime: integer("created_time").notNull(),
  },
  (table) => [
    index("usage_by_user").on(table.userId, table.createdTime),
    index("usage_by_time").on(table.createdTime),
  ],
);

/** What has come of answers that still grow, a row a checkpoint; joined into the message at the end. */
export const answerParts = sqliteTable(
  "answer_parts",
  {
    conversationId: integer("conversation_id").notNull(),
    messageId: integer("message_id").notNull(),
    /** The number of pieces before this part. */
    firstPiece: integer("first_piece").notNull(),
    content: text("content").notNull(),
    reasoning: text("reasoning").notNull(),
    pieces: text("pieces", { mode: "json" }).$type<readonly number[]>().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.conversationId, table.messageId, table.firstPiece] }),
    foreignKey({
      columns: [table.conversationId, table.messageId],
      foreignColumns: [messages.conversationId, messages.id],
    }).onDelete("cascade"),
  ],
);

/** What processes ask of one that makes an answer; gone when they need it no more. */
export const answerRequests = sqliteTable(
  "answer_requests",
  {
    token: text("token").primaryKey(),
    conversationId: integer("conversation_id").notNull(),
    messageId: integer("message_id").notNull(),
    kind: text("kind", { enum: ["follow", "stop"] }).notNull(),
    /** Which process asks. */
    process: integer("process").notNull(),
  },
  (table) => [
    foreignKey({
      columns: [table.conversationId, table.messageId],
      foreignColumns: [messages.conversationId, messages.id],
    }).onDelete("cascade"),
  ],
);

/** Work that one process does and no other may; see `ClaimStore`. */
export const claims = sqliteTable("claims", {
  name: text("name").primaryKey(),
  process: integer("process").notNull(),
});

export const knowledgeBases = sqliteTable(
  "knowledge_bases",
  {
    id: text("id").primaryKey(),
    userId: integer("user_id")
      .notNull()
      .references(() => users.id),
    name: text("name").notNull(),
    description: text("description").notNull().default(""),
    vectorWeight: real("vector_weight"),
    /** What came of the newest reindexing, if it failed. */
    failedReindex: text("failed_reindex", { mode: "json" }).$type<FailedReindex>(),
    /** Set first, when nothing of it may be seen any more; the rows go piece by piece. */
    deleted: integer("deleted", { mode: "boolean" }).notNull().default(false),
    createdTime: integer("created_time").notNull(),
  },
  (table) => [
    index("knowledge_bases_by_user").on(table.userId, table.id),
    index("knowledge_bases_deleted").on(table.id).where(sql`deleted`),
  ],
);

/** What the questions of a conversation are answered from, in the order in which it was named. */
export const attachments = sqliteTable(
  "attachments",
  {
    conversationId: integer("conversation_id")
      .notNull()
      .references(() => conversations.id, { onDelete: "cascade" }),
    position: integer("position").notNull(),
    knowledgeBaseId: text("knowledge_base_id")
      .notNull()
      .references(() => knowledgeBases.id, { onDelete: "cascade" }),
  },
  (table) => [
    primaryKey({ columns: [table.conversationId, table.position] }),
    index("attachments_by_knowledge_base").on(table.knowledgeBaseId),
  ],
);

/** A reindexing that was given up, and why. */
export interface FailedReindex {
  readonly embeddingModel: string;
  readonly dimensions: number;
  readonly chunkSize: number | null;
  readonly code: string;
  readonly parameters: ErrorParameters;
  readonly documentId: string;
}

/**
 * What a knowledge base is searched with: its chunks, cut and embedded in one way. The `live` one
 * answers; one in `building` is to take its place; a `dropped` one is on its way out.
 */
export const searchIndexes = sqliteTable(
  "search_indexes",
  {
    number: id("number"),
    knowledgeBaseId: text("knowledge_base_id")
      .notNull()
      .references(() => knowledgeBases.id),
    embeddingModel: text("embedding_model").notNull(),
    dimensions: integer("dimensions").notNull(),
    /** What documents are cut to; null: what the server is set to. */
    chunkSize: integer("chunk_size"),
    state: text("state", { enum: ["live", "building", "dropped"] }).notNull(),
    /** Chunks that it ever had: a chunk's number is never used twice. */
    allocated: integer("allocated").notNull().default(0),
    /** Grows with every change that a search can see. */
    version: integer("version").notNull().default(0),
    visibleChunks: integer("visible_chunks").notNull().default(0),
  },
  (table) => [
    index("search_indexes_by_knowledge_base").on(table.knowledgeBaseId),
    index("search_indexes_dropped").on(table.number).where(sql`state = 'dropped'`),
    uniqueIndex("search_indexes_building").on(table.knowledgeBaseId).where(sql`state = 'building'`),
  ],
);

export const documents = sqliteTable(
  "documents",
  {
    number: id("number"),
    id: text("id").notNull().unique(),
    knowledgeBaseId: text("knowledge_base_id")
      .notNull()
      .references(() => knowledgeBases.id),
    name: text("name").notNull(),
    fileType: text("file_type").notNull(),
    sizeBytes: integer("size_bytes").notNull(),
    /** SHA-256 of the bytes, in lower-case hexadecimal. */
    contentHash: text("content_hash").notNull(),
    status: text("status", { enum: ["processing", "ready", "failed", "deleting"] }).notNull(),
    errorCode: text("error_code"),
    errorParameters: text("error_parameters", { mode: "json" }).$type<ErrorParameters>(),
    chunkCount: integer("chunk_count").notNull().default(0),
    pages: integer("pages"),
    title: text("title"),
    metadata: text("metadata", { mode: "json" }).$type<Metadata>().notNull().default({}),
    createdTime: integer("created_time").notNull(),
  },
  (table) => [
    index("documents_by_knowledge_base").on(table.knowledgeBaseId, table.status, table.number),
    index("documents_by_content").on(table.knowledgeBaseId, table.contentHash),
    index("documents_unsettled").on(table.status).where(sql`status IN ('processing', 'deleting')`),
  ],
);

/**
 * Chunks of one document that were stored together; their numbers are `first` and those that follow
 * it. A chunk's row, its full-text row and its vector have that number as their rowid.
 */
export const slices = sqliteTable(
  "slices",
  {
    first: integer("first").primaryKey(),
    count: integer("count").notNull(),
    indexNumber: integer("index_number")
      .notNull()
      .references(() => searchIndexes.number),
    documentNumber: integer("document_number")
      .notNull()
      .references(() => documents.number),
    /** Whether searches of its index see it: only when its document is whole there. */
    visible: integer("visible", { mode: "boolean" }).notNull(),
    /** The index's version when this row last changed. */
    changed: integer("changed").notNull(),
    /** The number of terms in each chunk, for BM25: 32-bit unsigned, little-endian. */
    lengths: blob("lengths", { mode: "buffer" }).notNull(),
  },
  (table) => [
    index("slices_by_index").on(table.indexNumber, table.changed),
    index("slices_by_document").on(table.documentNumber, table.first),
  ],
);

/** `document_number` refers to a document without an index: chunks are found through slices. */
export const chunks = sqliteTable("chunks", {
  number: integer("number").primaryKey(),
  id: text("id").notNull(),
  documentNumber: integer("document_number").notNull(),
  chunkIndex: integer("chunk_index").notNull(),
  content: text("content").notNull(),
  headings: text("headings", { mode: "json" }).$type<readonly string[]>(),
  page: integer("page"),
  startOffset: integer("start_offset").notNull(),
  endOffset: integer("end_offset").notNull(),
});

/** Vectors that a provider was paid for, by a hash of the model and the text; the newest are kept. */
export const embeddingCache = sqliteTable("embedding_cache", {
  number: id("number"),
  hash: blob("hash", { mode: "buffer" }).notNull().unique(),
  vector: blob("vector", { mode: "buffer" }).notNull(),
});

/**
 * What the search over conversations finds: a row for each message that has its text, and one for each
 * title that somebody gave. `conversation_terms` has the terms under the same number; triggers remove
 * them with the row, and the row of a title that changes.
 */
export const searchEntries = sqliteTable(
  "search_entries",
  {
    number: integer("number").primaryKey(),
    conversationId: integer("conversation_id")
      .notNull()
      .references(() => conversations.id, { onDelete: "cascade" }),
    /** Null for the title. */
    messageId: integer("message_id"),
  },
  (table) => [
    index("search_entries_by_message").on(table.conversationId, table.messageId),
    foreignKey({
      columns: [table.conversationId, table.messageId],
      foreignColumns: [messages.conversationId, messages.id],
    }).onDelete("cascade"),
  ],
);

/** Conversations that have something without an entry; triggers add what is stored or changed. */
export const searchBacklog = sqliteTable("search_backlog", {
  conversationId: integer("conversation_id")
    .primaryKey()
    .references(() => conversations.id, { onDelete: "cascade" }),
});
