import { expect, test } from "bun:test";
import { PostingLists } from "./postings.ts";

/** Lists of every offset that a number divides, and what was read of them. */
function multiples(mostBytes = 1e6) {
  const reads: string[] = [];
  const lists = new PostingLists((query, first, end) => {
    reads.push(`${query}: ${first}-${end}`);
    const offsets: number[] = [];
    for (let at = first; at < end; at += 1) if (at % Number(query) === 0) offsets.push(at);
    return offsets;
  }, mostBytes);
  const expected = (divisor: number, end: number) =>
    Uint32Array.from({ length: Math.ceil(end / divisor) }, (_, at) => at * divisor);
  return { lists, reads, expected };
}

test("reads of a long list what has come since, of a short one all", () => {
  const { lists, reads, expected } = multiples();
  for (const end of [2000, 2000, 2500]) {
    for (const divisor of [1, 100]) {
      expect(lists.find(String(divisor), end)).toEqual(expected(divisor, end));
    }
  }
  expect(reads).toEqual(["1: 0-2000", "100: 0-2000", "100: 0-2000", "1: 2000-2500", "100: 0-2500"]);
  expect(lists.bytes).toBe(2500 * 4);
});

test("forgets the lists used longest ago", () => {
  const { lists, reads } = multiples(3 * 4 * 2000);
  for (const query of ["1", "1.0", "01", "1", "001"]) lists.find(query, 2000);
  expect(lists.bytes).toBe(3 * 4 * 2000);
  reads.length = 0;
  for (const query of ["1", "01", "001", "1.0"]) lists.find(query, 2000);
  expect(reads).toEqual(["1.0: 0-2000"]);
});
