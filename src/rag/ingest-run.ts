import { AppError } from "../errors.ts";
import { log } from "../log.ts";
import type { Document, KnowledgeStore, SearchIndex } from "../store/knowledge.ts";
import type { IngestWorker } from "./ingest-client.ts";
import type { IngestProgress } from "./ingest-progress.ts";
import type { IngestReply, IngestStep } from "./ingest-step.ts";
import type { Originals } from "./originals.ts";

/** Tries for a document whose run ends in a fault of ours: a thread that died, a full disk. */
const tries = 3;

/** What ended a run before the document was whole. */
class Restart extends Error {}

export interface RunRequest {
  readonly document: Document;
  /** The index that it is put into; undefined: the one that answers, also if another takes its place. */
  readonly index: SearchIndex | undefined;
  readonly signal: AbortSignal;
  report(progress: Partial<IngestProgress>): void;
}

export interface RunOptions {
  readonly store: KnowledgeStore;
  readonly worker: IngestWorker;
  readonly originals: Originals;
  /** For knowledge bases that name none. */
  readonly chunkSize: number;
}

/** Drives the Worker through one document after another. */
export function createIngestRun({ store, worker, originals, chunkSize }: RunOptions) {
  /** The store refused chunks: the document is gone, or another index has taken the place of this. */
  async function refusal({ document, index }: RunRequest, plan: SearchIndex): Promise<Error> {
    const current = await store.findKnowledgeBase(document.knowledgeBaseId);
    const isReplaced = index === undefined && current !== undefined && current.index !== plan.index;
    return isReplaced ? new Restart() : new AppError("document_not_found");
  }

  /** Carries out one step; answers what the run is to go on with. */
  async function carryOut(
    step: Exclude<IngestStep, { type: "slice" }>,
    request: RunRequest,
    plan: SearchIndex,
  ): Promise<IngestReply | undefined> {
    const { id } = request.document;
    switch (step.type) {
      case "parsed":
        request.report({ stage: "chunking", pages: step.pages });
        return undefined;
      case "counted":
        request.report({ stage: "embedding", chunksTotal: step.chunks });
        return undefined;
      case "chunks":
        return { chunks: await store.chunks(id, step.after, step.limit) };
      case "recall":
        return { vectors: await store.findEmbeddings(step.hashes) };
      case "remember":
        await store.saveEmbeddings(step.embeddings);
        return undefined;
      case "restart":
        while (await store.discardSlice(id, plan.index));
        throw new Restart();
    }
  }

  /** Stores what the Worker prepares; while a slice is stored the next is already prepared. */
  async function drive(
    runId: string,
    request: RunRequest,
    plan: SearchIndex,
    done: number,
  ): Promise<void> {
    const { signal, report, document } = request;
    let chunksDone = done;
    let reply: IngestReply | undefined;
    let storing: Promise<boolean> | undefined;
    try {
      for (;;) {
        signal.throwIfAborted();
        const step = await worker.call("resume", [runId, reply]);
        reply = undefined;
        if ((await storing) === false) throw await refusal(request, plan);
        storing = undefined;
        if (step === undefined) return;
        if (step.type === "slice") {
          chunksDone = step.count;
          report({ chunksDone, ...(step.end === undefined ? {} : { stage: "storing" }) });
          storing = store.addSlice(document.id, step.slice, step.end, plan.index);
          // Until it is waited for, the next step may fail.
          storing.catch(() => {});
        } else {
          reply = await carryOut(step, request, plan);
          if (step.type !== "remember") continue;
          chunksDone += step.embeddings.length;
          report({ chunksDone });
        }
      }
    } finally {
      await storing?.catch(() => {});
    }
  }

  async function run(request: RunRequest, isReadAnew: boolean): Promise<void> {
    const { document, signal } = request;
    const { id, name, fileType, title } = document;
    const plan = request.index ?? (await store.findKnowledgeBase(document.knowledgeBaseId));
    if (plan === undefined) throw new AppError("document_not_found");
    const runId = Bun.randomUUIDv7();
    const cancel = () => {
      worker.call("cancel", [runId]).catch(() => {});
    };
    signal.addEventListener("abort", cancel, { once: true });
    try {
      const path = isReadAnew && (await originals.has(id)) ? originals.path(id) : undefined;
      if (path === undefined && document.status !== "ready") {
        throw new AppError("original_not_kept");
      }
      const stored = await store.progress(id, plan.index);
      request.report({ stage: "parsing", chunksDone: stored.chunkCount });
      await worker.call("start", [
        runId,
        {
          path,
          name,
          known: document.status === "ready" ? { fileType, title } : undefined,
          model: plan.embeddingModel,
          dimensions: plan.dimensions,
          chunkSize: plan.chunkSize ?? chunkSize,
          stored,
        },
      ]);
      await drive(runId, request, plan, stored.chunkCount);
    } finally {
      signal.removeEventListener("abort", cancel);
      cancel();
    }
  }

  /** Puts a document that could be read once, and cannot any more, into an index as it was cut then. */
  async function runAnyhow(request: RunRequest): Promise<void> {
    const { document, index } = request;
    try {
      await run(request, true);
    } catch (error) {
      const isUnreadable = error instanceof AppError && error.kind === "unprocessable";
      if (index === undefined || !isUnreadable) throw error;
      while (await store.discardSlice(document.id, index.index));
      await run(request, false);
    }
  }

  /**
   * Takes a document in: until it is whole, or has failed for good.
   *
   * @throws AppError `document_not_found` when it was deleted meanwhile; whatever reading, cutting
   *   and embedding it throw; the signal's reason when aborted
   */
  return async function insist(request: RunRequest): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await runAnyhow(request);
      } catch (error) {
        request.signal.throwIfAborted();
        if (error instanceof AppError && error.kind !== "internal") throw error;
        if (!(error instanceof Restart)) {
          const documentId = request.document.id;
          log.error("taking in a document failed", { documentId, attempt, error });
        }
        if (attempt === tries) {
          throw error instanceof AppError ? error : new AppError("internal", {}, { cause: error });
        }
      }
    }
  };
}
