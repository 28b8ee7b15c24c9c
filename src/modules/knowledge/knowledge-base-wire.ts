import { errorMessage, type Language } from "../../http/messages.ts";
import type {
  KnowledgeBaseChanges,
  ListedKnowledgeBase,
  ReindexState,
} from "../../store/knowledge.ts";

interface Settings {
  readonly kb_name?: string;
  readonly description?: string;
  readonly chunk_size?: number;
  readonly weight?: number | null;
}

/** What a caller sets, without what it leaves out. */
export const fromSettings = (sent: Settings): KnowledgeBaseChanges => ({
  ...(sent.kb_name === undefined ? {} : { name: sent.kb_name }),
  ...(sent.description === undefined ? {} : { description: sent.description }),
  ...(sent.chunk_size === undefined ? {} : { chunkSize: sent.chunk_size }),
  ...(sent.weight === undefined ? {} : { vectorWeight: sent.weight }),
});

export interface WireOptions {
  readonly language: Language;
  /** For knowledge bases that name none. */
  readonly defaultChunkSize: number;
}

function toReindex(reindex: ReindexState, { language, defaultChunkSize }: WireOptions) {
  const goal = {
    status: reindex.status,
    embedding_model: reindex.embeddingModel,
    chunk_size: reindex.chunkSize ?? defaultChunkSize,
  };
  if (reindex.status === "running") {
    return { ...goal, docs_done: reindex.documentsDone, docs_total: reindex.documentsTotal };
  }
  const { code, parameters, documentId } = reindex.error;
  return { ...goal, error: errorMessage(code, language, parameters), doc_id: documentId };
}

/** A knowledge base as its owner sees it. */
export const toListedKnowledgeBase = (
  knowledgeBase: ListedKnowledgeBase,
  options: WireOptions,
) => ({
  kb_id: knowledgeBase.id,
  kb_name: knowledgeBase.name,
  description: knowledgeBase.description,
  embedding_model: knowledgeBase.embeddingModel,
  chunk_size: knowledgeBase.chunkSize ?? options.defaultChunkSize,
  weight: knowledgeBase.vectorWeight,
  doc_count: knowledgeBase.documentCount,
  chunk_count: knowledgeBase.chunkCount,
  reindex: knowledgeBase.reindex === undefined ? null : toReindex(knowledgeBase.reindex, options),
  created_time: knowledgeBase.createdTime,
});
