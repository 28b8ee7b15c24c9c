import { and, desc, eq, gte, lt, sql } from "drizzle-orm";
import type { UsageEntry, UsageStore } from "../usage.ts";
import type { Drizzle } from "./connection.ts";
import { usage } from "./schema.ts";
import type { Writer } from "./writer.ts";

export function usageWrites(db: Drizzle) {
  return {
    recordUsage: (entry: UsageEntry): void => {
      db.insert(usage).values(entry).run();
    },
  };
}

export function createUsageStore(db: Drizzle, writer: Writer): UsageStore {
  const day = sql<string>`date(${usage.createdTime}, 'unixepoch')`;
  return {
    record: (entry) => writer.call("recordUsage", [entry]),
    sum: async (userId, { from, to }) =>
      db
        .select({
          day,
          model: usage.model,
          answers: sql<number>`count(*)`,
          promptTokens: sql<number>`sum(${usage.promptTokens})`,
          completionTokens: sql<number>`sum(${usage.completionTokens})`,
          estimatedTokens: sql<number>`sum(${usage.estimated} * (${usage.promptTokens} + ${usage.completionTokens}))`,
        })
        .from(usage)
        .where(
          and(eq(usage.userId, userId), gte(usage.createdTime, from), lt(usage.createdTime, to)),
        )
        .groupBy(day, usage.model)
        .orderBy(desc(day), usage.model)
        .all(),
  };
}
