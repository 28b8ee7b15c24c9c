import { WorkerClient } from "../../workers/client.ts";
import type { WriterOptions } from "./writer-worker.ts";
import type { Writes } from "./writes.ts";

export type Writer = WorkerClient<Writes>;

/** Starts the writing thread, which migrates the database first. */
export const startWriter = (options: WriterOptions): Promise<Writer> =>
  WorkerClient.start<Writes>(
    "database writer",
    () => new Worker(new URL("./writer-worker.ts", import.meta.url).href),
    options,
  );
