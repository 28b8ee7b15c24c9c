import { WorkerClient } from "../../workers/client.ts";
import type { Search } from "./search.ts";
import type { SearchOptions } from "./search-worker.ts";

export type SearchWorker = WorkerClient<Search>;

/** Starts the thread that searches; the database must have been migrated. */
export const startSearchWorker = (options: SearchOptions): Promise<SearchWorker> =>
  WorkerClient.start<Search>(
    "search",
    () => new Worker(new URL("./search-worker.ts", import.meta.url).href),
    options,
  );
