import { serveWorker } from "../../workers/serve.ts";
import { openDatabase } from "./connection.ts";
import { createUsageSums } from "./usage-sums.ts";

export interface UsageWorkerOptions {
  readonly path: string;
}

/** Adding up all that a user has ever asked keeps a processor busy: it has its own thread. */
function createWorker({ path }: UsageWorkerOptions) {
  const database = openDatabase({ path, readonly: true });
  return {
    ...createUsageSums(database),
    /** Lets go of the database. */
    end: () => database.close(),
  };
}

export type UsageWorkerApi = ReturnType<typeof createWorker>;

serveWorker<UsageWorkerOptions>(createWorker);
