import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Chunk } from "../../src/store/slice.ts";
import { openSqliteStore } from "../../src/store/sqlite/index.ts";

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

export const openStore = (path: string) =>
  openSqliteStore({ path, maxOpenConns: 10, maxIdleConns: 5, connMaxLifetime: 300 });

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
