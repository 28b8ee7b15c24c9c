import { WorkerClient } from "../workers/client.ts";
import type { IngestWorkerApi, IngestWorkerOptions } from "./ingest-worker.ts";

export type IngestWorker = WorkerClient<IngestWorkerApi>;

export const startIngestWorker = (options: IngestWorkerOptions): Promise<IngestWorker> =>
  WorkerClient.start<IngestWorkerApi>(
    "ingest",
    () => new Worker(new URL("./ingest-worker.ts", import.meta.url).href),
    options,
  );
