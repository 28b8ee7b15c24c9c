import type { Database } from "bun:sqlite";
import type { WorkerApi } from "../../workers/protocol.ts";
import { Grouped } from "../../workers/serve.ts";
import { storageFault } from "../storage-fault.ts";

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
        const fault = storageFault(error);
        if (!database.inTransaction) undoneBy = fault;
        throw fault;
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
      throw storageFault(error);
    }
  });
}
