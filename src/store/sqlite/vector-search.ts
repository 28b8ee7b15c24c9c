import { log } from "../../log.ts";
import { CodeTable } from "./codes/code-table.ts";
import { estimateError } from "./codes/sign-code.ts";
import { type Extent, keepExtents, type SearchImage } from "./search-image.ts";
import type { Neighbour, VectorReads } from "./vectors.ts";

/** Below this an exact search by vec0 is as fast: 3 ms at 1,024 dimensions. */
const fewestChunks = 2048;

/** Codes that a search makes before it answers, and that are made at a time beside: 20 µs each. */
const codesAtOnce = 256;

/** Vectors that are compared first, those with the best estimates, and at most: 4.4 µs each. */
const firstCompared = 256;
const mostCompared = 4096;

/** Neighbours that no other may have escaped. */
const sure = 10;

/** Standard deviations of the estimate's error that one may escape by. */
const margin = 2.5;

export interface VectorSearch {
  readonly bytes: number;
  /**
   * Visible chunks, nearest first, with exact cosines: `count` or more, or all that there are; only of
   * `among` if that is given, extents in their order.
   */
  nearest(vector: Float32Array, count: number, among?: readonly Extent[]): Neighbour[];
  /** From now on `next` says which chunks there are and where they stand. */
  follow(next: SearchImage): void;
  close(): void;
}

const binCount = 4096;

/** The part of the way from -1 to 1 that an estimate has gone, in `binCount` steps. */
const binOf = (estimate: number): number =>
  Math.max(0, Math.min(binCount - 1, Math.floor((estimate + 1) * (binCount / 2))));

/** Positions of the `count` highest estimates, highest first. Hidden ones are -Infinity. */
function best(estimates: Float32Array, count: number): Uint32Array {
  const bins = new Uint32Array(binCount);
  for (let at = 0; at < estimates.length; at += 1) {
    const bin = binOf(estimates[at] ?? 0);
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  let lowest = binCount;
  let taken = 0;
  while (lowest > 0 && taken < count) {
    lowest -= 1;
    taken += bins[lowest] ?? 0;
  }
  const positions = new Uint32Array(taken);
  let found = 0;
  for (let at = 0; at < estimates.length; at += 1) {
    const estimate = estimates[at] ?? 0;
    if (binOf(estimate) < lowest || estimate === Number.NEGATIVE_INFINITY) continue;
    positions[found] = at;
    found += 1;
  }
  return positions
    .subarray(0, found)
    .sort((a, b) => (estimates[b] ?? 0) - (estimates[a] ?? 0) || a - b)
    .subarray(0, count);
}

/**
 * Searches the vectors of one index. Of a large one every vector has a code in memory, 136 bytes at
 * up to 1,024 dimensions; the vectors with the best estimates are then compared exactly. Codes are
 * made in passing and, when many are missing, in between other work; until then, and where they would
 * take more than `mostBytes`, vec0 compares every vector.
 */
export function createVectorSearch(options: {
  readonly index: number;
  readonly dimensions: number;
  /** Asked for when there are vectors. */
  reads(): VectorReads;
  readonly image: SearchImage;
  readonly mostBytes: number;
}): VectorSearch {
  const { index, dimensions, mostBytes } = options;
  let { image } = options;
  let codes: CodeTable | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  /** Makes the codes of the next extents: `count` of them, or a few more. */
  function encode(table: CodeTable, count: number): void {
    const end = table.size + count;
    for (const extent of image.extentsFrom(table.size)) {
      if (table.size >= Math.min(end, image.size)) return;
      const first = image.base + extent.first;
      let next = first;
      for (const { chunk, vector } of options.reads().range(first, extent.count)) {
        // Those in between were removed since the image was taken.
        for (; next < chunk; next += 1) table.append(undefined);
        table.append(vector);
        next += 1;
      }
      for (; next < first + extent.count; next += 1) table.append(undefined);
    }
  }

  function encodeInPassing(table: CodeTable): void {
    timer = undefined;
    try {
      encode(table, codesAtOnce);
      if (table.size < image.size) timer = setTimeout(encodeInPassing, 0, table);
    } catch (error) {
      // The next search begins afresh; until then vec0 answers.
      codes = undefined;
      log.error("codes of vectors could not be made", { error });
    }
  }

  /** The codes of all chunks; undefined where there are none, or not all of them yet. */
  function completeCodes(): CodeTable | undefined {
    if (image.visibleChunks < fewestChunks) return undefined;
    if (CodeTable.bytesFor(dimensions, image.size) > mostBytes) return undefined;
    codes ??= new CodeTable(dimensions);
    if (image.size - codes.size <= codesAtOnce) encode(codes, image.size - codes.size);
    if (codes.size === image.size) return codes;
    timer ??= setTimeout(encodeInPassing, 0, codes);
    return undefined;
  }

  function nearestExactly(
    vector: Float32Array,
    count: number,
    among: readonly Extent[] | undefined,
  ): Neighbour[] {
    const reads = options.reads();
    if (among !== undefined) {
      return reads.nearestAmong(vector, count, index, image.visibleNumbers(among));
    }
    const hidden = image.size - image.visibleChunks;
    // The hidden ones may all be nearer than the first that can be seen.
    if (count + hidden > reads.mostNeighbours) {
      return reads.nearestAmong(vector, count, index, image.visibleNumbers());
    }
    return reads
      .nearest(vector, count + hidden, index)
      .filter(({ chunk }) => image.positionOf(chunk) !== undefined)
      .slice(0, count);
  }

  function nearestByCodes(
    table: CodeTable,
    vector: Float32Array,
    count: number,
    among: readonly Extent[] | undefined,
  ): Neighbour[] {
    const estimates = table.estimate(vector);
    if (among !== undefined) keepExtents(estimates, among, Number.NEGATIVE_INFINITY);
    for (const { position, count: length, visible } of image.all) {
      if (!visible) estimates.fill(Number.NEGATIVE_INFINITY, position, position + length);
    }
    const reach = margin * estimateError(table.bits);
    const found: Neighbour[] = [];
    let compared = 0;
    for (let wanted = Math.max(firstCompared, count); ; wanted *= 2) {
      const positions = best(estimates, wanted);
      const numbers = Array.from(positions.subarray(compared), (at) => image.numberAt(at));
      compared = positions.length;
      found.push(...options.reads().cosines(vector, numbers));
      found.sort((a, b) => b.cosine - a.cosine || a.chunk - b.chunk);
      const next = estimates[positions.at(-1) ?? -1] ?? Number.NEGATIVE_INFINITY;
      const least = found[sure - 1]?.cosine ?? Number.NEGATIVE_INFINITY;
      if (positions.length < wanted || wanted >= mostCompared || next + reach < least) return found;
    }
  }

  return {
    get bytes() {
      return image.bytes + (codes?.bytes ?? 0);
    },

    nearest(vector, count, among) {
      if (image.visibleChunks === 0 || among?.length === 0) return [];
      const table = completeCodes();
      return table === undefined
        ? nearestExactly(vector, count, among)
        : nearestByCodes(table, vector, count, among);
    },

    follow(next) {
      const moves = [];
      for (const { first, position: to, count } of next.all) {
        const from = image.extentAt(first)?.position;
        if (from === undefined || from + count > (codes?.size ?? 0)) break;
        moves.push({ from, to, count });
      }
      codes?.rearrange(moves);
      image = next;
    },

    close() {
      clearTimeout(timer);
      codes = undefined;
    },
  };
}
