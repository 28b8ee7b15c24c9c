import { AppError } from "../../errors.ts";
import type { ConversationStore } from "../../store/conversations.ts";
import { WorkerClient } from "../../workers/client.ts";
import type { ImportBatch, ImportFault } from "./import-reader.ts";
import type { ImportWorkerApi } from "./import-worker.ts";

/** Files that are read at a time: each may hold a whole conversation in memory. */
const mostAtOnce = 8;
/** Seconds after which a caller may try again where there are as many. */
const retryAfter = 5;
/** Conversations of a file that are listed in its order, the first as the newest. */
const inOrder = 10_000;

export interface ImportResult {
  /** In the order of the file. */
  readonly conversationIds: readonly number[];
  /** Conversations that were left out, and what cut the file off, if anything did. */
  readonly faults: readonly ImportFault[];
}

/** Takes conversations in from files. Each is stored whole or not at all. */
export function createImportService(options: {
  readonly store: ConversationStore;
  /** Bytes of a file at most. */
  readonly maxBytes: number;
  nextId(): number;
}) {
  const { store, maxBytes, nextId } = options;
  const worker = WorkerClient.onDemand<ImportWorkerApi>(
    "import",
    () => new Worker(new URL("./import-worker.ts", import.meta.url).href),
    undefined,
  );
  let running = 0;

  async function* batches(
    id: string,
    bytes: AsyncIterable<Uint8Array>,
  ): AsyncGenerator<ImportBatch> {
    let size = 0;
    for await (const piece of bytes) {
      size += piece.length;
      if (size > maxBytes) throw new AppError("file_too_large", { limit: maxBytes });
      const batch = await worker.call("write", [id, piece]);
      yield batch;
      if (batch.ended) return;
    }
    yield worker.call("end", [id]);
  }

  return {
    maxBytes,

    /**
     * Takes in what is in a file, as it comes.
     *
     * @throws AppError what is wrong with the file, when nothing of it could be taken in;
     *   `file_too_large`; `rate_limited` while too many are being read
     */
    async import(userId: number, bytes: AsyncIterable<Uint8Array>): Promise<ImportResult> {
      if (running === mostAtOnce) throw new AppError("rate_limited", {}, { retryAfter });
      running += 1;
      const id = Bun.randomUUIDv7();
      // Lists are by id, the highest first, and ChatGPT's file begins with the newest.
      const ids = Array.from({ length: inOrder }, nextId);
      const conversationIds: number[] = [];
      const faults: ImportFault[] = [];
      try {
        await worker.call("start", [id]);
        for await (const batch of batches(id, bytes)) {
          for (const conversation of batch.conversations) {
            const conversationId = ids.pop() ?? nextId();
            await store.import(conversationId, userId, conversation);
            conversationIds.push(conversationId);
          }
          faults.push(...batch.faults);
        }
      } catch (error) {
        // What was taken in is told of, so that it is not sent again.
        if (!(error instanceof AppError) || conversationIds.length === 0) throw error;
        faults.push({ index: null, title: null, code: error.code, parameters: error.parameters });
      } finally {
        running -= 1;
        worker.call("forget", [id]).catch(() => {});
      }
      const [first] = faults;
      if (conversationIds.length === 0 && first?.index === null) {
        throw new AppError(first.code, first.parameters);
      }
      return { conversationIds, faults };
    },

    close: (): Promise<void> => worker.close(),
  };
}

export type ImportService = ReturnType<typeof createImportService>;
