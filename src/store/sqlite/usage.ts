import { WorkerClient } from "../../workers/client.ts";
import type { UsageEntry, UsageStore } from "../usage.ts";
import type { Drizzle } from "./connection.ts";
import { usage } from "./schema.ts";
import type { UsageWorkerApi, UsageWorkerOptions } from "./usage-worker.ts";
import type { Writer } from "./writer.ts";

export function usageWrites(db: Drizzle) {
  return {
    recordUsage: (entry: UsageEntry): void => {
      db.insert(usage).values(entry).run();
    },
  };
}

/** Sums are made in a thread of their own, which is started when it is first needed. */
export function openUsageStore(
  options: UsageWorkerOptions,
  writer: Writer,
): UsageStore & { close(): Promise<void> } {
  const worker = WorkerClient.onDemand<UsageWorkerApi>(
    "usage",
    () => new Worker(new URL("./usage-worker.ts", import.meta.url).href),
    options,
  );
  return {
    record: (entry) => writer.call("recordUsage", [entry]),
    sum: (query) => worker.call("sum", [query]),
    close: () => worker.closeAfter("end", []),
  };
}
