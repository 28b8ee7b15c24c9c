import { AppError } from "../errors.ts";
import { log } from "../log.ts";
import type { ClaimStore } from "../store/claims.ts";
import type { Document, KnowledgeStore, Reindex } from "../store/knowledge.ts";
import type { Cleanup } from "./cleanup.ts";
import type { Ingestion } from "./ingest.ts";

/** Milliseconds between two looks at an index that another process builds. */
const elsewhereInterval = 1000;

export interface Reindexing {
  /**
   * Goes on, in the background, with the index that is being built for a knowledge base: puts one
   * document after another into it, those that come meanwhile as well, and lets it take the place of
   * the old one when all are in. A fault gives it up and is stored.
   */
  start(knowledgeBaseId: string): void;
  /** Goes on with everything that the end of a process cut off. */
  resume(): Promise<void>;
  /** Takes up nothing more; the rest goes on after the next start. */
  close(): void;
  /** Resolves when nothing is being built. */
  idle(): Promise<void>;
}

export function createReindexing(options: {
  readonly store: KnowledgeStore;
  readonly claims: ClaimStore;
  readonly ingestion: Ingestion;
  readonly cleanup: Cleanup;
}): Reindexing {
  const { store, claims, ingestion, cleanup } = options;
  const running = new Map<string, Promise<void>>();
  const closing = Promise.withResolvers<void>();
  let closed = false;

  /** Puts one document into the index; answers whether the others can follow. */
  async function add(document: Document, reindex: Reindex): Promise<boolean> {
    const { index, userId } = reindex;
    try {
      await ingestion.submit(document, userId, reindex);
    } catch (error) {
      if (closed) return false;
      const current = await store.findDocument(document.id);
      // It was deleted meanwhile: the rest goes on.
      if (current?.status !== "ready") return true;
      const fault =
        error instanceof AppError ? error : new AppError("internal", {}, { cause: error });
      const { code, parameters } = fault;
      await store.failReindex(index, { code, parameters, documentId: document.id });
      return false;
    }
    return true;
  }

  /** Adds what is missing, oldest first, again and again until nothing is. */
  async function fill(reindex: Reindex): Promise<void> {
    let last: string | undefined;
    while (!closed) {
      const document = await store.nextToReindex(reindex.index, last);
      if (document !== undefined) {
        if (!(await add(document, reindex))) return;
      } else if (last === undefined && (await store.finishReindex(reindex.index)) !== "behind") {
        return;
      }
      last = document?.id;
    }
  }

  async function build(knowledgeBaseId: string): Promise<void> {
    try {
      for (;;) {
        const reindex = await store.findReindex(knowledgeBaseId);
        if (reindex === undefined || closed) return;
        const claim = `index ${reindex.index}`;
        if (await claims.take(claim)) {
          await fill(reindex);
          await claims.release(claim);
          break;
        }
        await Promise.race([Bun.sleep(elsewhereInterval), closing.promise]);
      }
      if (!closed) cleanup.start();
    } catch (error) {
      log.error("reindexing failed, and goes on after the next start", { knowledgeBaseId, error });
    }
  }

  function start(knowledgeBaseId: string): void {
    if (closed || running.has(knowledgeBaseId)) return;
    const ended = build(knowledgeBaseId).then(() => {
      running.delete(knowledgeBaseId);
    });
    running.set(knowledgeBaseId, ended);
  }

  return {
    start,
    async resume() {
      for (const { knowledgeBaseId } of await store.reindexes()) start(knowledgeBaseId);
    },
    close() {
      closed = true;
      closing.resolve();
    },
    async idle() {
      await Promise.all(running.values());
    },
  };
}
