import { AppError } from "../errors.ts";
import { log } from "../log.ts";
import type { Document, KnowledgeStore } from "../store/knowledge.ts";
import { FairQueue } from "./fair-queue.ts";
import type { IngestWorker } from "./ingest-client.ts";
import type { Originals } from "./originals.ts";
import type { IngestReply, IngestStep } from "./prepare.ts";

/** Documents that are taken in at once. */
const concurrency = 2;

/** Tries for a document whose run ends in a fault of ours: a thread that died, a full disk. */
const tries = 3;

interface Task {
  readonly document: Document;
  readonly cancelled: AbortController;
  readonly done: PromiseWithResolvers<void>;
}

/** What ended a run before the document was whole. */
class Restart extends Error {}

export interface Ingestion {
  /**
   * Takes in a document that is stored as `processing`, when it is its owner's turn. Resolves when it
   * can be found. A fault is stored with the document before this rejects with it; what `close` or
   * the end of the process cuts off goes on after the next start.
   *
   * @throws AppError `document_not_found` when it was deleted meanwhile; whatever reading, cutting
   *   and embedding it throw
   */
  submit(document: Document, userId: number): Promise<void>;
  /** For a document that was deleted: whatever is done for it ends. */
  cancel(documentId: string): void;
  /** Goes on with everything that the end of a process cut off. */
  resume(): Promise<void>;
  /** Cuts off what runs and waits. */
  close(): Promise<void>;
}

export function createIngestion(options: {
  readonly store: KnowledgeStore;
  readonly worker: IngestWorker;
  readonly originals: Originals;
  readonly chunkSize: number;
}): Ingestion {
  const { store, worker, originals } = options;
  const queue = new FairQueue<Task>();
  const running = new Map<string, { readonly task: Task; readonly ended: Promise<void> }>();
  let closed = false;

  /** Carries out one step; answers what the run is to go on with. */
  async function carryOut(
    step: Exclude<IngestStep, { type: "slice" }>,
    documentId: string,
  ): Promise<IngestReply> {
    switch (step.type) {
      case "recall":
        return store.findEmbeddings(step.hashes);
      case "remember":
        await store.saveEmbeddings(step.embeddings);
        return undefined;
      case "restart":
        while (await store.discardSlice(documentId));
        throw new Restart();
    }
  }

  /** Stores what the Worker prepares; while a slice is stored the next is already prepared. */
  async function drive(runId: string, documentId: string, signal: AbortSignal): Promise<void> {
    let reply: IngestReply;
    let storing: Promise<boolean> | undefined;
    try {
      for (;;) {
        signal.throwIfAborted();
        const step = await worker.call("resume", [runId, reply]);
        reply = undefined;
        if ((await storing) === false) throw new AppError("document_not_found");
        storing = undefined;
        if (step === undefined) return;
        if (step.type === "slice") {
          storing = store.addSlice(documentId, step.slice, step.end);
          // Until it is waited for, the next step may fail.
          storing.catch(() => {});
        } else {
          reply = await carryOut(step, documentId);
        }
      }
    } finally {
      await storing?.catch(() => {});
    }
  }

  async function run({ document, cancelled }: Task): Promise<void> {
    const { id, knowledgeBaseId, name } = document;
    const knowledgeBase = await store.findKnowledgeBase(knowledgeBaseId);
    if (knowledgeBase === undefined) throw new AppError("document_not_found");
    const runId = Bun.randomUUIDv7();
    const cancel = () => {
      worker.call("cancel", [runId]).catch(() => {});
    };
    cancelled.signal.addEventListener("abort", cancel, { once: true });
    try {
      await worker.call("start", [
        runId,
        {
          path: originals.path(id),
          name,
          model: knowledgeBase.embeddingModel,
          dimensions: knowledgeBase.dimensions,
          chunkSize: options.chunkSize,
          stored: await store.progress(id),
        },
      ]);
      await drive(runId, id, cancelled.signal);
    } finally {
      cancelled.signal.removeEventListener("abort", cancel);
      cancel();
    }
  }

  /** Runs a task until it is done, has failed for good, or was cancelled. */
  async function insist(task: Task): Promise<void> {
    const { document, cancelled } = task;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await run(task);
        return;
      } catch (error) {
        cancelled.signal.throwIfAborted();
        if (error instanceof AppError && error.kind !== "internal") throw error;
        if (!(error instanceof Restart)) {
          log.error("taking in a document failed", { documentId: document.id, attempt, error });
        }
        if (attempt === tries) throw new AppError("internal", {}, { cause: error });
      }
    }
  }

  /** Removes what there is of a document that failed, and stores why. */
  async function fail(documentId: string, error: AppError): Promise<void> {
    while (await store.discardSlice(documentId));
    await store.failDocument(documentId, { code: error.code, parameters: error.parameters });
  }

  async function perform(task: Task): Promise<void> {
    try {
      await insist(task);
      task.done.resolve();
    } catch (error) {
      if (error instanceof AppError && !task.cancelled.signal.aborted) {
        await fail(task.document.id, error).catch((cause) =>
          log.error("a failed document could not be marked", { error: cause }),
        );
      }
      task.done.reject(error);
    }
  }

  function startNext(): void {
    while (!closed && running.size < concurrency) {
      const task = queue.take();
      if (task === undefined) return;
      const ended = perform(task).then(() => {
        running.delete(task.document.id);
        startNext();
      });
      running.set(task.document.id, { task, ended });
    }
  }

  function stop(task: Task, reason: Error): void {
    task.cancelled.abort(reason);
    task.done.reject(reason);
  }

  const submit: Ingestion["submit"] = (document, userId) => {
    const task = {
      document,
      cancelled: new AbortController(),
      done: Promise.withResolvers<void>(),
    };
    // After a restart nobody waits for it.
    task.done.promise.catch(() => {});
    queue.push(userId, task);
    startNext();
    return task.done.promise;
  };

  return {
    submit,

    cancel(documentId) {
      const gone = new AppError("document_not_found");
      const isIt = ({ document }: Task) => document.id === documentId;
      for (const task of queue.remove(isIt)) stop(task, gone);
      const active = running.get(documentId);
      if (active !== undefined) stop(active.task, gone);
    },

    async resume() {
      for (const document of await store.unfinishedDocuments()) {
        const knowledgeBase = await store.findKnowledgeBase(document.knowledgeBaseId);
        if (knowledgeBase !== undefined)
          void submit(document, knowledgeBase.userId).catch(() => {});
      }
    },

    async close() {
      closed = true;
      const shutdown = new AppError("internal", {}, { cause: new Error("the server stops") });
      const active = [...running.values()];
      for (const task of queue.remove(() => true)) stop(task, shutdown);
      for (const { task } of active) stop(task, shutdown);
      await Promise.all(active.map(({ ended }) => ended));
    },
  };
}
