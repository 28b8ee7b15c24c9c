import type { Database } from "bun:sqlite";

/** A table that must hold exactly one row for each chunk of the slices that it is kept for. */
interface Companion {
  readonly table: string;
  readonly number: string;
  /** The condition on `search_indexes i` of the slices that it is kept for. */
  readonly of: string;
}

function companions(database: Database): Companion[] {
  const vectors = database
    .query<{ name: string }, []>(
      `SELECT name FROM sqlite_schema
       WHERE sql LIKE 'CREATE VIRTUAL TABLE%vec0%' AND name GLOB 'vectors_[0-9]*'`,
    )
    .all();
  return [
    { table: "chunks", number: "number", of: "true" },
    { table: "chunk_terms_docsize", number: "id", of: "true" },
    ...vectors.map(({ name }) => ({
      table: `${name}_rowids`,
      number: "rowid",
      of: `i.dimensions = ${Number(name.slice("vectors_".length))}`,
    })),
  ];
}

/**
 * Looks for what must never be: a chunk, full-text row or vector that no document owns or that is
 * missing, and figures that do not add up. Answers one line for each fault; none when all is well.
 */
export function checkKnowledge(database: Database): string[] {
  const faults: string[] = [];
  const count = (sql: string): number =>
    database.query<{ n: number | null }, []>(`SELECT (${sql}) AS n`).get()?.n ?? 0;
  const expectNone = (found: number, fault: string): void => {
    if (found !== 0) faults.push(`${found} ${fault}`);
  };

  for (const { table, number, of } of companions(database)) {
    const owner = `SELECT s.first + s.count FROM slices s JOIN search_indexes i ON i.number = s.index_number
      WHERE s.first <= t.${number} AND ${of} ORDER BY s.first DESC LIMIT 1`;
    expectNone(
      count(`SELECT count(*) FROM ${table} t WHERE t.${number} >= coalesce((${owner}), -1)`),
      `rows of ${table} belong to no document`,
    );
    expectNone(
      count(
        `SELECT sum(s.count - (SELECT count(*) FROM ${table} t
           WHERE t.${number} BETWEEN s.first AND s.first + s.count - 1))
         FROM slices s JOIN search_indexes i ON i.number = s.index_number WHERE ${of}`,
      ),
      `rows of ${table} are missing`,
    );
  }
  expectNone(
    count(
      `SELECT count(*) FROM slices s JOIN documents d ON d.number = s.document_number
         JOIN search_indexes i ON i.number = s.index_number
       WHERE s.visible AND d.status <> 'ready' OR NOT s.visible AND d.status = 'ready'
         AND i.state = 'live'`,
    ),
    "slices can be found whose document is not ready, or the other way round",
  );
  expectNone(
    count(
      `SELECT count(*) FROM documents d WHERE d.status = 'ready' AND d.chunk_count <>
         (SELECT coalesce(sum(s.count), 0) FROM slices s
          JOIN search_indexes i ON i.number = s.index_number AND i.state = 'live'
          WHERE s.document_number = d.number)
         AND NOT (SELECT deleted FROM knowledge_bases k WHERE k.id = d.knowledge_base_id)`,
    ),
    "documents have another number of chunks than they say",
  );
  expectNone(
    count(
      `SELECT count(*) FROM search_indexes i WHERE i.visible_chunks <>
         (SELECT coalesce(sum(s.count), 0) FROM slices s
          WHERE s.index_number = i.number AND s.visible)`,
    ),
    "indexes have another number of chunks than they say",
  );
  expectNone(
    count(
      `SELECT count(*) FROM (
         SELECT s.index_number, s.document_number FROM slices s
         GROUP BY s.index_number, s.document_number HAVING min(s.visible) <> max(s.visible))`,
    ),
    "documents can be found in part",
  );
  expectNone(
    count(
      `SELECT count(*) FROM knowledge_bases k WHERE NOT k.deleted AND 1 <>
         (SELECT count(*) FROM search_indexes i WHERE i.knowledge_base_id = k.id AND i.state = 'live')`,
    ),
    "knowledge bases have no index that answers, or more than one",
  );
  expectNone(
    count("SELECT count(*) FROM pragma_foreign_key_check"),
    "rows refer to rows that are not there",
  );
  return faults;
}
