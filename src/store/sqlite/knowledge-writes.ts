import type { Database } from "bun:sqlite";
import type { Drizzle } from "./connection.ts";
import { documentWrites } from "./document-writes.ts";
import { knowledgeBaseWrites } from "./knowledge-base-writes.ts";
import { knowledgeReindex } from "./knowledge-reindex.ts";
import { knowledgeRemoval } from "./knowledge-removal.ts";
import { sliceWrites } from "./slice-writes.ts";
import { vectorTables } from "./vectors.ts";

export function knowledgeWrites(database: Database, db: Drizzle) {
  const vectorsOf = vectorTables(database);
  const removal = knowledgeRemoval(database, db, vectorsOf);
  return {
    ...removal,
    ...knowledgeBaseWrites(db),
    ...knowledgeReindex(db),
    ...documentWrites(db),
    ...sliceWrites(database, db, vectorsOf, removal.removeSlice),
  };
}
