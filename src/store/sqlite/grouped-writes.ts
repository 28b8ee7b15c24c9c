import type { Database } from "bun:sqlite";
import { AppError } from "../../errors.ts";
import type { WorkerApi } from "../../workers/protocol.ts";
import { Grouped } from "../../workers/serve.ts";

/** Says of a full disk that it is one; anything else stays as it is. */
function asFault(error: unknown): unknown {
  const isFull = error instanceof Error && "code" in error && error.code === "SQLITE_FULL";
  return isFull ? new AppError("storage_full", {}, { cause: error }) : error;
}

/**
 * Makes each of the writes a transaction. Those that came together are committed together, each in a
 * savepoint of its own: a commit costs as much as the write of a message. Where SQLite rolls all of them
 * back, since the disk is full or fails, each fails with the reason for that.
 */
export function groupedWrites(database: Database, writes: WorkerApi): Grouped {
  let undoneBy: unknown;
  const api: WorkerApi = {};
  for (const [name, write] of Object.entries(writes)) {
    const transaction = database.transaction(write);
    api[name] = (...args) => {
      if (!database.inTransaction) throw undoneBy;
      try {
        return transaction(...args);
      } catch (error) {
        if (!database.inTransaction) undoneBy = asFault(error);
        throw asFault(error);
      }
    };
  }
  const group = database.transaction((run: () => void) => {
    run();
    if (!database.inTransaction) throw undoneBy;
  });
  return new Grouped(api, (run) => {
    try {
      group.immediate(run);
    } catch (error) {
      throw asFault(error);
    }
  });
}
