import { AppError } from "../../errors.ts";
import type { Find, Found } from "../../rag/find.ts";
import { defaultVectorWeight } from "../../rag/fuse.ts";
import type { Originals } from "../../rag/originals.ts";
import type { RetrievalMode } from "../../rag/retrieve.ts";
import type { DocumentFilter, KnowledgeBase } from "../../store/knowledge.ts";
import { createDocumentService } from "./documents.ts";
import { createKnowledgeBaseService, type KnowledgeBaseOptions } from "./knowledge-bases.ts";

export interface Question {
  readonly knowledgeBaseId: string;
  readonly userId: number;
  readonly query: string;
  readonly topK: number;
  /** `hybrid` when left out. */
  readonly mode?: RetrievalMode | undefined;
  /** 0 when left out. */
  readonly minScore?: number | undefined;
  /** The share of the vectors in the score, 0 to 1; when left out what suits the knowledge base. */
  readonly weight?: number | undefined;
  /** Chunks on each side that are joined to a hit; none when left out. */
  readonly expand?: number | undefined;
  /** Which documents are searched; all when left out. */
  readonly filter?: DocumentFilter | undefined;
  readonly signal: AbortSignal;
}

export function createKnowledgeService(
  options: KnowledgeBaseOptions & {
    readonly originals: Originals;
    /** Bytes that the files of one upload may have together. */
    readonly maxUploadBytes: number;
    readonly find: Find;
  },
) {
  const { models } = options;
  const knowledgeBases = createKnowledgeBaseService(options);
  const { get } = knowledgeBases;

  async function embed(
    { embeddingModel, dimensions }: KnowledgeBase,
    query: string,
    signal: AbortSignal,
  ): Promise<Float32Array> {
    const model = models.get(embeddingModel);
    if (model.dimensions !== dimensions) {
      throw new AppError("embedding_model_changed", {
        model: model.name,
        expected: dimensions,
        found: model.dimensions,
      });
    }
    const [vector] = await model.embed([query], "query", signal);
    if (vector === undefined) throw new Error(`${model.name} gave no vector`);
    return vector;
  }

  async function findIn(knowledgeBase: KnowledgeBase, question: Question): Promise<Found> {
    const { mode = "hybrid", query, filter, signal } = question;
    const documents = filter && (await options.store.documentNumbers(knowledgeBase.id, filter));
    if (documents?.length === 0) return { hits: [], rerankingFailure: undefined };
    const found = await options.find(
      {
        knowledgeBaseId: knowledgeBase.id,
        query,
        mode,
        vector: mode === "keyword" ? undefined : await embed(knowledgeBase, query, signal),
        vectorWeight:
          question.weight ??
          knowledgeBase.vectorWeight ??
          defaultVectorWeight(knowledgeBase.embeddingModel),
        topK: question.topK,
        minScore: question.minScore ?? 0,
        expand: question.expand ?? 0,
        documents,
      },
      signal,
    );
    if (found === undefined) throw new AppError("knowledge_base_not_found");
    return found;
  }

  return {
    ...knowledgeBases,
    ...createDocumentService({ ...options, getKnowledgeBase: get }),

    /**
     * The passages that fit the question, the best first.
     *
     * @throws AppError `knowledge_base_not_found`, also for another user's, `invalid_field`,
     *   `embedding_model_changed`, and as `EmbeddingModels.get` and `EmbeddingProvider.embed` do
     */
    async retrieve(question: Question): Promise<Found> {
      const query = question.query.trim();
      if (query === "") throw new AppError("invalid_field", { field: "query", reason: "empty" });
      for (;;) {
        const knowledgeBase = await get(question.knowledgeBaseId, question.userId);
        const search = findIn(knowledgeBase, { ...question, query });
        const found = await search.catch((error: unknown) => ({ error }));
        // A reindexing that ended in between leaves a vector of the one model before those of another.
        const current = await get(question.knowledgeBaseId, question.userId);
        if (current.index !== knowledgeBase.index) continue;
        if ("error" in found) throw found.error;
        return found;
      }
    },
  };
}

export type KnowledgeService = ReturnType<typeof createKnowledgeService>;
