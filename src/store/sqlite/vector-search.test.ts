import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../../test/until.ts";
import { type Extent, SearchImage, type SliceRow } from "./search-image.ts";
import { loadVectorExtension, placeVectorExtension } from "./vector-extension.ts";
import { createVectorSearch } from "./vector-search.ts";
import { vectorReads, vectorTables } from "./vectors.ts";

const dimensions = 64;
const index = 3;
const base = 1000;

/** Vectors of unit length in 40 clusters, the same at every run. */
function clustered(count: number): Float32Array[] {
  let state = 1;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state / 2 ** 31;
  };
  const draw = (): Float32Array => Float32Array.from({ length: dimensions }, next);
  const centres = Array.from({ length: 40 }, draw);
  return Array.from({ length: count }, (_, at) => {
    const centre = centres[at % centres.length] ?? new Float32Array();
    const vector = draw().map((value, i) => value + (centre[i] ?? 0));
    const length = Math.hypot(...vector);
    return vector.map((value) => value / length);
  });
}

const vectors = clustered(4000);

const cosine = (a: Float32Array, b: Float32Array | undefined): number =>
  a.reduce((sum, value, at) => sum + value * (b?.[at] ?? 0), 0);

const slice = (first: number, count: number, visible = 1): SliceRow => ({
  first: base + first,
  count,
  visible,
  lengths: new Uint8Array(4 * count),
});

function open(rows: readonly SliceRow[], mostBytes = 2 ** 24) {
  const database = new Database(":memory:");
  loadVectorExtension(database, placeVectorExtension(join(tmpdir(), "vector-search-test.db")));
  const table = vectorTables(database)(dimensions);
  const store = database.transaction((added: readonly SliceRow[]) => {
    for (const { first, count } of added) {
      for (let chunk = first; chunk < first + count; chunk += 1) {
        table.insert(chunk, index, vectors[chunk - base] ?? new Float32Array(dimensions));
      }
    }
  });
  store(rows);
  const image = new SearchImage(base);
  image.update(rows);
  const reads = vectorReads(database, dimensions);
  let comparesAll = 0;
  const search = createVectorSearch({
    index,
    dimensions,
    image,
    mostBytes,
    reads: () => ({
      ...reads,
      nearest: (...given) => {
        comparesAll += 1;
        return reads.nearest(...given);
      },
      nearestAmong: (...given) => {
        comparesAll += 1;
        return reads.nearestAmong(...given);
      },
    }),
  });
  /** Searches, checks the answer against all visible vectors, and says whether codes were used. */
  const usesCodes = (
    seen: SearchImage,
    question: Float32Array,
    among?: readonly Extent[],
  ): boolean => {
    const before = comparesAll;
    const found = search.nearest(question, 10, among).slice(0, 10);
    const expected = seen
      .visibleNumbers(among)
      .map((chunk) => ({ chunk, cosine: cosine(question, vectors[chunk - base]) }))
      .sort((a, b) => b.cosine - a.cosine)
      .slice(0, 10);
    expect(found.map(({ chunk }) => chunk)).toEqual(expected.map(({ chunk }) => chunk));
    for (const [at, each] of found.entries()) {
      expect(each.cosine).toBeCloseTo(expected[at]?.cosine ?? Number.NaN, 4);
    }
    return comparesAll === before;
  };
  return { image, search, store, usesCodes };
}

const question = (at: number): Float32Array => vectors[at] ?? new Float32Array(dimensions);
const slices = (count: number) =>
  Array.from({ length: count / 200 }, (_, at) => slice(at * 200, 200));

describe("a large index", () => {
  test("finds by codes what a comparison with every vector finds, and meanwhile without", async () => {
    const { image, search, usesCodes } = open(slices(3000));
    expect(usesCodes(image, question(0))).toBe(false);
    await until(() => usesCodes(image, question(1)));
    for (let at = 0; at < 3000; at += 100) expect(usesCodes(image, question(at))).toBe(true);
    search.close();
  });

  test("finds the nearest of some extents, with and without codes", async () => {
    const { image, search, usesCodes } = open([slice(0, 7), ...slices(3000).slice(1)]);
    const among = image.all.filter((_, at) => at % 4 === 0);
    expect(usesCodes(image, question(0), among)).toBe(false);
    await until(() => usesCodes(image, question(1)));
    for (let at = 0; at < 3000; at += 100) {
      expect(usesCodes(image, question(at), among)).toBe(true);
      expect(usesCodes(image, question(at), image.all.slice(0, 1))).toBe(true);
    }
    expect(search.nearest(question(0), 10, [])).toEqual([]);
    search.close();
  });

  test("takes in what is added, and leaves out what is hidden, at once", async () => {
    const { image, search, store, usesCodes } = open(slices(3000));
    await until(() => usesCodes(image, question(1)));
    store([slice(3000, 200)]);
    image.update([slice(3000, 200, 0)]);
    expect(usesCodes(image, question(3001))).toBe(true);
    image.update([slice(3000, 200, 1), slice(400, 200, 0)]);
    expect(usesCodes(image, question(3001))).toBe(true);
    expect(usesCodes(image, question(401))).toBe(true);
    search.close();
  });

  test("keeps its codes when parts of it are removed", async () => {
    const { image, search, store, usesCodes } = open(slices(3000));
    await until(() => usesCodes(image, question(1)));
    store([slice(3200, 200)]);
    const next = new SearchImage(base);
    next.update([...slices(3000).filter((_, at) => at % 5 !== 2), slice(3200, 200)]);
    search.follow(next);
    for (const at of [1, 401, 2999, 3201]) expect(usesCodes(next, question(at))).toBe(true);
    search.close();
  });

  test("has no codes where they would take too much memory", async () => {
    const { image, search, usesCodes } = open(slices(3000), 100_000);
    for (let at = 0; at < 5; at += 1) {
      expect(usesCodes(image, question(at))).toBe(false);
      await Bun.sleep(0);
    }
    expect(search.bytes).toBeLessThan(100_000);
    search.close();
  });
});

test("a small index compares every vector", () => {
  const { image, search, usesCodes } = open([...slices(1000), slice(1000, 200, 0)]);
  for (const at of [0, 500, 1100]) expect(usesCodes(image, question(at))).toBe(false);
  expect(search.bytes).toBeLessThan(20_000);
});

test("a vector far from all others finds the nearest all the same", async () => {
  const { image, search, usesCodes } = open(slices(3000));
  const opposite = question(5).map((value) => -value);
  await until(() => usesCodes(image, opposite));
  search.close();
});
