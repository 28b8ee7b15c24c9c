import { and, eq, ne } from "drizzle-orm";
import type { KnowledgeBaseChanges, NewKnowledgeBase } from "../knowledge.ts";
import type { Drizzle } from "./connection.ts";
import { knowledgeBases, searchIndexes } from "./schema.ts";

export function knowledgeBaseWrites(db: Drizzle) {
  return {
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
  };
}
