import type { Database } from "bun:sqlite";
import { type SQL, sql } from "drizzle-orm";
import type { UsageDimension, UsageQuery, UsageSum } from "../usage.ts";
import { queries } from "./connection.ts";
import { usage } from "./schema.ts";

const columns: Readonly<Record<UsageDimension, SQL>> = {
  day: sql`date(${usage.createdTime}, 'unixepoch')`,
  model: sql`${usage.model}`,
  user: sql`${usage.userId}`,
  kind: sql`${usage.kind}`,
};

const tokens = sql`${usage.promptTokens} + ${usage.completionTokens}`;

export function createUsageSums(database: Database) {
  const db = queries(database);
  return {
    /** See `UsageStore.sum`. */
    sum({ userId, from, to, by }: UsageQuery): UsageSum[] {
      const value = (dimension: UsageDimension): SQL =>
        by.includes(dimension) ? columns[dimension] : sql`NULL`;
      const isUsers = userId === undefined ? sql`true` : sql`${usage.userId} = ${userId}`;
      const groups = by.map((dimension) => columns[dimension]);
      // The statement names every field of the type.
      return db.all<UsageSum>(sql`
        SELECT ${value("day")} AS "day", ${value("model")} AS "model",
          ${value("user")} AS "userId",
          (SELECT username FROM users WHERE id = ${value("user")}) AS "username",
          ${value("kind")} AS "kind",
          coalesce(sum(${usage.kind} IN ('answer', 'completion')), 0) AS "answers",
          count(*) AS "requests",
          coalesce(sum(${usage.promptTokens}), 0) AS "promptTokens",
          coalesce(sum(${usage.completionTokens}), 0) AS "completionTokens",
          coalesce(sum(${usage.estimated} * (${tokens})), 0) AS "estimatedTokens"
        FROM ${usage}
        WHERE ${isUsers} AND ${usage.createdTime} >= ${from} AND ${usage.createdTime} < ${to}
        ${groups.length === 0 ? sql`` : sql`GROUP BY ${sql.join(groups, sql`, `)}`}
        ORDER BY "day" DESC, "model", "userId", "kind"`);
    },
  };
}
