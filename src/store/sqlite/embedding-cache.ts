import { inArray, lte, max, sql } from "drizzle-orm";
import { Transferred } from "../../workers/serve.ts";
import type { RememberedEmbedding } from "../knowledge.ts";
import type { Drizzle } from "./connection.ts";
import { embeddingCache } from "./schema.ts";

/** About 240 MB of vectors of 2,048 dimensions. */
const keptEmbeddings = 30_000;

export function embeddingCacheWrites(db: Drizzle) {
  const insert = db
    .insert(embeddingCache)
    .values({ hash: sql.placeholder("hash"), vector: sql.placeholder("vector") })
    .onConflictDoNothing({ target: embeddingCache.hash })
    .prepare();

  return {
    /** Runs in the writing thread, which has the time: a thousand of them are several megabytes. */
    findEmbeddings: (
      hashes: readonly Uint8Array[],
    ): Transferred<(Float32Array<ArrayBuffer> | undefined)[]> => {
      const rows = db
        .select({ hash: embeddingCache.hash, vector: embeddingCache.vector })
        .from(embeddingCache)
        .where(inArray(embeddingCache.hash, hashes.map(Buffer.from)))
        .all();
      const found = new Map(rows.map(({ hash, vector }) => [hash.toString("hex"), vector]));
      const vectors = hashes.map((hash) => {
        const vector = found.get(Buffer.from(hash).toString("hex"));
        // A copy begins where a Float32Array may begin.
        return vector && new Float32Array(new Uint8Array(vector).buffer);
      });
      return new Transferred(
        vectors,
        vectors.flatMap((vector) => vector?.buffer ?? []),
      );
    },

    saveEmbeddings: (embeddings: readonly RememberedEmbedding[]): void => {
      for (const { hash, vector } of embeddings) {
        const { buffer, byteOffset, byteLength } = vector;
        insert.run({
          hash: Buffer.from(hash),
          vector: Buffer.from(buffer, byteOffset, byteLength),
        });
      }
      const newest = db
        .select({ number: max(embeddingCache.number) })
        .from(embeddingCache)
        .get();
      db.delete(embeddingCache)
        .where(lte(embeddingCache.number, (newest?.number ?? 0) - keptEmbeddings))
        .run();
    },
  };
}
