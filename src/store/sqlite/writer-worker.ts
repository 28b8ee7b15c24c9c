import type { Database } from "bun:sqlite";
import type { WorkerApi } from "../../workers/protocol.ts";
import { Grouped, serveWorker } from "../../workers/serve.ts";
import { openDatabase } from "./connection.ts";
import { migrate } from "./migrate.ts";
import { createWrites, type Writes } from "./writes.ts";

export interface WriterOptions {
  readonly path: string;
  readonly vectorExtension: string;
}

/** Milliseconds that the end of the program waits for other processes that read the database. */
const patience = 500;

function endOf(database: Database) {
  return {
    /** Moves all that is in the write-ahead log into the database's file and lets go of both. */
    end: async (): Promise<void> => {
      // The transaction of the calls that came with this one has to end first.
      await Promise.resolve();
      database.run(`PRAGMA busy_timeout = ${patience}`);
      database.run("PRAGMA wal_checkpoint(TRUNCATE)");
      database.close();
    },
  };
}

export type WriterApi = Writes & ReturnType<typeof endOf>;

/**
 * The one connection that writes: no other thread ever waits for a lock or a disk. Writes that came
 * together are committed together, each in a savepoint of its own: a commit costs as much as the
 * write of a message.
 */
serveWorker<WriterOptions>(({ path, vectorExtension }) => {
  const database = openDatabase({ path, vectorExtension, readonly: false });
  migrate(database);
  const writes: WorkerApi = createWrites(database);
  const api: WorkerApi = { ...endOf(database) };
  for (const [name, write] of Object.entries(writes)) {
    const transaction = database.transaction(write);
    api[name] = (...args) => {
      // SQLite rolls back by itself where the disk is full or fails.
      if (!database.inTransaction) throw new Error("the transaction was rolled back");
      return transaction(...args);
    };
  }
  const group = database.transaction((run: () => void) => run());
  return new Grouped(api, (run) => group.immediate(run));
});
