import { WorkerClient } from "../workers/client.ts";
import type { IngestWorkerApi, IngestWorkerOptions } from "./ingest-worker.ts";

export type IngestWorker = WorkerClient<IngestWorkerApi>;

/** Starts the thread that takes documents in, without waiting. */
export const startIngestWorker = (options: IngestWorkerOptions): IngestWorker =>
  WorkerClient.startUnawaited<IngestWorkerApi>(
    "ingest",
    () => new Worker(new URL("./ingest-worker.ts", import.meta.url).href),
    options,
  );
