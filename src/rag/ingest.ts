import { AppError } from "../errors.ts";
import { log } from "../log.ts";
import type { ClaimStore } from "../store/claims.ts";
import type { Document, SearchIndex } from "../store/knowledge.ts";
import { FairQueue } from "./fair-queue.ts";
import { type IngestProgress, ProgressBoard, type ProgressListener } from "./ingest-progress.ts";
import { createIngestRun, type RunOptions } from "./ingest-run.ts";

/** Documents that are taken in at once. */
const concurrency = 2;

/** Milliseconds between two looks at a document that another process takes in. */
const elsewhereInterval = 500;

const claimOf = (documentId: string): string => `document ${documentId}`;

interface Task {
  readonly document: Document;
  readonly index: SearchIndex | undefined;
  readonly cancelled: AbortController;
  readonly done: PromiseWithResolvers<void>;
  /** Whether it has failed, which is being stored. */
  failing: boolean;
}

export interface Ingestion {
  /**
   * Takes in a document that is stored as `processing`, when it is its owner's turn; one that is in
   * hand already, here or in another process, is only waited for. Resolves when it can be found. A fault is stored with the
   * document before this rejects with it; what `close` or the end of the process cuts off goes on
   * after the next start.
   *
   * With an `index` that is being built, puts a `ready` document into that; a fault is not stored.
   *
   * @throws AppError `document_not_found` when it was deleted meanwhile; whatever reading, cutting
   *   and embedding it throw
   */
  submit(document: Document, userId: number, index?: SearchIndex): Promise<void>;
  /** Settles as `submit` did for a document that is in hand; undefined when it is not. */
  join(documentId: string): Promise<void> | undefined;
  /** Where a document that is in hand stands. */
  progress(documentId: string): IngestProgress | undefined;
  /** Calls `listener` with every change from now on, until the function that this returns is called. */
  watch(documentId: string, listener: ProgressListener): () => void;
  /** Tells all who watch a document, now or later, that they will hear no more. */
  endWatches(): void;
  /** For a document that was deleted: whatever is done for it ends. */
  cancel(documentId: string): void;
  /** Goes on with everything that the end of a process cut off. */
  resume(): Promise<void>;
  /** Cuts off what runs and waits; whoever waits for a document is told so by AppError `interrupted`. */
  cut(): void;
  /** Cuts off as `cut` does; resolves when nothing runs any more. */
  close(): Promise<void>;
}

