import { and, asc, desc, eq, getTableColumns, sql } from "drizzle-orm";
import { isErrorCode } from "../../errors.ts";
import type { Document, KnowledgeStore } from "../knowledge.ts";
import type { Drizzle } from "./connection.ts";
import { chunks, documents, knowledgeBases, searchIndexes, slices } from "./schema.ts";
import type { Writer } from "./writer.ts";

const placeholder = sql.placeholder;

function toDocument(row: typeof documents.$inferSelect): Document {
  const { number: _, errorCode, errorParameters, status, ...document } = row;
  if (status === "deleting") throw new Error(`document ${row.id} is deleted`);
  const code = errorCode !== null && isErrorCode(errorCode) ? errorCode : "internal";
  const error = status === "failed" ? { code, parameters: errorParameters ?? {} } : null;
  return { ...document, status, error };
}

export function createKnowledgeStore(db: Drizzle, writer: Writer): KnowledgeStore {
  const { deleted: _, ...knowledgeBaseColumns } = getTableColumns(knowledgeBases);
  const selectKnowledgeBase = () =>
    db
      .select({
        ...knowledgeBaseColumns,
        embeddingModel: searchIndexes.embeddingModel,
        dimensions: searchIndexes.dimensions,
      })
      .from(knowledgeBases)
      .innerJoin(
        searchIndexes,
        and(eq(searchIndexes.knowledgeBaseId, knowledgeBases.id), eq(searchIndexes.state, "live")),
      );
  const knowledgeBaseById = selectKnowledgeBase()
    .where(and(eq(knowledgeBases.id, placeholder("id")), eq(knowledgeBases.deleted, false)))
    .prepare();
  const knowledgeBasesByUser = selectKnowledgeBase()
    .where(and(eq(knowledgeBases.userId, placeholder("userId")), eq(knowledgeBases.deleted, false)))
    .orderBy(asc(knowledgeBases.id))
    .prepare();

  const selectDocument = () =>
    db
      .select(getTableColumns(documents))
      .from(documents)
      .innerJoin(
        knowledgeBases,
        and(eq(knowledgeBases.id, documents.knowledgeBaseId), eq(knowledgeBases.deleted, false)),
      );
  const isKept = sql`${documents.status} <> 'deleting'`;
  const documentById = selectDocument()
    .where(and(eq(documents.id, placeholder("id")), isKept))
    .prepare();
  const documentsByKnowledgeBase = selectDocument()
    .where(and(eq(documents.knowledgeBaseId, placeholder("knowledgeBaseId")), isKept))
    .orderBy(asc(documents.number))
    .prepare();
  const unfinished = selectDocument()
    // Written out, and with the partial index's condition, so that the index is used.
    .where(sql`documents.status IN ('processing', 'deleting') AND documents.status = 'processing'`)
    .orderBy(asc(documents.number))
    .prepare();

  const storedSlices = db
    .select({ first: slices.first, count: slices.count })
    .from(slices)
    .innerJoin(documents, eq(documents.number, slices.documentNumber))
    .where(eq(documents.id, placeholder("id")))
    .orderBy(desc(slices.first))
    .prepare();
  const chunkEnd = db
    .select({ content: chunks.content, end: chunks.endOffset })
    .from(chunks)
    .where(eq(chunks.number, placeholder("number")))
    .prepare();
  return {
    insertKnowledgeBase: (knowledgeBase) => writer.call("insertKnowledgeBase", [knowledgeBase]),
    findKnowledgeBase: async (id) => knowledgeBaseById.get({ id }),
    knowledgeBases: async (userId) => knowledgeBasesByUser.all({ userId }),
    deleteKnowledgeBase: (id, userId) => writer.call("deleteKnowledgeBase", [id, userId]),

    insertDocument: (document) => writer.call("insertDocument", [document]),
    findDocument: async (id) => {
      const row = documentById.get({ id });
      return row === undefined ? undefined : toDocument(row);
    },
    documents: async (knowledgeBaseId) =>
      documentsByKnowledgeBase.all({ knowledgeBaseId }).map(toDocument),
    unfinishedDocuments: async () => unfinished.all().map(toDocument),
    deleteDocument: (id, knowledgeBaseId) => writer.call("deleteDocument", [id, knowledgeBaseId]),

    progress: async (id) => {
      const stored = storedSlices.all({ id });
      const chunkCount = stored.reduce((sum, { count }) => sum + count, 0);
      const newest = stored[0];
      const number = newest === undefined ? -1 : newest.first + newest.count - 1;
      return { chunkCount, last: chunkEnd.get({ number }) };
    },
    addSlice: (documentId, slice, end) =>
      writer.call("addSlice", [documentId, slice, end], [slice.chunks, slice.vectors]),
    discardSlice: (documentId) => writer.call("discardSlice", [documentId]),
    failDocument: (documentId, error) => writer.call("failDocument", [documentId, error]),

    findEmbeddings: (hashes) => writer.call("findEmbeddings", [hashes]),
    saveEmbeddings: (embeddings) => writer.call("saveEmbeddings", [embeddings]),

    purge: () => writer.call("purge", []),
  };
}
