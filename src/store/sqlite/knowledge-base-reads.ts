import { and, asc, eq, getTableColumns, type SQL, sql } from "drizzle-orm";
import type { KnowledgeStore, ListedKnowledgeBase, ReindexState } from "../knowledge.ts";
import type { Drizzle } from "./connection.ts";
import { toDocument, toDocumentError } from "./document-row.ts";
import { isBehind, listPart } from "./list-part.ts";
import { documents, knowledgeBases, searchIndexes, slices } from "./schema.ts";

const placeholder = sql.placeholder;

const indexColumns = {
  index: searchIndexes.number,
  embeddingModel: searchIndexes.embeddingModel,
  dimensions: searchIndexes.dimensions,
  chunkSize: searchIndexes.chunkSize,
};

type Reads = Pick<
  KnowledgeStore,
  | "findKnowledgeBase"
  | "knowledgeBases"
  | "findListedKnowledgeBase"
  | "findReindex"
  | "reindexes"
  | "nextToReindex"
>;

export function knowledgeBaseReads(db: Drizzle): Reads {
  const { deleted: _, failedReindex: __, ...columns } = getTableColumns(knowledgeBases);
  const isLive = and(
    eq(searchIndexes.knowledgeBaseId, knowledgeBases.id),
    eq(searchIndexes.state, "live"),
  );
  const isKept = eq(knowledgeBases.deleted, false);
  const byId = db
    .select({ ...columns, ...indexColumns })
    .from(knowledgeBases)
    .innerJoin(searchIndexes, isLive)
    .where(and(eq(knowledgeBases.id, placeholder("id")), isKept))
    .prepare();

  const selectListed = () =>
    db
      .select({
        ...columns,
        ...indexColumns,
        chunkCount: searchIndexes.visibleChunks,
        failedReindex: knowledgeBases.failedReindex,
        documentCount: sql<number>`(
          SELECT count(*) FROM documents d
          WHERE d.knowledge_base_id = ${knowledgeBases.id} AND d.status <> 'deleting')`,
      })
      .from(knowledgeBases)
      .innerJoin(searchIndexes, isLive);
  const listedByUser = selectListed()
    .where(
      and(eq(knowledgeBases.userId, placeholder("userId")), isKept, isBehind(knowledgeBases.id)),
    )
    .orderBy(asc(knowledgeBases.id))
    .limit(placeholder("limit"))
    .prepare();
  const listedById = selectListed()
    .where(and(eq(knowledgeBases.id, placeholder("id")), isKept))
    .prepare();

  const selectReindex = (condition?: SQL) =>
    db
      .select({
        ...indexColumns,
        knowledgeBaseId: searchIndexes.knowledgeBaseId,
        userId: knowledgeBases.userId,
      })
      .from(searchIndexes)
      .innerJoin(knowledgeBases, eq(knowledgeBases.id, searchIndexes.knowledgeBaseId))
      // Written out, so that the partial index is used.
      .where(and(sql`${searchIndexes.state} = 'building'`, condition))
      .orderBy(asc(searchIndexes.number))
      .prepare();
  const reindexByKnowledgeBase = selectReindex(
    eq(searchIndexes.knowledgeBaseId, placeholder("knowledgeBaseId")),
  );
  const everyReindex = selectReindex();

  const isWhole = sql`EXISTS (
    SELECT 1 FROM ${slices} WHERE ${slices.documentNumber} = ${documents.number}
      AND ${slices.indexNumber} = ${searchIndexes.number} AND ${slices.visible})`;
  const ofIndex = and(
    eq(documents.knowledgeBaseId, searchIndexes.knowledgeBaseId),
    eq(documents.status, "ready"),
  );
  const next = db
    .select(getTableColumns(documents))
    .from(searchIndexes)
    .innerJoin(documents, ofIndex)
    .where(
      and(
        eq(searchIndexes.number, placeholder("index")),
        eq(searchIndexes.state, "building"),
        sql`${documents.number} > coalesce(
          (SELECT d.number FROM documents d WHERE d.id = ${placeholder("after")}), 0)`,
        sql`NOT ${isWhole}`,
      ),
    )
    .orderBy(asc(documents.number))
    .limit(1)
    .prepare();
  const extent = db
    .select({
      documentsTotal: sql<number>`count(*)`,
      documentsDone: sql<number>`coalesce(sum(${isWhole}), 0)`,
    })
    .from(searchIndexes)
    .innerJoin(documents, ofIndex)
    .where(eq(searchIndexes.number, placeholder("index")))
    .prepare();

  type Listed = NonNullable<ReturnType<typeof listedById.get>>;

  function reindexState({ id, failedReindex }: Listed): ReindexState | undefined {
    const running = reindexByKnowledgeBase.get({ knowledgeBaseId: id });
    if (running !== undefined) {
      const { index, embeddingModel, dimensions, chunkSize } = running;
      const { documentsDone = 0, documentsTotal = 0 } = extent.get({ index }) ?? {};
      const goal = { embeddingModel, dimensions, chunkSize };
      return { ...goal, status: "running", documentsDone, documentsTotal };
    }
    if (failedReindex === null) return undefined;
    const { code, parameters, documentId, ...goal } = failedReindex;
    const error = { ...toDocumentError(code, parameters), documentId };
    return { ...goal, status: "failed", error };
  }

  function toListed(row: Listed): ListedKnowledgeBase {
    const { failedReindex: _, ...knowledgeBase } = row;
    return { ...knowledgeBase, reindex: reindexState(row) };
  }

  return {
    findKnowledgeBase: async (id) => byId.get({ id }),
    knowledgeBases: async (userId, part) =>
      listedByUser.all({ userId, ...listPart(part) }).map(toListed),
    findListedKnowledgeBase: async (id) => {
      const row = listedById.get({ id });
      return row === undefined ? undefined : toListed(row);
    },
    findReindex: async (knowledgeBaseId) => reindexByKnowledgeBase.get({ knowledgeBaseId }),
    reindexes: async () => everyReindex.all(),
    nextToReindex: async (index, after = "") => {
      const row = next.get({ index, after });
      return row === undefined ? undefined : toDocument(row);
    },
  };
}
