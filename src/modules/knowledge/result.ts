import type { AppError } from "../../errors.ts";
import { errorMessage, type Language, successMessage } from "../../http/messages.ts";
import type { Hit } from "../../rag/retrieve.ts";

/** A hit as callers see it; `explain` shows what each stage made of it. */
export function toResult(hit: Hit, explain = false) {
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
    ...(explain ? { explain: hit.stages } : {}),
  };
}

/** What went wrong without being a fault of the request, as callers see it. */
export interface Warning {
  readonly code: string;
  readonly message: string;
}

/** Why results were not reranked. */
export const rerankingWarning = ({ code, parameters }: AppError, language: Language): Warning => ({
  code: "reranking_failed",
  message: successMessage("reranking_failed", language, {
    reason: errorMessage(code, language, parameters),
  }),
});
