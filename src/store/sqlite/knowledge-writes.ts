import type { Database } from "bun:sqlite";
import { and, desc, eq, sql } from "drizzle-orm";
import type { DocumentEnd, DocumentError, KnowledgeBase, NewDocument } from "../knowledge.ts";
import { type PackedSlice, unpackSlice } from "../slice.ts";
import type { Drizzle } from "./connection.ts";
import { indexedText } from "./full-text.ts";
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
  const processingDocument = db
    .select({ number: documents.number, knowledgeBaseId: documents.knowledgeBaseId })
    .from(documents)
    .where(and(eq(documents.id, sql.placeholder("id")), eq(documents.status, "processing")))
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

  function storedChunks(documentNumber: number): number {
    const stored = db
      .select({ total: sql<number>`coalesce(sum(${slices.count}), 0)` })
      .from(slices)
      .where(eq(slices.documentNumber, documentNumber))
      .get();
    return stored?.total ?? 0;
  }

  /** Lets the whole document be found. */
  function publish(
    documentNumber: number,
    indexNumber: number,
    version: number,
    end: DocumentEnd,
  ): void {
    db.update(slices)
      .set({ visible: true, changed: version })
      .where(eq(slices.documentNumber, documentNumber))
      .run();
    const chunkCount = storedChunks(documentNumber);
    db.update(documents)
      .set({ status: "ready", chunkCount, fileType: end.fileType })
      .where(eq(documents.number, documentNumber))
      .run();
    db.update(searchIndexes)
      .set({ visibleChunks: sql`${searchIndexes.visibleChunks} + ${chunkCount}` })
      .where(eq(searchIndexes.number, indexNumber))
      .run();
  }

  return {
    ...removal,

    insertKnowledgeBase: (knowledgeBase: KnowledgeBase): void => {
      const { embeddingModel, dimensions, ...row } = knowledgeBase;
      db.insert(knowledgeBases).values(row).run();
      db.insert(searchIndexes)
        .values({ knowledgeBaseId: row.id, embeddingModel, dimensions, state: "live" })
        .run();
    },

    insertDocument: (document: NewDocument): boolean => {
      if (liveIndex.get({ knowledgeBaseId: document.knowledgeBaseId }) === undefined) return false;
      db.insert(documents)
        .values({ ...document, status: "processing" })
        .run();
      return true;
    },

    addSlice: (documentId: string, packed: PackedSlice, end: DocumentEnd | undefined): boolean => {
      const document = processingDocument.get({ id: documentId });
      if (document === undefined) return false;
      const index = liveIndex.get({ knowledgeBaseId: document.knowledgeBaseId });
      if (index === undefined) return false;
      const slice = unpackSlice(packed);
      if (slice.chunks[0]?.index !== storedChunks(document.number)) return false;
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
          documentNumber: document.number,
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
          documentNumber: document.number,
          visible: false,
          changed: version,
          lengths: littleEndian(slice.chunks.map((chunk) => chunk.length)),
        })
        .run();
      db.update(searchIndexes)
        .set({ allocated: index.allocated + slice.chunks.length, version })
        .where(eq(searchIndexes.number, index.number))
        .run();
      if (end !== undefined) publish(document.number, index.number, version, end);
      return true;
    },

    discardSlice: (documentId: string): boolean => {
      const document = processingDocument.get({ id: documentId });
      if (document === undefined) return false;
      const newest = db
        .select()
        .from(slices)
        .where(eq(slices.documentNumber, document.number))
        .orderBy(desc(slices.first))
        .limit(2)
        .all();
      if (newest[0] !== undefined) removal.removeSlice(newest[0]);
      return newest.length === 2;
    },

    failDocument: (documentId: string, error: DocumentError): void => {
      db.update(documents)
        .set({ status: "failed", errorCode: error.code, errorParameters: error.parameters })
        .where(
          and(
            eq(documents.id, documentId),
            eq(documents.status, "processing"),
            sql`NOT EXISTS (SELECT 1 FROM ${slices} WHERE ${slices.documentNumber} = ${documents.number})`,
          ),
        )
        .run();
    },
  };
}
