import { AppError } from "../../errors.ts";
import { unixTime } from "../../ids.ts";
import type { EmbeddingModels } from "../../providers/embedding/index.ts";
import type { Cleanup } from "../../rag/cleanup.ts";
import type { Ingestion } from "../../rag/ingest.ts";
import type { Reindexing } from "../../rag/reindex.ts";
import type {
  KnowledgeBase,
  KnowledgeBaseChanges,
  KnowledgeStore,
  ListedKnowledgeBase,
  ListPart,
  NewKnowledgeBase,
} from "../../store/knowledge.ts";

/** Names are shown in one line: no control character, something to see. */
function cleanTitle(field: string, sent: string): string {
  const title = sent.toWellFormed().normalize("NFC").trim();
  if (title === "") throw new AppError("invalid_field", { field, reason: "empty" });
  if (/\p{Cc}/u.test(title)) {
    throw new AppError("invalid_field", { field, reason: "control_characters" });
  }
  return title;
}

/** Descriptions may have lines. */
const cleanDescription = (sent: string): string =>
  sent
    .toWellFormed()
    .normalize("NFC")
    .replace(/[^\P{Cc}\n\t]/gu, "")
    .trim();

const cleanChanges = ({ name, description, ...rest }: KnowledgeBaseChanges) => ({
  ...rest,
  ...(name === undefined ? {} : { name: cleanTitle("kb_name", name) }),
  ...(description === undefined ? {} : { description: cleanDescription(description) }),
});

export interface KnowledgeBaseOptions {
  readonly store: KnowledgeStore;
  readonly models: EmbeddingModels;
  readonly defaultModel: string;
  readonly ingestion: Ingestion;
  readonly reindexing: Reindexing;
  readonly cleanup: Cleanup;
  /** Called when a knowledge base has fallen off these conversations. */
  detached(conversationIds: readonly number[]): Promise<void>;
  /** For knowledge bases that name none. */
  readonly chunkSize: number;
}

export function createKnowledgeBaseService(options: KnowledgeBaseOptions) {
  const { store, models, ingestion, reindexing, cleanup } = options;

  async function get(id: string, userId: number): Promise<KnowledgeBase> {
    const knowledgeBase = await store.findKnowledgeBase(id.toLowerCase());
    if (knowledgeBase?.userId !== userId) throw new AppError("knowledge_base_not_found");
    return knowledgeBase;
  }

  async function getListed(id: string): Promise<ListedKnowledgeBase> {
    const knowledgeBase = await store.findListedKnowledgeBase(id);
    if (knowledgeBase === undefined) throw new AppError("knowledge_base_not_found");
    return knowledgeBase;
  }

  return {
    modelNames: models.names,
    defaultChunkSize: options.chunkSize,

    /** @throws AppError `knowledge_base_not_found`, also for another user's */
    get,

    /** @throws AppError `unknown_embedding_model`, `invalid_field` */
    async create(
      userId: number,
      wanted: KnowledgeBaseChanges & {
        readonly name: string;
        readonly embeddingModel: string | undefined;
      },
    ): Promise<NewKnowledgeBase> {
      const { embeddingModel, ...settings } = wanted;
      const model = models.get(embeddingModel ?? options.defaultModel);
      const knowledgeBase = {
        id: Bun.randomUUIDv7(),
        userId,
        name: "",
        description: "",
        chunkSize: null,
        vectorWeight: null,
        ...cleanChanges(settings),
        embeddingModel: model.name,
        dimensions: model.dimensions,
        createdTime: unixTime(),
      };
      await store.insertKnowledgeBase(knowledgeBase);
      return knowledgeBase;
    },

    /** Oldest first. */
    list: (userId: number, part: ListPart = {}): Promise<ListedKnowledgeBase[]> =>
      store.knowledgeBases(userId, part),

    /**
     * @throws AppError `knowledge_base_not_found`, also for another user's, `invalid_field`,
     *   `reindex_running` when the chunk size is to change under a reindexing
     */
    async update(
      id: string,
      userId: number,
      changes: KnowledgeBaseChanges,
    ): Promise<ListedKnowledgeBase> {
      const knowledgeBase = await get(id, userId);
      if (!(await store.updateKnowledgeBase(knowledgeBase.id, cleanChanges(changes)))) {
        await get(id, userId);
        throw new AppError("reindex_running");
      }
      return getListed(knowledgeBase.id);
    },

    /**
     * Begins to cut and embed everything anew, in the background; until that is done the knowledge base
     * answers as before.
     *
     * @throws AppError `knowledge_base_not_found`, also for another user's, `unknown_embedding_model`,
     *   `reindex_running`
     */
    async reindex(
      id: string,
      userId: number,
      wanted: {
        readonly embeddingModel: string | undefined;
        readonly chunkSize: number | undefined;
      },
    ): Promise<ListedKnowledgeBase> {
      const knowledgeBase = await get(id, userId);
      const model = models.get(wanted.embeddingModel ?? knowledgeBase.embeddingModel);
      const goal = {
        embeddingModel: model.name,
        dimensions: model.dimensions,
        chunkSize: wanted.chunkSize ?? knowledgeBase.chunkSize,
      };
      if (!(await store.startReindex(knowledgeBase.id, goal))) {
        await get(id, userId);
        throw new AppError("reindex_running");
      }
      const begun = await getListed(knowledgeBase.id);
      reindexing.start(knowledgeBase.id);
      return begun;
    },

    /**
     * It falls off the conversations that it was attached to.
     *
     * @throws AppError `knowledge_base_not_found`, also for another user's
     */
    async remove(id: string, userId: number): Promise<void> {
      const knowledgeBase = await get(id, userId);
      const documents = await store.documents(knowledgeBase.id);
      const detached = await store.deleteKnowledgeBase(knowledgeBase.id, userId);
      if (detached === undefined) throw new AppError("knowledge_base_not_found");
      await options.detached(detached);
      for (const document of documents) ingestion.cancel(document.id);
      cleanup.start();
    },
  };
}
