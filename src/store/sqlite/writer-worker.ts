import type { Database } from "bun:sqlite";
import { Grouped, serveWorker } from "../../workers/serve.ts";
import { openDatabase } from "./connection.ts";
import { groupedWrites } from "./grouped-writes.ts";
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

/** The one connection that writes: no other thread ever waits for a lock or a disk. */
serveWorker<WriterOptions>(({ path, vectorExtension }) => {
  const database = openDatabase({ path, vectorExtension, readonly: false });
  migrate(database);
  const { api, together } = groupedWrites(database, createWrites(database));
  return new Grouped({ ...api, ...endOf(database) }, together);
});