export function createIngestion(
  options: RunOptions & {
    readonly claims: ClaimStore;
    /** Called when a document can be found for the first time. */
    onReady(documentId: string): Promise<void>;
  },
): Ingestion {
  const { store, claims } = options;
  const takeIn = createIngestRun(options);
  const queue = new FairQueue<Task>();
  const tasks = new Map<string, Task>();
  const running = new Map<Task, Promise<void>>();
  const board = new ProgressBoard();
  let closed = false;

  /** Removes what there is of a document that failed, and stores why. */
  async function fail(documentId: string, error: AppError): Promise<void> {
    while (await store.discardSlice(documentId));
    await store.failDocument(documentId, { code: error.code, parameters: error.parameters });
  }

  const tidyUp = (documentId: string): Promise<void> =>
    options
      .onReady(documentId)
      .catch((error) => log.error("tidying up behind a document failed", { documentId, error }));

  function leave(task: Task, end: Partial<IngestProgress> | undefined): void {
    if (tasks.get(task.document.id) !== task) return;
    tasks.delete(task.document.id);
    board.end(task.document.id, end);
  }

  /** To be called before anybody is told of the end, lest it take the claim of who comes next. */
  async function letGo({ document, index }: Task): Promise<void> {
    if (index !== undefined) return;
    await claims
      .release(claimOf(document.id))
      .catch((error) => log.error("a document could not be let go of", { error }));
  }

  /**
   * Waits while another process takes the document in; answers whether it is to be done here.
   *
   * @throws AppError with which it failed there, `document_not_found`
   */
  async function waitForTurn(task: Task): Promise<boolean> {
    const { id } = task.document;
    for (;;) {
      const isOurs = await claims.take(claimOf(id));
      const current = await store.findDocument(id);
      if (current?.status !== "processing") {
        if (isOurs) await letGo(task);
        if (current === undefined) throw new AppError("document_not_found");
        if (current.error !== null)
          throw new AppError(current.error.code, current.error.parameters);
        return false;
      }
      if (isOurs) return true;
      await Bun.sleep(elsewhereInterval);
      task.cancelled.signal.throwIfAborted();
    }
  }

  /** Puts a task into the queue as soon as no other process has the document. */
  async function enqueue(task: Task, userId: number): Promise<void> {
    try {
      // An index that is built is one process's as a whole.
      const isOurs = task.index !== undefined || (await waitForTurn(task));
      if (task.cancelled.signal.aborted) {
        await letGo(task);
      } else if (isOurs) {
        queue.push(userId, task);
        startNext();
      } else {
        leave(task, { stage: "ready" });
        task.done.resolve();
      }
    } catch (error) {
      leave(task, undefined);
      task.done.reject(error);
    }
  }

  async function perform(task: Task): Promise<void> {
    const { document, index, cancelled, done } = task;
    const { id } = document;
    try {
      const report = (progress: Partial<IngestProgress>) => {
        if (index === undefined && !cancelled.signal.aborted) board.report(id, progress);
      };
      await takeIn({ document, index, signal: cancelled.signal, report });
      if (index === undefined) await tidyUp(id);
      await letGo(task);
      leave(task, { stage: "ready" });
      done.resolve();
    } catch (error) {
      task.failing = true;
      const isFault = error instanceof AppError && !cancelled.signal.aborted;
      const fault = isFault && index === undefined ? error : undefined;
      if (fault !== undefined) {
        await fail(id, fault).catch((cause) =>
          log.error("a failed document could not be marked", { error: cause }),
        );
      }
      await letGo(task);
      leave(
        task,
        fault && { stage: "failed", error: { code: fault.code, parameters: fault.parameters } },
      );
      done.reject(error);
    }
  }

  function startNext(): void {
    while (!closed && running.size < concurrency) {
      const task = queue.take();
      if (task === undefined) return;
      const ended = perform(task).then(() => {
        running.delete(task);
        startNext();
      });
      running.set(task, ended);
    }
  }

  function stop(task: Task, reason: Error): void {
    task.cancelled.abort(reason);
    leave(task, undefined);
    task.done.reject(reason);
  }

  const submit: Ingestion["submit"] = (document, userId, index) => {
    const known = tasks.get(document.id);
    if (known !== undefined) {
      if (!known.failing) return known.done.promise;
      const again = known.done.promise.catch(() => submit(document, userId, index));
      again.catch(() => {});
      return again;
    }
    const task: Task = {
      document,
      index,
      cancelled: new AbortController(),
      done: Promise.withResolvers<void>(),
      failing: false,
    };
    // After a restart nobody waits for it.
    task.done.promise.catch(() => {});
    if (closed) {
      task.done.reject(shutdown());
      return task.done.promise;
    }
    tasks.set(document.id, task);
    if (index === undefined) board.begin(document.id);
    void enqueue(task, userId);
    return task.done.promise;
  };

  function cut(): void {
    closed = true;
    queue.remove(() => true);
    for (const task of [...tasks.values()]) stop(task, shutdown());
  }

  return {
    submit,
    join: (documentId) => tasks.get(documentId)?.done.promise,
    progress: (documentId) => board.get(documentId),
    watch: (documentId, listener) => board.watch(documentId, listener),
    endWatches: () => board.dismiss(),

    cancel(documentId) {
      const task = tasks.get(documentId);
      if (task === undefined) return;
      if (queue.remove((waiting) => waiting === task).length > 0) void letGo(task);
      stop(task, new AppError("document_not_found"));
    },

    async resume() {
      for (const document of await store.unfinishedDocuments()) {
        const knowledgeBase = await store.findKnowledgeBase(document.knowledgeBaseId);
        if (knowledgeBase !== undefined) {
          void submit(document, knowledgeBase.userId).catch(() => {});
        }
      }
    },

    cut,

    async close() {
      cut();
      await Promise.all(running.values());
    },
  };
}

const shutdown = (): AppError =>
  new AppError("interrupted", {}, { cause: new Error("the server stops") });
