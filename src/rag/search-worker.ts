import type { Config } from "../config/schema.ts";
import { embedBuiltin } from "../providers/embedding/builtin.ts";
import { openSqliteSearch } from "../store/sqlite/search-store.ts";
import { yieldToOtherThreads } from "../workers/priority.ts";
import { serveWorker, Transferred } from "../workers/serve.ts";
import { createRetriever } from "./retrieve.ts";

export interface SearchWorkerOptions {
  readonly sqlite: Config["sqlite"];
  /** Bytes that the indexes may take in memory. */
  readonly indexMemoryBytes: number;
}

/** Searches read a lot and compute: they have a thread and a connection of their own. */
function createSearchWorker({ sqlite, indexMemoryBytes }: SearchWorkerOptions) {
  yieldToOtherThreads("searching");
  const store = openSqliteSearch(sqlite, indexMemoryBytes);
  return {
    ...createRetriever(store),

    /** Embeds questions with the model inside this program. */
    embed(texts: readonly string[]): Transferred<Float32Array<ArrayBuffer>[]> {
      const vectors = texts.map((text) => new Float32Array(embedBuiltin(text)));
      return new Transferred(
        vectors,
        vectors.map(({ buffer }) => buffer),
      );
    },

    /** Lets go of the database. */
    end: () => store.close(),
  };
}

export type SearchWorkerApi = ReturnType<typeof createSearchWorker>;

serveWorker<SearchWorkerOptions>(createSearchWorker);
