import { WorkerClient } from "../workers/client.ts";
import type { SearchWorkerApi, SearchWorkerOptions } from "./search-worker.ts";

export type SearchWorker = WorkerClient<SearchWorkerApi>;

/** Starts the thread that searches, without waiting; the database must have been migrated. */
export const startSearchWorker = (options: SearchWorkerOptions): SearchWorker =>
  WorkerClient.startUnawaited<SearchWorkerApi>(
    "search",
    () => new Worker(new URL("./search-worker.ts", import.meta.url).href),
    options,
  );
