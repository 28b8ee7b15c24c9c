import type { Database } from "bun:sqlite";
import { and, desc, eq, sql } from "drizzle-orm";
import type { DocumentEnd, DocumentError } from "../knowledge.ts";
import { type PackedSlice, unpackSlice } from "../slice.ts";
import type { Drizzle } from "./connection.ts";
import { indexedText } from "./full-text.ts";
import type { knowledgeRemoval } from "./knowledge-removal.ts";
import { chunks, documents, searchIndexes, slices } from "./schema.ts";
import { chunksPerIndex, liveIndexes } from "./search-indexes.ts";
import type { VectorTable } from "./vectors.ts";

function littleEndian(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [at, value] of values.entries()) bytes.writeUInt32LE(value, at * 4);
  return bytes;
}

/** Documents grow by slices of chunks, hidden until the last one is there. */
export function sliceWrites(
  database: Database,
  db: Drizzle,
  vectorsOf: (dimensions: number) => VectorTable,
  removeSlice: ReturnType<typeof knowledgeRemoval>["removeSlice"],
) {
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
  const liveIndex = liveIndexes(db);
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
      if (newest[0] !== undefined) removeSlice(newest[0]);
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
