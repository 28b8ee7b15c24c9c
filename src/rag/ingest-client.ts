import { WorkerClient } from "../workers/client.ts";
import type { IngestWorkerApi, IngestWorkerOptions } from "./ingest-worker.ts";

export type IngestWorker = WorkerClient<IngestWorkerApi>;

/** The thread that takes documents in, started when it is first needed. */
export const startIngestWorker = (options: IngestWorkerOptions): IngestWorker =>
  WorkerClient.onDemand<IngestWorkerApi>(
    "ingest",
    () => new Worker(new URL("./ingest-worker.ts", import.meta.url).href),
    options,
  );
