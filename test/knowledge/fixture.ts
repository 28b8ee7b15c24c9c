import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KnowledgeStore } from "../../src/store/knowledge.ts";
import type { SearchStore } from "../../src/store/search.ts";
import type { Chunk } from "../../src/store/slice.ts";
import { openDatabase, queries } from "../../src/store/sqlite/connection.ts";
import { createKnowledgeStore } from "../../src/store/sqlite/knowledge.ts";
import { openSqliteSearch } from "../../src/store/sqlite/search-store.ts";
import { placeVectorExtension } from "../../src/store/sqlite/vector-extension.ts";
import { startWriter } from "../../src/store/sqlite/writer.ts";

/** A folder for one test's database; removed by `using`. */
export class TemporaryFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "knowledge-"));

  get database(): string {
    return join(this.path, "test.db");
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export interface OpenStore {
  readonly knowledge: KnowledgeStore;
  /** The part that searches, in this very thread. */
  readonly search: SearchStore;
  /** Ends the writing thread wherever it is, as the end of the process would. */
  crash(): Promise<void>;
}

/** Opens the store for knowledge bases of the user 1. */
export async function openStore(path: string, indexMemoryBytes = 2 ** 26): Promise<OpenStore> {
  const writer = await startWriter({ path, vectorExtension: placeVectorExtension(path) });
  await writer.call("insertUser", [{ id: 1, username: "u", passwordHash: "h", createdTime: 1 }]);
  const reader = openDatabase({ path, readonly: true });
  const search = openSqliteSearch({ path }, indexMemoryBytes);
  return {
    knowledge: createKnowledgeStore(queries(reader), writer),
    search,
    async crash() {
      await writer.close();
      await search.close();
      reader.close();
    },
  };
}

/** A chunk whose terms are the words of its content. */
export function chunkOf(content: string, index = 0): Chunk {
  const terms = new Map<string, number>();
  for (const word of content.split(" ")) terms.set(word, (terms.get(word) ?? 0) + 1);
  return {
    id: Bun.randomUUIDv7(),
    index,
    content,
    headings: [],
    page: undefined,
    start: index * 100,
    end: index * 100 + content.length,
    terms,
  };
}

/** A vector of unit length that points along the direction `at`, with some of the others. */
export function vectorOf(dimensions: number, at: number, noise = 0): Float32Array {
  const vector = new Float32Array(dimensions).fill(noise);
  vector[at % dimensions] = 1;
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}
