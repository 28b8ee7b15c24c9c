import { errorMessage, type Language } from "../../http/messages.ts";
import type { IngestProgress } from "../../rag/ingest-progress.ts";
import type { Document, DocumentError } from "../../store/knowledge.ts";
import type { ChunkBody } from "../../store/slice.ts";
import type { Taken } from "./documents.ts";

const toText = (error: DocumentError | null, language: Language): string | null =>
  error === null ? null : errorMessage(error.code, language, error.parameters);

/** A document in the list of its knowledge base. */
export const toListed = (document: Document, language: Language) => ({
  doc_id: document.id,
  kb_id: document.knowledgeBaseId,
  doc_name: document.name,
  file_type: document.fileType,
  status: document.status,
  error: toText(document.error, language),
  size_bytes: document.sizeBytes,
  chunk_count: document.chunkCount,
  metadata: document.metadata,
  created_time: document.createdTime,
});

/** A document among the several of one upload. */
export function toUploaded({ document, failure }: Taken, language: Language) {
  const error = failure ?? document.error;
  return {
    doc_id: document.id,
    doc_name: document.name,
    status: failure === undefined ? document.status : "failed",
    chunk_count: document.chunkCount,
    ...(error === null ? {} : { error: errorMessage(error.code, language, error.parameters) }),
  };
}

/** Where taking a document in stands. */
export const toStatus = (document: Document, progress: IngestProgress, language: Language) => ({
  doc_id: document.id,
  kb_id: document.knowledgeBaseId,
  doc_name: document.name,
  status: progress.stage === "ready" || progress.stage === "failed" ? progress.stage : "processing",
  stage: progress.stage,
  pages: progress.pages,
  chunks_done: progress.chunksDone,
  chunks_total: progress.chunksTotal,
  error: toText(progress.error, language),
});

export const toChunk = ({ id, index, content, headings, page, start, end }: ChunkBody) => ({
  chunk_id: id,
  chunk_index: index,
  content,
  headings,
  ...(page === undefined ? {} : { page }),
  start,
  end,
});
