import type { Hit } from "../../rag/retrieve.ts";

/** A hit as callers see it. */
export function toResult(hit: Hit) {
  const heading = hit.headings.join(" > ");
  return {
    content: hit.content,
    score: hit.score,
    doc_id: hit.documentId,
    doc_name: hit.documentName,
    chunk_id: hit.chunkId,
    chunk_index: hit.chunkIndex,
    ...(hit.page === null ? {} : { page: hit.page }),
    ...(heading === "" ? {} : { heading }),
  };
}
