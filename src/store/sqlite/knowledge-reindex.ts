import { and, eq, sql } from "drizzle-orm";
import type { ReindexEnd, ReindexError, SearchIndex } from "../knowledge.ts";
import type { Drizzle } from "./connection.ts";
import { knowledgeBases, searchIndexes } from "./schema.ts";

/** The life of an index that is built beside the one that answers. */
export function knowledgeReindex(db: Drizzle) {
  const building = (number: number) =>
    db
      .select()
      .from(searchIndexes)
      .where(and(eq(searchIndexes.number, number), eq(searchIndexes.state, "building")))
      .get();

  return {
    startReindex: (knowledgeBaseId: string, wanted: Omit<SearchIndex, "index">): boolean => {
      const ofKnowledgeBase = eq(searchIndexes.knowledgeBaseId, knowledgeBaseId);
      const states = db
        .select({ state: searchIndexes.state })
        .from(searchIndexes)
        .where(ofKnowledgeBase)
        .all()
        .map(({ state }) => state);
      if (!states.includes("live") || states.includes("building")) return false;
      db.insert(searchIndexes)
        .values({ ...wanted, knowledgeBaseId, state: "building" })
        .run();
      db.update(knowledgeBases)
        .set({ failedReindex: null })
        .where(eq(knowledgeBases.id, knowledgeBaseId))
        .run();
      return true;
    },

    finishReindex: (number: number): ReindexEnd => {
      const index = building(number);
      if (index === undefined) return "gone";
      const { knowledgeBaseId } = index;
      const ready = sql`knowledge_base_id = ${knowledgeBaseId} AND status = 'ready'`;
      const [missing] = db.values(
        sql`SELECT 1 FROM documents WHERE ${ready} AND NOT EXISTS (
              SELECT 1 FROM slices WHERE document_number = documents.number
                AND index_number = ${number} AND visible) LIMIT 1`,
      );
      if (missing !== undefined) return "behind";
      db.update(searchIndexes)
        .set({ state: "dropped" })
        .where(
          and(eq(searchIndexes.knowledgeBaseId, knowledgeBaseId), eq(searchIndexes.state, "live")),
        )
        .run();
      db.update(searchIndexes).set({ state: "live" }).where(eq(searchIndexes.number, number)).run();
      db.run(
        sql`UPDATE documents SET chunk_count = (
              SELECT sum(count) FROM slices
              WHERE document_number = documents.number AND index_number = ${number})
            WHERE ${ready}`,
      );
      return "swapped";
    },

    failReindex: (number: number, error: ReindexError): void => {
      const index = building(number);
      if (index === undefined) return;
      const { knowledgeBaseId, embeddingModel, dimensions, chunkSize } = index;
      db.update(searchIndexes)
        .set({ state: "dropped" })
        .where(eq(searchIndexes.number, number))
        .run();
      db.update(knowledgeBases)
        .set({ failedReindex: { embeddingModel, dimensions, chunkSize, ...error } })
        .where(eq(knowledgeBases.id, knowledgeBaseId))
        .run();
    },
  };
}
