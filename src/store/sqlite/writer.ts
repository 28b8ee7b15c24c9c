import { WorkerClient } from "../../workers/client.ts";
import type { WriterApi, WriterOptions } from "./writer-worker.ts";

export type Writer = WorkerClient<WriterApi>;

/** Starts the writing thread, which migrates the database first. */
export const startWriter = (options: WriterOptions): Promise<Writer> =>
  WorkerClient.start<WriterApi>(
    "database writer",
    () => new Worker(new URL("./writer-worker.ts", import.meta.url).href),
    options,
  );
