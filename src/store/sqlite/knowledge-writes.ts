import type { Database } from "bun:sqlite";
import { and, desc, eq, ne, sql } from "drizzle-orm";
import type {
  Document,
  DocumentEnd,
  DocumentError,
  KnowledgeBaseChanges,
  NewDocument,
  NewKnowledgeBase,
} from "../knowledge.ts";
import { type PackedSlice, unpackSlice } from "../slice.ts";
import type { Drizzle } from "./connection.ts";
import { toDocument } from "./document-row.ts";
import { indexedText } from "./full-text.ts";
import { knowledgeReindex } from "./knowledge-reindex.ts";
import { knowledgeRemoval } from "./knowledge-removal.ts";
import { chunks, documents, knowledgeBases, searchIndexes, slices } from "./schema.ts";
import { vectorTables } from "./vectors.ts";

/**
 * The room for numbers that each index has: chunk n of index i has the number i * 2^31 + n, so that
 * the full-text search of one index is a range of rowids and other indexes cost it nothing.
 */
export const chunksPerIndex = 2 ** 31;

function littleEndian(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [at, value] of values.entries()) bytes.writeUInt32LE(value, at * 4);
  return bytes;
}

export function knowledgeWrites(database: Database, db: Drizzle) {
  const vectorsOf = vectorTables(database);
  const removal = knowledgeRemoval(database, db, vectorsOf);
  const insertTerms = database.query("INSERT INTO chunk_terms (rowid, terms) VALUES (?, ?)");
  const insertChunk = db
    .insert(chunks)
    .values({
      number: sql.placeholder("number"),
      id: sql.placeholder("id"),
      documentNumber: sql.placeholder("documentNumber"),
      chunkIndex: sql.placeholder("index"),
      content: sql.placeholder("content"),
      headings: sql.placeholder("headings"),
      page: sql.placeholder("page"),
      startOffset: sql.placeholder("start"),
      endOffset: sql.placeholder("end"),
    })
    .prepare();
  const documentById = db
    .select({
      number: documents.number,
      knowledgeBaseId: documents.knowledgeBaseId,
      status: documents.status,
    })
    .from(documents)
    .where(eq(documents.id, sql.placeholder("id")))
    .prepare();
  const liveIndex = db
    .select()
    .from(searchIndexes)
    .where(
      and(
        eq(searchIndexes.knowledgeBaseId, sql.placeholder("knowledgeBaseId")),
        eq(searchIndexes.state, "live"),
      ),
    )
    .prepare();
  const indexByNumber = db
    .select()
    .from(searchIndexes)
    .where(eq(searchIndexes.number, sql.placeholder("number")))
    .prepare();

  const slicesOf = (documentNumber: number, indexNumber: number) =>
    and(eq(slices.documentNumber, documentNumber), eq(slices.indexNumber, indexNumber));

  function storedChunks(documentNumber: number, indexNumber: number) {
    const stored = db
      .select({
        count: sql<number>`coalesce(sum(${slices.count}), 0)`,
        visible: sql<number>`coalesce(max(${slices.visible}), 0)`,
      })
      .from(slices)
      .where(slicesOf(documentNumber, indexNumber))
      .get();
    return { count: stored?.count ?? 0, isWhole: stored?.visible === 1 };
  }

  /** Where chunks of a document may be added; undefined where they may not. */
  function placeFor(documentId: string, indexNumber: number | undefined) {
    const document = documentById.get({ id: documentId });
    if (document === undefined) return undefined;
    const { number, knowledgeBaseId, status } = document;
    const index =
      indexNumber === undefined
        ? liveIndex.get({ knowledgeBaseId })
        : indexByNumber.get({ number: indexNumber });
    if (index?.knowledgeBaseId !== knowledgeBaseId) return undefined;
    const expected = { live: "processing", building: "ready", dropped: undefined }[index.state];
    if (status !== expected) return undefined;
    const { count, isWhole } = storedChunks(number, index.number);
    return isWhole ? undefined : { number, index, count };
  }

  /** Lets the whole document be found in the index. */
  function publish(
    documentNumber: number,
    index: typeof searchIndexes.$inferSelect,
    version: number,
    end: DocumentEnd,
  ): void {
    db.update(slices)
      .set({ visible: true, changed: version })
      .where(slicesOf(documentNumber, index.number))
      .run();
    const { count: chunkCount } = storedChunks(documentNumber, index.number);
    if (index.state === "live") {
      db.update(documents)
        .set({ status: "ready", chunkCount, ...end })
        .where(eq(documents.number, documentNumber))
        .run();
    }
    db.update(searchIndexes)
      .set({ visibleChunks: sql`${searchIndexes.visibleChunks} + ${chunkCount}` })
      .where(eq(searchIndexes.number, index.number))
      .run();
  }

  return {
    ...removal,
    ...knowledgeReindex(db),

    insertKnowledgeBase: (knowledgeBase: NewKnowledgeBase): void => {
      const { embeddingModel, dimensions, chunkSize, ...row } = knowledgeBase;
      db.insert(knowledgeBases).values(row).run();
      db.insert(searchIndexes)
        .values({ knowledgeBaseId: row.id, embeddingModel, dimensions, chunkSize, state: "live" })
        .run();
    },

    updateKnowledgeBase: (id: string, changes: KnowledgeBaseChanges): boolean => {
      const { chunkSize, ...row } = changes;
      const states = db
        .select({ state: searchIndexes.state, number: searchIndexes.number })
        .from(searchIndexes)
        .where(and(eq(searchIndexes.knowledgeBaseId, id), ne(searchIndexes.state, "dropped")))
        .all();
      const live = states.find(({ state }) => state === "live");
      if (live === undefined) return false;
      if (chunkSize !== undefined) {
        if (states.length > 1) return false;
        db.update(searchIndexes)
          .set({ chunkSize })
          .where(eq(searchIndexes.number, live.number))
          .run();
      }
      if (Object.keys(row).length > 0) {
        db.update(knowledgeBases).set(row).where(eq(knowledgeBases.id, id)).run();
      }
      return true;
    },

    insertDocument: (document: NewDocument): Document | undefined => {
      const { knowledgeBaseId, contentHash } = document;
      if (liveIndex.get({ knowledgeBaseId }) === undefined) return undefined;
      const same = db
        .select()
        .from(documents)
        .where(
          and(
            eq(documents.knowledgeBaseId, knowledgeBaseId),
            eq(documents.contentHash, contentHash),
            ne(documents.status, "deleting"),
          ),
        )
        .orderBy(sql`status = 'ready' DESC`, documents.number)
        .limit(1)
        .get();
      if (same !== undefined) return toDocument(same);
      const inserted = db
        .insert(documents)
        .values({ ...document, status: "processing" })
        .returning()
        .get();
      return toDocument(inserted);
    },

    retryDocument: (
      id: string,
      changes: Partial<Pick<NewDocument, "name" | "fileType" | "metadata">> = {},
    ): boolean => {
      const retried = db
        .update(documents)
        .set({ ...changes, status: "processing", errorCode: null, errorParameters: null })
        .where(and(eq(documents.id, id), eq(documents.status, "failed")))
        .returning({ id: documents.id })
        .get();
      return retried !== undefined;
    },

    addSlice: (
      documentId: string,
      packed: PackedSlice,
      end: DocumentEnd | undefined,
      indexNumber?: number,
    ): boolean => {
      const place = placeFor(documentId, indexNumber);
      if (place === undefined) return false;
      const { number: documentNumber, index } = place;
      const slice = unpackSlice(packed);
      if (slice.chunks[0]?.index !== place.count) return false;
      const { dimensions } = index;
      if (slice.vectors.length !== slice.chunks.length * dimensions) {
        throw new Error(`the vectors of ${documentId} do not have ${dimensions} dimensions`);
      }
      const first = index.number * chunksPerIndex + index.allocated;
      const version = index.version + 1;
      const vectors = vectorsOf(dimensions);
      for (const [at, chunk] of slice.chunks.entries()) {
        const number = first + at;
        const { headings, page = null } = chunk;
        insertChunk.run({
          ...chunk,
          number,
          documentNumber,
          page,
          headings: headings.length === 0 ? null : headings,
        });
        insertTerms.run(number, indexedText(chunk));
        vectors.insert(
          number,
          index.number,
          slice.vectors.subarray(at * dimensions, (at + 1) * dimensions),
        );
      }
      db.insert(slices)
        .values({
          first,
          count: slice.chunks.length,
          indexNumber: index.number,
          documentNumber,
          visible: false,
          changed: version,
          lengths: littleEndian(slice.chunks.map((chunk) => chunk.length)),
        })
        .run();
      db.update(searchIndexes)
        .set({ allocated: index.allocated + slice.chunks.length, version })
        .where(eq(searchIndexes.number, index.number))
        .run();
      if (end !== undefined) publish(documentNumber, index, version, end);
      return true;
    },

    discardSlice: (documentId: string, indexNumber?: number): boolean => {
      const place = placeFor(documentId, indexNumber);
      if (place === undefined) return false;
      const newest = db
        .select()
        .from(slices)
        .where(slicesOf(place.number, place.index.number))
        .orderBy(desc(slices.first))
        .limit(2)
        .all();
      if (newest[0] !== undefined) removal.removeSlice(newest[0]);
      return newest.length === 2;
    },

    failDocument: (documentId: string, error: DocumentError): void => {
      const place = placeFor(documentId, undefined);
      if (place === undefined || place.count > 0) return;
      db.update(documents)
        .set({ status: "failed", errorCode: error.code, errorParameters: error.parameters })
        .where(eq(documents.number, place.number))
        .run();
    },
  };
}
