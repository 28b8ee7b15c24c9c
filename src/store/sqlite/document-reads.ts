import { and, asc, between, desc, eq, getTableColumns, inArray, type SQL, sql } from "drizzle-orm";
import type { DocumentFilter, KnowledgeStore } from "../knowledge.ts";
import type { ChunkBody } from "../slice.ts";
import type { Drizzle } from "./connection.ts";
import { toDocument } from "./document-row.ts";
import { isBehind, listPart } from "./list-part.ts";
import { chunks, documents, knowledgeBases, searchIndexes, slices } from "./schema.ts";

const placeholder = sql.placeholder;

type Reads = Pick<
  KnowledgeStore,
  "findDocument" | "documents" | "unfinishedDocuments" | "documentNumbers" | "chunks" | "progress"
>;

function conditionsOf({ documentIds, fileTypes, metadata = {} }: DocumentFilter): SQL[] {
  const conditions: SQL[] = [];
  if (documentIds !== undefined) conditions.push(inArray(documents.id, [...documentIds]));
  if (fileTypes !== undefined) conditions.push(inArray(documents.fileType, [...fileTypes]));
  for (const [key, values] of Object.entries(metadata)) {
    conditions.push(
      sql`EXISTS (SELECT 1 FROM json_each(${documents.metadata}) AS pair
        WHERE pair.key = ${key} AND ${inArray(sql`pair.value`, [...values])})`,
    );
  }
  return conditions;
}

export function documentReads(db: Drizzle): Reads {
  const select = () =>
    db
      .select(getTableColumns(documents))
      .from(documents)
      .innerJoin(
        knowledgeBases,
        and(eq(knowledgeBases.id, documents.knowledgeBaseId), eq(knowledgeBases.deleted, false)),
      );
  const isKept = sql`${documents.status} <> 'deleting'`;
  const byId = select()
    .where(and(eq(documents.id, placeholder("id")), isKept))
    .prepare();
  const byKnowledgeBase = select()
    .where(
      and(
        eq(documents.knowledgeBaseId, placeholder("knowledgeBaseId")),
        isKept,
        isBehind(documents.id),
      ),
    )
    .orderBy(sql`+${documents.id}`)
    .limit(placeholder("limit"))
    .prepare();
  const unfinished = select()
    // Written out, and with the partial index's condition, so that the index is used.
    .where(sql`documents.status IN ('processing', 'deleting') AND documents.status = 'processing'`)
    .orderBy(asc(documents.number))
    .prepare();

  const slicesIn = (condition: SQL) =>
    db
      .select({ first: slices.first, count: slices.count, visible: slices.visible })
      .from(slices)
      .innerJoin(documents, eq(documents.number, slices.documentNumber))
      .innerJoin(searchIndexes, eq(searchIndexes.number, slices.indexNumber))
      .where(and(eq(documents.id, placeholder("id")), condition))
      .orderBy(desc(slices.first))
      .prepare();
  const slicesInLive = slicesIn(eq(searchIndexes.state, "live"));
  const slicesInIndex = slicesIn(eq(searchIndexes.number, placeholder("index")));
  const chunkEnd = db
    .select({ content: chunks.content, end: chunks.endOffset })
    .from(chunks)
    .where(eq(chunks.number, placeholder("number")))
    .prepare();
  const chunksBetween = db
    .select({
      id: chunks.id,
      index: chunks.chunkIndex,
      content: chunks.content,
      headings: chunks.headings,
      page: chunks.page,
      start: chunks.startOffset,
      end: chunks.endOffset,
    })
    .from(chunks)
    .where(between(chunks.number, placeholder("first"), placeholder("last")))
    .orderBy(asc(chunks.number))
    .prepare();

  /** A document's slices follow one another by index, and so do the chunks in each. */
  function readChunks(id: string, after: number, limit: number): ChunkBody[] {
    const read: ChunkBody[] = [];
    let index = 0;
    for (const slice of slicesInLive.all({ id }).toReversed()) {
      const skipped = Math.max(0, after + 1 - index);
      index += slice.count;
      const wanted = Math.min(slice.count - skipped, limit - read.length);
      if (!slice.visible || wanted <= 0) continue;
      const first = slice.first + skipped;
      const rows = chunksBetween.all({ first, last: first + wanted - 1 });
      for (const { headings, page, ...row } of rows) {
        read.push({ ...row, headings: headings ?? [], page: page ?? undefined });
      }
    }
    return read;
  }
  // One snapshot: a reindexing that ends in between would leave gaps.
  const chunksSnapshot = (id: string, after: number, limit: number): ChunkBody[] =>
    db.transaction(() => readChunks(id, after, limit));

  return {
    findDocument: async (id) => {
      const row = byId.get({ id });
      return row === undefined ? undefined : toDocument(row);
    },
    documents: async (knowledgeBaseId, part) =>
      byKnowledgeBase.all({ knowledgeBaseId, ...listPart(part) }).map(toDocument),
    unfinishedDocuments: async () => unfinished.all().map(toDocument),
    documentNumbers: async (knowledgeBaseId, filter) =>
      db
        .select({ number: documents.number })
        .from(documents)
        .where(
          and(
            eq(documents.knowledgeBaseId, knowledgeBaseId),
            eq(documents.status, "ready"),
            ...conditionsOf(filter),
          ),
        )
        .orderBy(asc(documents.number))
        .all()
        .map(({ number }) => number),

    chunks: async (id, after, limit) => chunksSnapshot(id, after, limit),
    progress: async (id, index) => {
      const stored =
        index === undefined ? slicesInLive.all({ id }) : slicesInIndex.all({ id, index });
      const chunkCount = stored.reduce((sum, { count }) => sum + count, 0);
      const newest = stored[0];
      const number = newest === undefined ? -1 : newest.first + newest.count - 1;
      return { chunkCount, last: chunkEnd.get({ number }) };
    },
  };
}
