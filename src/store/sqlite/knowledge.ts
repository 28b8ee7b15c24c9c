import type { KnowledgeStore } from "../knowledge.ts";
import type { Drizzle } from "./connection.ts";
import { documentReads } from "./document-reads.ts";
import { knowledgeBaseReads } from "./knowledge-base-reads.ts";
import type { Writer } from "./writer.ts";

export function createKnowledgeStore(db: Drizzle, writer: Writer): KnowledgeStore {
  return {
    ...knowledgeBaseReads(db),
    ...documentReads(db),

    insertKnowledgeBase: (knowledgeBase) => writer.call("insertKnowledgeBase", [knowledgeBase]),
    updateKnowledgeBase: (id, changes) => writer.call("updateKnowledgeBase", [id, changes]),
    deleteKnowledgeBase: (id, userId) => writer.call("deleteKnowledgeBase", [id, userId]),

    insertDocument: (document) => writer.call("insertDocument", [document]),
    retryDocument: (id, changes) => writer.call("retryDocument", [id, changes]),
    deleteDocument: (id, knowledgeBaseId) => writer.call("deleteDocument", [id, knowledgeBaseId]),

    addSlice: (documentId, slice, end, index) =>
      writer.call("addSlice", [documentId, slice, end, index], [slice.chunks, slice.vectors]),
    discardSlice: (documentId, index) => writer.call("discardSlice", [documentId, index]),
    failDocument: (documentId, error) => writer.call("failDocument", [documentId, error]),

    startReindex: (knowledgeBaseId, wanted) =>
      writer.call("startReindex", [knowledgeBaseId, wanted]),
    finishReindex: (index) => writer.call("finishReindex", [index]),
    failReindex: (index, error) => writer.call("failReindex", [index, error]),

    findEmbeddings: (hashes) => writer.call("findEmbeddings", [hashes]),
    saveEmbeddings: (embeddings) => writer.call("saveEmbeddings", [embeddings]),

    purge: () => writer.call("purge", []),
  };
}
