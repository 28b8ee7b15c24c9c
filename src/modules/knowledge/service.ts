import { AppError } from "../../errors.ts";
import { unixTime } from "../../ids.ts";
import type { EmbeddingModels } from "../../providers/embedding/index.ts";
import type { Cleanup } from "../../rag/cleanup.ts";
import type { Find, Found } from "../../rag/find.ts";
import { defaultVectorWeight } from "../../rag/fuse.ts";
import type { Ingestion } from "../../rag/ingest.ts";
import type { Originals } from "../../rag/originals.ts";
import type { RetrievalMode } from "../../rag/retrieve.ts";
import type { KnowledgeBase, KnowledgeStore, NewKnowledgeBase } from "../../store/knowledge.ts";
import { createDocumentService } from "./documents.ts";

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
  readonly signal: AbortSignal;
}

/** Names are shown in one line: no control character, something to see. */
function cleanTitle(field: string, sent: string): string {
  const title = sent.toWellFormed().normalize("NFC").trim();
  if (title === "") throw new AppError("invalid_field", { field, reason: "empty" });
  if (/\p{Cc}/u.test(title)) {
    throw new AppError("invalid_field", { field, reason: "control_characters" });
  }
  return title;
}

export function createKnowledgeService(options: {
  readonly store: KnowledgeStore;
  readonly models: EmbeddingModels;
  readonly defaultModel: string;
  readonly originals: Originals;
  readonly ingestion: Ingestion;
  readonly cleanup: Cleanup;
  /** Bytes that the files of one upload may have together. */
  readonly maxUploadBytes: number;
  readonly find: Find;
}) {
  const { store, models, ingestion, cleanup } = options;

  async function get(id: string, userId: number): Promise<KnowledgeBase> {
    const knowledgeBase = await store.findKnowledgeBase(id.toLowerCase());
    if (knowledgeBase?.userId !== userId) throw new AppError("knowledge_base_not_found");
    return knowledgeBase;
  }

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

  return {
    ...createDocumentService({ ...options, getKnowledgeBase: get }),
    modelNames: models.names,

    /** @throws AppError `unknown_embedding_model`, `invalid_field` */
    async create(
      userId: number,
      wanted: { readonly name: string; readonly embeddingModel: string | undefined },
    ): Promise<NewKnowledgeBase> {
      const model = models.get(wanted.embeddingModel ?? options.defaultModel);
      const knowledgeBase = {
        id: Bun.randomUUIDv7(),
        userId,
        name: cleanTitle("kb_name", wanted.name),
        description: "",
        chunkSize: null,
        vectorWeight: null,
        embeddingModel: model.name,
        dimensions: model.dimensions,
        createdTime: unixTime(),
      };
      await store.insertKnowledgeBase(knowledgeBase);
      return knowledgeBase;
    },

    /** Oldest first. */
    list: (userId: number): Promise<KnowledgeBase[]> => store.knowledgeBases(userId),

    /** @throws AppError `knowledge_base_not_found`, also for another user's */
    get,

    /** @throws AppError `knowledge_base_not_found`, also for another user's */
    async remove(id: string, userId: number): Promise<void> {
      const knowledgeBase = await get(id, userId);
      const documents = await store.documents(knowledgeBase.id);
      if (!(await store.deleteKnowledgeBase(knowledgeBase.id, userId))) {
        throw new AppError("knowledge_base_not_found");
      }
      for (const { id, status } of documents) if (status === "processing") ingestion.cancel(id);
      cleanup.start();
    },

    /**
     * The passages that fit the question, the best first.
     *
     * @throws AppError `knowledge_base_not_found`, also for another user's, `invalid_field`,
     *   `embedding_model_changed`, and as `EmbeddingModels.get` and `EmbeddingProvider.embed` do
     */
    async retrieve(question: Question): Promise<Found> {
      const { mode = "hybrid", signal } = question;
      const knowledgeBase = await get(question.knowledgeBaseId, question.userId);
      const query = question.query.trim();
      if (query === "") throw new AppError("invalid_field", { field: "query", reason: "empty" });
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
        },
        signal,
      );
      if (found === undefined) throw new AppError("knowledge_base_not_found");
      return found;
    },
  };
}

export type KnowledgeService = ReturnType<typeof createKnowledgeService>;
