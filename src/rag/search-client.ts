import { WorkerClient } from "../workers/client.ts";
import type { SearchWorkerApi, SearchWorkerOptions } from "./search-worker.ts";

export type SearchWorker = WorkerClient<SearchWorkerApi>;

/** The thread that searches, started when it is first needed; the database must have been migrated. */
export const startSearchWorker = (options: SearchWorkerOptions): SearchWorker =>
  WorkerClient.onDemand<SearchWorkerApi>(
    "search",
    () => new Worker(new URL("./search-worker.ts", import.meta.url).href),
    options,
  );
