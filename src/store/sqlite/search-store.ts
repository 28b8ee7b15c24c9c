import type { Config } from "../../config/schema.ts";
import type { Passage, SearchStore } from "../search.ts";
import { openDatabase } from "./connection.ts";
import { createSearch } from "./search.ts";
import { createSurroundings } from "./surroundings.ts";
import { placeVectorExtension } from "./vector-extension.ts";

/** Bytes of the database that the connection keeps in memory, beyond what the system does. */
const cacheBytes = 64 * 1024 * 1024;

type PassageRow = Omit<Passage, "headings"> & { readonly headings: string | null };

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
  // One statement for all: a statement for each took 20 times as long.
  const passages = database.query<PassageRow, [string]>(
    `SELECT c.number AS chunk, c.id AS chunkId, c.chunk_index AS chunkIndex, c.content, c.headings,
       c.page, d.id AS documentId, d.name AS documentName
     FROM json_each(?) AS wanted
     CROSS JOIN chunks AS c ON c.number = wanted.value
     JOIN documents AS d ON d.number = c.document_number AND d.status = 'ready'
     JOIN knowledge_bases AS k ON k.id = d.knowledge_base_id AND NOT k.deleted
     ORDER BY wanted.key`,
  );
  const contents = database.query<{ content: string }, [string]>(
    `SELECT c.content FROM json_each(?) AS wanted CROSS JOIN chunks AS c ON c.number = wanted.value`,
  );

  return {
    search: async (knowledgeBaseId, request) => search(knowledgeBaseId, request),
    passages: async (numbers) =>
      passages.all(JSON.stringify(numbers)).map(({ headings, ...row }) => ({
        ...row,
        // The schema says what is stored.
        headings: (JSON.parse(headings ?? "null") as string[] | null) ?? [],
      })),
    around: async (chunk, distance) => around(chunk, distance),
    sample: async (knowledgeBaseId, count) =>
      contents.all(JSON.stringify(sample(knowledgeBaseId, count))).map(({ content }) => content),
    close: async () => {
      close();
      database.close();
    },
  };
}
