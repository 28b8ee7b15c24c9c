import type { Database } from "bun:sqlite";
import { and, between, eq, inArray, ne, sql } from "drizzle-orm";
import type { Purged } from "../knowledge.ts";
import { attachmentWrites } from "./attachments.ts";
import type { Drizzle } from "./connection.ts";
import { chunks, documents, knowledgeBases, searchIndexes, slices } from "./schema.ts";
import type { VectorTable } from "./vectors.ts";

/** Chunks that one transaction removes before it leaves the rest to the next: about 30 ms. */
const chunksPerStep = 512;

/** Rows of documents without chunks that one transaction removes. */
const documentsPerStep = 200;

type SliceRow = Pick<typeof slices.$inferSelect, "first" | "count" | "indexNumber" | "visible">;

/**
 * Removing takes two steps. The first hides what is removed and removes as much of it as a short
 * transaction can; `purge` is repeated until nothing is left.
 */
export function knowledgeRemoval(
  database: Database,
  db: Drizzle,
  vectorsOf: (dimensions: number) => VectorTable,
) {
  const { detach } = attachmentWrites(db);
  const removeTerms = database.query("DELETE FROM chunk_terms WHERE rowid = ?");
  const indexByNumber = db
    .select({ dimensions: searchIndexes.dimensions })
    .from(searchIndexes)
    .where(eq(searchIndexes.number, sql.placeholder("number")))
    .prepare();

  /** Tells searches that an index has changed and holds `count` visible chunks less. */
  function shrink(indexNumber: number, count: number): void {
    db.update(searchIndexes)
      .set({
        version: sql`${searchIndexes.version} + 1`,
        visibleChunks: sql`${searchIndexes.visibleChunks} - ${count}`,
      })
      .where(eq(searchIndexes.number, indexNumber))
      .run();
  }

  function removeSlice({ first, count, indexNumber, visible }: SliceRow): void {
    const index = indexByNumber.get({ number: indexNumber });
    if (index === undefined) throw new Error(`slice ${first} belongs to no index`);
    const vectors = vectorsOf(index.dimensions);
    for (let number = first; number < first + count; number += 1) {
      removeTerms.run(number);
      vectors.remove(number);
    }
    db.delete(chunks)
      .where(between(chunks.number, first, first + count - 1))
      .run();
    db.delete(slices).where(eq(slices.first, first)).run();
    if (visible) shrink(indexNumber, count);
  }

  /** Removes slices of one owner until the budget is used up; answers what is left of it. */
  function removeSlices(owner: ReturnType<typeof eq>, budget: number): number {
    let left = budget;
    while (left > 0) {
      const slice = db.select().from(slices).where(owner).limit(1).get();
      if (slice === undefined) return left;
      removeSlice(slice);
      left -= slice.count;
    }
    return left;
  }

  function hideDocument(number: number): void {
    const ofDocument = eq(slices.documentNumber, number);
    const visible = db
      .select({ indexNumber: slices.indexNumber, count: sql<number>`sum(${slices.count})` })
      .from(slices)
      .where(and(ofDocument, eq(slices.visible, true)))
      .groupBy(slices.indexNumber)
      .all();
    for (const { indexNumber, count } of visible) {
      shrink(indexNumber, count);
      const changed = sql`(SELECT version FROM search_indexes WHERE number = ${indexNumber})`;
      db.update(slices)
        .set({ visible: false, changed })
        .where(and(ofDocument, eq(slices.indexNumber, indexNumber)))
        .run();
    }
    db.update(documents).set({ status: "deleting" }).where(eq(documents.number, number)).run();
  }

  function purgeDocuments(budget: number): Purged {
    const documentIds: string[] = [];
    let left = budget;
    const deleted = db
      .select({ number: documents.number, id: documents.id })
      .from(documents)
      .where(sql`status = 'deleting'`)
      .limit(documentsPerStep)
      .all();
    for (const { number, id } of deleted) {
      left = removeSlices(eq(slices.documentNumber, number), left);
      if (left <= 0) break;
      db.delete(documents).where(eq(documents.number, number)).run();
      documentIds.push(id);
    }
    return { documentIds, more: deleted.length > 0 };
  }

  function purgeIndexes(budget: number): Purged {
    const dropped = db
      .select({ number: searchIndexes.number })
      .from(searchIndexes)
      .where(sql`state = 'dropped'`)
      .limit(1)
      .get();
    if (dropped === undefined) return { documentIds: [], more: false };
    const left = removeSlices(eq(slices.indexNumber, dropped.number), budget);
    if (left > 0) db.delete(searchIndexes).where(eq(searchIndexes.number, dropped.number)).run();
    return { documentIds: [], more: true };
  }

  /** Only after the documents that were deleted one by one and the dropped indexes are gone. */
  function purgeKnowledgeBases(): Purged {
    const deleted = db
      .select({ id: knowledgeBases.id })
      .from(knowledgeBases)
      .where(sql`deleted`)
      .limit(1)
      .get();
    if (deleted === undefined) return { documentIds: [], more: false };
    const rows = db
      .select({ number: documents.number, id: documents.id })
      .from(documents)
      .where(eq(documents.knowledgeBaseId, deleted.id))
      .limit(documentsPerStep)
      .all();
    db.delete(documents)
      .where(
        inArray(
          documents.number,
          rows.map((row) => row.number),
        ),
      )
      .run();
    if (rows.length < documentsPerStep) {
      db.delete(knowledgeBases).where(eq(knowledgeBases.id, deleted.id)).run();
    }
    return { documentIds: rows.map((row) => row.id), more: true };
  }

  return {
    removeSlice,

    deleteDocument: (id: string, knowledgeBaseId: string): boolean => {
      const document = db
        .select({ number: documents.number })
        .from(documents)
        .innerJoin(knowledgeBases, eq(knowledgeBases.id, documents.knowledgeBaseId))
        .where(
          and(
            eq(documents.id, id),
            eq(documents.knowledgeBaseId, knowledgeBaseId),
            ne(documents.status, "deleting"),
            eq(knowledgeBases.deleted, false),
          ),
        )
        .get();
      if (document === undefined) return false;
      hideDocument(document.number);
      // Its row stays for `purge`, which reports that the file can go.
      removeSlices(eq(slices.documentNumber, document.number), chunksPerStep);
      return true;
    },

    deleteKnowledgeBase: (id: string, userId: number): number[] | undefined => {
      const hidden = db
        .update(knowledgeBases)
        .set({ deleted: true })
        .where(
          and(
            eq(knowledgeBases.id, id),
            eq(knowledgeBases.userId, userId),
            eq(knowledgeBases.deleted, false),
          ),
        )
        .returning({ id: knowledgeBases.id })
        .get();
      if (hidden === undefined) return undefined;
      db.update(searchIndexes)
        .set({ state: "dropped" })
        .where(eq(searchIndexes.knowledgeBaseId, id))
        .run();
      purgeIndexes(chunksPerStep);
      // Its row, and with it what refers to it, goes last.
      return detach(id);
    },

    purge: (): Purged => {
      const purgedDocuments = purgeDocuments(chunksPerStep);
      if (purgedDocuments.more) return purgedDocuments;
      const indexes = purgeIndexes(chunksPerStep);
      return indexes.more ? indexes : purgeKnowledgeBases();
    },
  };
}
