import { and, eq, sql } from "drizzle-orm";
import type { Drizzle } from "./connection.ts";
import { searchIndexes } from "./schema.ts";

/**
 * The room for numbers that each index has: chunk n of index i has the number i * 2^31 + n, so that
 * the full-text search of one index is a range of rowids and other indexes cost it nothing.
 */
export const chunksPerIndex = 2 ** 31;

/** Looks up the index of a knowledge base that answers; there is none when it is being deleted. */
export const liveIndexes = (db: Drizzle) =>
  db
    .select()
    .from(searchIndexes)
    .where(
      and(
        eq(searchIndexes.knowledgeBaseId, sql.placeholder("knowledgeBaseId")),
        eq(searchIndexes.state, "live"),
      ),
    )
    .prepare();
