import { type Column, type SQL, sql } from "drizzle-orm";
import type { ListPart } from "../knowledge.ts";

/**
 * Whether a row stands behind a list's `after`. The plus keeps SQLite from reading the whole table in
 * the order of the ids instead of the few rows of one list.
 */
export const isBehind = (id: Column): SQL => sql`+${id} > ${sql.placeholder("after")}`;

/** The values of `limit` and `after` in a prepared query. */
export const listPart = ({ limit, after }: ListPart = {}): { limit: number; after: string } => ({
  // SQLite takes -1 for no limit.
  limit: limit ?? -1,
  after: after?.toLowerCase() ?? "",
});
