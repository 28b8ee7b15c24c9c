import type { Database } from "bun:sqlite";

/**
 * Rows that vec0 keeps together. Its default of 1,024 leaves most of the space of a small knowledge
 * base empty and takes 375 µs to look one vector up; 8 takes 16 µs, fills its space, and scans as
 * fast.
 */
const rowsTogether = 8;

/** What vec0 answers at most. */
const mostNeighbours = 4096;

export interface Neighbour {
  readonly chunk: number;
  /** -1 to 1. */
  readonly cosine: number;
}

const tableOf = (dimensions: number): string => `vectors_${Math.trunc(dimensions)}`;

export interface VectorTable {
  insert(chunk: number, index: number, vector: Float32Array): void;
  remove(chunk: number): void;
}

/**
 * For the writer: the table that holds the vectors of every index of that many dimensions, one
 * partition for each; made when it is not there yet.
 */
export function vectorTables(database: Database): (dimensions: number) => VectorTable {
  const tables = new Map<number, VectorTable>();
  return (dimensions) => {
    const name = tableOf(dimensions);
    // At every call: the transaction that made it may have been rolled back.
    database.run(
      `CREATE VIRTUAL TABLE IF NOT EXISTS ${name} USING vec0(
         index_number INTEGER PARTITION KEY,
         embedding FLOAT[${Math.trunc(dimensions)}] DISTANCE_METRIC=cosine,
         chunk_size=${rowsTogether})`,
    );
    let table = tables.get(dimensions);
    if (table === undefined) {
      const insert = database.query(
        `INSERT INTO ${name} (rowid, index_number, embedding) VALUES (?, ?, ?)`,
      );
      const remove = database.query(`DELETE FROM ${name} WHERE rowid = ?`);
      table = {
        insert: (chunk, index, vector) => {
          insert.run(chunk, index, vector);
        },
        remove: (chunk) => {
          remove.run(chunk);
        },
      };
      tables.set(dimensions, table);
    }
    return table;
  };
}

/** The table exists once anything was stored. */
export function vectorReads(database: Database, dimensions: number) {
  const table = tableOf(dimensions);
  const nearest = database.query<
    { chunk: number; distance: number },
    [Float32Array, number, number]
  >(
    `SELECT rowid AS chunk, distance FROM ${table}
     WHERE embedding MATCH ? AND k = ? AND index_number = ?`,
  );
  const nearestAmong = database.query<
    { chunk: number; distance: number },
    [Float32Array, number, number, string]
  >(
    `SELECT rowid AS chunk, distance FROM ${table}
     WHERE embedding MATCH ? AND k = ? AND index_number = ?
       AND rowid IN (SELECT value FROM json_each(?))`,
  );
  // Joined from the left: `rowid IN (…)` took 14 times as long, a statement for each half as long again.
  const distances = database.query<{ chunk: number; distance: number }, [Float32Array, string]>(
    `SELECT wanted.value AS chunk, vec_distance_cosine(v.embedding, ?) AS distance
     FROM json_each(?) AS wanted CROSS JOIN ${table} AS v ON v.rowid = wanted.value`,
  );
  const range = database.query<{ chunk: number; embedding: Uint8Array }, [number, number]>(
    `WITH RECURSIVE wanted(chunk) AS
       (VALUES (?) UNION ALL SELECT chunk + 1 FROM wanted WHERE chunk < ?)
     SELECT wanted.chunk, v.embedding FROM wanted CROSS JOIN ${table} AS v ON v.rowid = wanted.chunk`,
  );
  const toNeighbour = (row: { chunk: number; distance: number }): Neighbour => ({
    chunk: row.chunk,
    cosine: 1 - row.distance,
  });

  return {
    mostNeighbours,
    /** The nearest of all chunks of the index, nearest first. */
    nearest: (vector: Float32Array, count: number, index: number): Neighbour[] =>
      nearest.all(vector, count, index).map(toNeighbour),
    /** The nearest of these chunks of the index, nearest first. */
    nearestAmong: (
      vector: Float32Array,
      count: number,
      index: number,
      chunks: readonly number[],
    ): Neighbour[] =>
      nearestAmong.all(vector, count, index, JSON.stringify(chunks)).map(toNeighbour),
    /** Of these chunks, in their order, without those that have no vector. */
    cosines: (vector: Float32Array, chunks: readonly number[]): Neighbour[] =>
      distances.all(vector, JSON.stringify(chunks)).map(toNeighbour),
    /** The vectors of `count` chunks from `first` on, without those that are gone. */
    *range(first: number, count: number): Generator<{ chunk: number; vector: Float32Array }> {
      for (const { chunk, embedding } of range.iterate(first, first + count - 1)) {
        // SQLite's bytes come in a buffer of their own.
        yield {
          chunk,
          vector: new Float32Array(embedding.buffer, embedding.byteOffset, dimensions),
        };
      }
    },
  };
}

export type VectorReads = ReturnType<typeof vectorReads>;
