import type { WorkerApi } from "../../workers/protocol.ts";
import { serveWorker } from "../../workers/serve.ts";
import { openDatabase } from "./connection.ts";
import { migrate } from "./migrate.ts";
import { createWrites } from "./writes.ts";

export interface WriterOptions {
  readonly path: string;
  readonly vectorExtension: string;
}

/** The one connection that writes: no other thread ever waits for a lock or a disk. */
serveWorker<WriterOptions>(({ path, vectorExtension }) => {
  const database = openDatabase({ path, vectorExtension, readonly: false });
  migrate(database);
  const writes: WorkerApi = createWrites(database);
  const atomic: WorkerApi = {};
  for (const [name, write] of Object.entries(writes)) {
    const transaction = database.transaction(write);
    atomic[name] = (...args) => transaction.immediate(...args);
  }
  return atomic;
});
