import { WorkerClient } from "../workers/client.ts";
import type { SearchWorkerApi, SearchWorkerOptions } from "./search-worker.ts";

export type SearchWorker = WorkerClient<SearchWorkerApi>;

/** Starts the thread that searches; the database must have been migrated. */
export const startSearchWorker = (options: SearchWorkerOptions): Promise<SearchWorker> =>
  WorkerClient.start<SearchWorkerApi>(
    "search",
    () => new Worker(new URL("./search-worker.ts", import.meta.url).href),
    options,
  );
