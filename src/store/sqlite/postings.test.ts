import { expect, test } from "bun:test";
import fc from "fast-check";
import { frequencyLevels, termQueries } from "./full-text.ts";
import { PostingLists } from "./postings.ts";

const termOf = (text: string) => ({ text, weight: 1, prefix: false });

/** Lists of every offset that a number divides, and what was read of them. */
function multiples(mostBytes = 1e6) {
  const reads: string[] = [];
  const lists = new PostingLists((query, first, end) => {
    const divisor = Number(query.replaceAll('"', ""));
    if (Number.isNaN(divisor)) return [];
    reads.push(`${divisor}: ${first}-${end}`);
    const offsets: number[] = [];
    for (let at = first; at < end; at += 1) if (at % divisor === 0) offsets.push(at);
    return offsets;
  }, mostBytes);
  const expected = (divisor: number, end: number) =>
    Uint32Array.from({ length: Math.ceil(end / divisor) }, (_, at) => at * divisor);
  return { lists, reads, expected };
}

/** Bytes of one posting. */
const each = 5;

test("reads of a long list what has come since, of a short one all", () => {
  const { lists, reads, expected } = multiples();
  for (const end of [2000, 2000, 2500]) {
    for (const divisor of [1, 100]) {
      const { offsets, frequencies } = lists.find(termOf(String(divisor)), end);
      expect(offsets).toEqual(expected(divisor, end));
      expect(frequencies).toEqual(new Uint8Array(offsets.length).fill(1));
    }
  }
  expect(reads).toEqual(["1: 0-2000", "100: 0-2000", "100: 0-2000", "1: 2000-2500", "100: 0-2500"]);
  expect(lists.bytes).toBe(2500 * each);
});

test("forgets the lists used longest ago", () => {
  const { lists, reads } = multiples(3 * each * 2000);
  for (const term of ["1", "01", "001", "1", "0001"]) lists.find(termOf(term), 2000);
  expect(lists.bytes).toBe(3 * each * 2000);
  reads.length = 0;
  for (const term of ["1", "001", "0001", "01"]) lists.find(termOf(term), 2000);
  expect(reads).toEqual(["1: 0-2000"]);
});

test("a list holds each chunk once with the highest level that it reaches, also of a former index", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 40 }),
      fc.boolean(),
      fc.nat({ max: 2000 }),
      (pattern, isFormer, first) => {
        // Long enough to be remembered.
        const occurrences = Array.from(
          { length: 2000 },
          (_, at) => pattern[at % pattern.length] ?? 0,
        );
        const queries = termQueries(termOf("word"));
        const least = [1, ...frequencyLevels];
        const lists = new PostingLists((query, from, end) => {
          const level = queries.indexOf(query);
          const isListed = (frequency: number) =>
            level > 0 || isFormer ? frequency >= (least[level] ?? 0) : frequency === 1;
          return occurrences.flatMap((frequency, offset) =>
            offset >= from && offset < end && isListed(frequency) ? [offset] : [],
          );
        }, 1e6);
        // Whatever was asked before.
        lists.find(termOf("word"), first);
        const { offsets, frequencies } = lists.find(termOf("word"), occurrences.length);
        expect(Array.from(offsets, (offset, at) => [offset, frequencies[at]])).toEqual(
          occurrences.flatMap((frequency, offset) =>
            frequency === 0 ? [] : [[offset, least.findLast((level) => level <= frequency)]],
          ),
        );
      },
    ),
  );
});

test("terms that count as one have the chunks of any of them", () => {
  const { lists, expected } = multiples();
  const found = lists.find({ ...termOf("4"), others: ["6", "nothing"] }, 100);
  const either = expected(1, 100).filter((offset) => offset % 4 === 0 || offset % 6 === 0);
  expect(found.offsets).toEqual(either);
  expect(found.frequencies).toEqual(new Uint8Array(either.length).fill(1));
});

test("a chunk that several such terms occur in has the highest of their frequencies", () => {
  const occurrences: Record<string, readonly number[]> = { a: [0, 1, 3, 0, 1], b: [2, 2, 1, 0, 1] };
  const levels = [1, ...frequencyLevels];
  const lists = new PostingLists((query) => {
    for (const [text, frequencies] of Object.entries(occurrences)) {
      const level = termQueries(termOf(text)).indexOf(query);
      if (level < 0) continue;
      return frequencies.flatMap((frequency, offset) =>
        (level === 0 ? frequency === 1 : frequency >= (levels[level] ?? 0)) ? [offset] : [],
      );
    }
    return [];
  }, 0);
  const { offsets, frequencies } = lists.find({ ...termOf("a"), others: ["b"] }, 5);
  expect([...offsets]).toEqual([0, 1, 2, 4]);
  expect([...frequencies]).toEqual([2, 2, 3, 1]);
});
