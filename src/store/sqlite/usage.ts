import { sql } from "drizzle-orm";
import { WorkerClient } from "../../workers/client.ts";
import type { UsageEntry, UsageStore } from "../usage.ts";
import type { Drizzle } from "./connection.ts";
import { usage } from "./schema.ts";
import type { UsageWorkerApi, UsageWorkerOptions } from "./usage-worker.ts";
import type { Writer } from "./writer.ts";

export function usageWrites(db: Drizzle) {
  const insert = db
    .insert(usage)
    .values({
      kind: sql.placeholder("kind"),
      userId: sql.placeholder("userId"),
      conversationId: sql.placeholder("conversationId"),
      messageId: sql.placeholder("messageId"),
      model: sql.placeholder("model"),
      promptTokens: sql.placeholder("promptTokens"),
      completionTokens: sql.placeholder("completionTokens"),
      estimated: sql.placeholder("estimated"),
      createdTime: sql.placeholder("createdTime"),
    })
    .prepare();

  return {
    recordUsage: (entry: UsageEntry): void => {
      insert.run({ ...entry });
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
