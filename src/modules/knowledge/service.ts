import { AppError } from "../../errors.ts";
import { unixTime } from "../../ids.ts";
import type { EmbeddingModels } from "../../providers/embedding/index.ts";
import type { Cleanup } from "../../rag/cleanup.ts";
import type { Ingestion } from "../../rag/ingest.ts";
import type { Originals } from "../../rag/originals.ts";
import type { Hit, RetrieveRequest } from "../../rag/retrieve.ts";
import type { KnowledgeBase, KnowledgeStore, NewKnowledgeBase } from "../../store/knowledge.ts";
import { createDocumentService } from "./documents.ts";

export interface Question {
  readonly knowledgeBaseId: string;
  readonly userId: number;
  readonly query: string;
  readonly topK: number;
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
  /** See `createRetriever`. */
  retrieve(request: RetrieveRequest): Promise<Hit[] | undefined>;
}) {
  const { store, models, ingestion, cleanup } = options;

  async function get(id: string, userId: number): Promise<KnowledgeBase> {
    const knowledgeBase = await store.findKnowledgeBase(id.toLowerCase());
    if (knowledgeBase?.userId !== userId) throw new AppError("knowledge_base_not_found");
    return knowledgeBase;
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
    async retrieve(question: Question): Promise<Hit[]> {
      const knowledgeBase = await get(question.knowledgeBaseId, question.userId);
      const query = question.query.trim();
      if (query === "") throw new AppError("invalid_field", { field: "query", reason: "empty" });
      const model = models.get(knowledgeBase.embeddingModel);
      if (model.dimensions !== knowledgeBase.dimensions) {
        throw new AppError("embedding_model_changed", {
          model: model.name,
          expected: knowledgeBase.dimensions,
          found: model.dimensions,
        });
      }
      const [vector] = await model.embed([query], "query", question.signal);
      if (vector === undefined) throw new Error(`${model.name} gave no vector`);
      const hits = await options.retrieve({
        knowledgeBaseId: knowledgeBase.id,
        query,
        vector,
        embeddingModel: model.name,
        topK: question.topK,
      });
      if (hits === undefined) throw new AppError("knowledge_base_not_found");
      return hits;
    },
  };
}

export type KnowledgeService = ReturnType<typeof createKnowledgeService>;
