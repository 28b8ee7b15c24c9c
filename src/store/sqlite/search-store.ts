import { and, eq, sql } from "drizzle-orm";
import type { Config } from "../../config/schema.ts";
import type { SearchStore } from "../search.ts";
import { openDatabase, queries } from "./connection.ts";
import { chunks, documents, knowledgeBases } from "./schema.ts";
import { createSearch } from "./search.ts";
import { createSurroundings } from "./surroundings.ts";
import { placeVectorExtension } from "./vector-extension.ts";

/** Bytes of the database that the connection keeps in memory, beyond what the system does. */
const cacheBytes = 64 * 1024 * 1024;

/**
 * Opens the part of the database that searches, on the calling thread, which each search keeps busy.
 * The database must have been migrated. `indexMemoryBytes` bounds what is kept of it in memory.
 */
export function openSqliteSearch(
  { path }: Pick<Config["sqlite"], "path">,
  indexMemoryBytes: number,
): SearchStore {
  const vectorExtension = placeVectorExtension(path);
  const database = openDatabase({ path, vectorExtension, readonly: true });
  database.run(`PRAGMA cache_size = ${-cacheBytes / 1024}`);
  const { search, sample, close } = createSearch(database, indexMemoryBytes);
  const around = createSurroundings(database);
  const db = queries(database);
  const passage = db
    .select({
      chunk: chunks.number,
      chunkId: chunks.id,
      chunkIndex: chunks.chunkIndex,
      content: chunks.content,
      headings: chunks.headings,
      page: chunks.page,
      documentId: documents.id,
      documentName: documents.name,
    })
    .from(chunks)
    .innerJoin(documents, eq(documents.number, chunks.documentNumber))
    .innerJoin(
      knowledgeBases,
      and(eq(knowledgeBases.id, documents.knowledgeBaseId), eq(knowledgeBases.deleted, false)),
    )
    .where(and(eq(chunks.number, sql.placeholder("number")), eq(documents.status, "ready")))
    .prepare();
  const content = db
    .select({ content: chunks.content })
    .from(chunks)
    .where(eq(chunks.number, sql.placeholder("number")))
    .prepare();

  return {
    search: async (knowledgeBaseId, request) => search(knowledgeBaseId, request),
    passages: async (numbers) =>
      numbers.flatMap((number) => {
        const row = passage.get({ number });
        return row === undefined ? [] : [{ ...row, headings: row.headings ?? [] }];
      }),
    around: async (chunk, distance) => around(chunk, distance),
    sample: async (knowledgeBaseId, count) =>
      sample(knowledgeBaseId, count).flatMap((number) => content.get({ number })?.content ?? []),
    close: async () => {
      close();
      database.close();
    },
  };
}
