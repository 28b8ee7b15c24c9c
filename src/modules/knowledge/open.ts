import type { Config } from "../../config/schema.ts";
import { createBuiltinEmbedding } from "../../providers/embedding/builtin.ts";
import type { EmbeddingModels } from "../../providers/embedding/index.ts";
import { createEmbeddingModels } from "../../providers/embedding/models.ts";
import { createReranker } from "../../providers/rerank/cohere.ts";
import { createCleanup } from "../../rag/cleanup.ts";
import { createFinder } from "../../rag/find.ts";
import { createIngestion } from "../../rag/ingest.ts";
import { startIngestWorker } from "../../rag/ingest-client.ts";
import { openOriginals, originalsFolder } from "../../rag/originals.ts";
import { createReindexing } from "../../rag/reindex.ts";
import { startSearchWorker } from "../../rag/search-client.ts";
import type { Store } from "../../store/index.ts";
import type { KnowledgeBaseOptions } from "./knowledge-bases.ts";
import { createKnowledgeService, type KnowledgeService } from "./service.ts";

export interface Knowledge {
  readonly service: KnowledgeService;
  readonly embeddings: EmbeddingModels;
  readonly reranker: ReturnType<typeof createReranker>;
  /** Its threads by name, and whether each is there. */
  readonly threads: Readonly<Record<string, () => Promise<boolean>>>;
  /** Ends the streams that tell how documents are taken in: the longest could last for hours. */
  endWatches(): void;
  /** Cuts off what is being taken in, to go on after the next start: those who wait are told that it will. */
  endUploads(): void;
  /** Ends all that is done for knowledge bases. */
  close(): Promise<void>;
}

/** Starts all that knowledge bases need, and goes on with what the end of a process cut off. */
export async function openKnowledge(
  config: Config,
  { knowledge: store, claims }: Pick<Store, "knowledge" | "claims">,
  { detached }: Pick<KnowledgeBaseOptions, "detached">,
): Promise<Knowledge> {
  const originals = await openOriginals(originalsFolder(config.sqlite.path));
  const searcher = startSearchWorker({
    sqlite: config.sqlite,
    indexMemoryBytes: config.rag.indexMemoryBytes,
  });
  const ingester = startIngestWorker({ config, spoolDirectory: originals.folder });
  const cleanup = createCleanup(store, originals);
  const ingestion = createIngestion({
    store,
    claims,
    worker: ingester,
    originals,
    chunkSize: config.rag.chunkSize,
    async onReady(id) {
      if (!config.rag.keepOriginals) await originals.remove(id);
    },
  });
  const reindexing = createReindexing({ store, claims, ingestion, cleanup });
  const models = createEmbeddingModels(config, {
    ...createBuiltinEmbedding(),
    embed: (texts) => searcher.call("embed", [texts]),
  });
  await originals.removeLeftovers(async (id) => {
    const document = await store.findDocument(id);
    return document && (config.rag.keepOriginals || document.status !== "ready");
  });
  await ingestion.resume();
  await reindexing.resume();
  cleanup.start();

  const reranker = createReranker(config);
  return {
    service: createKnowledgeService({
      store,
      models,
      defaultModel: config.rag.defaultEmbeddingModel,
      originals,
      ingestion,
      reindexing,
      cleanup,
      detached,
      chunkSize: config.rag.chunkSize,
      maxUploadBytes: config.rag.maxUploadBytes,
      find: createFinder({
        searcher: {
          retrieve: (request) => searcher.call("retrieve", [request]),
          expand: (chunks, distance) => searcher.call("expand", [chunks, distance]),
        },
        reranker,
        candidates: config.rag.reranker.candidates,
      }),
    }),
    embeddings: models,
    reranker,
    threads: { search: () => searcher.isAlive(), ingest: () => ingester.isAlive() },
    endWatches: ingestion.endWatches,
    endUploads() {
      reindexing.close();
      ingestion.cut();
    },
    async close() {
      reindexing.close();
      await ingestion.close();
      await reindexing.idle();
      await cleanup.close();
      await ingester.close();
      await searcher.closeAfter("end", []);
    },
  };
}
