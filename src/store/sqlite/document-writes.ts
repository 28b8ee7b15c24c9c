import { and, eq, ne, sql } from "drizzle-orm";
import type { Document, NewDocument } from "../knowledge.ts";
import type { Drizzle } from "./connection.ts";
import { toDocument } from "./document-row.ts";
import { documents } from "./schema.ts";
import { liveIndexes } from "./search-indexes.ts";

export function documentWrites(db: Drizzle) {
  const liveIndex = liveIndexes(db);
  return {
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
  };
}
