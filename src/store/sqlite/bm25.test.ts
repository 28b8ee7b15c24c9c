import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Chunk } from "../slice.ts";
import { packSlice, unpackSlice } from "../slice.ts";
import { bm25Scores } from "./bm25.ts";
import { frequencyLevels, indexedText } from "./full-text.ts";
import { PostingLists } from "./postings.ts";
import { SearchImage } from "./search-image.ts";

const word = fc.constantFrom("red", "apple", "词语", "树", "zzz", "a1", "ab", "ред");
const passage = fc.array(word, { minLength: 1, maxLength: 12 });

const chunkOf = (words: readonly string[]): Chunk => {
  const terms = new Map<string, number>();
  for (const term of words) terms.set(term, (terms.get(term) ?? 0) + 1);
  const content = words.join(" ");
  return { id: "", index: 0, content, headings: [], page: undefined, start: 0, end: 0, terms };
};

/** What a word of a passage counts, so that some passages are longer than the shortest that counts. */
const termsOfWord = 10;

/**
 * BM25 as the books write it, with frequencies between two levels counted as the lower one, and lengths
 * below 50 as 50.
 */
function naiveScore(
  passages: readonly (readonly string[])[],
  at: number,
  query: readonly { text: string; weight: number }[],
): number {
  const lengths = passages.map((words) => words.length * termsOfWord);
  const average = Math.max(50, lengths.reduce((sum, each) => sum + each, 0) / passages.length);
  let score = 0;
  for (const { text, weight } of query) {
    const having = passages.filter((words) => words.includes(text)).length;
    if (having === 0) continue;
    const idf = Math.log(1 + (passages.length - having + 0.5) / (having + 0.5));
    const occurrences = passages[at]?.filter((other) => other === text).length ?? 0;
    const frequency = [1, ...frequencyLevels].findLast((level) => level <= occurrences) ?? 0;
    const length = Math.max(50, lengths[at] ?? 0);
    score +=
      (weight * idf * frequency * 2.2) / (frequency + 1.2 * (0.25 + (0.75 * length) / average));
  }
  return score;
}

test("scores are those of BM25 over the chunks that can be seen", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ words: passage, visible: fc.boolean() }), {
        minLength: 1,
        maxLength: 20,
      }),
      fc.uniqueArray(fc.record({ text: word, weight: fc.integer({ min: 1, max: 3 }) }), {
        selector: ({ text }) => text,
      }),
      (chunks, query) => {
        const database = new Database(":memory:");
        database.run(
          "CREATE VIRTUAL TABLE t USING fts5(terms, content='', contentless_delete=1, detail=none, tokenize='ascii')",
        );
        const base = 1000;
        const image = new SearchImage(base);
        const packed = packSlice(
          chunks.map(({ words }) => chunkOf(words)),
          chunks.map(() => new Float32Array(1)),
          1,
        );
        for (const [at, chunk] of unpackSlice(packed).chunks.entries()) {
          database.run("INSERT INTO t (rowid, terms) VALUES (?, ?)", [
            base + at,
            indexedText(chunk),
          ]);
          const visible = chunks[at]?.visible ? 1 : 0;
          const lengths = new Uint8Array(Uint32Array.of(chunk.length * termsOfWord).buffer);
          image.update([{ first: base + at, count: 1, visible, lengths }]);
        }
        const lists = new PostingLists(
          (match, first, end) =>
            database
              .query<{ rowid: number }, [string, number, number]>(
                "SELECT rowid FROM t WHERE t MATCH ? AND rowid BETWEEN ? AND ?",
              )
              .all(match, base + first, base + end - 1)
              .map(({ rowid }) => rowid - base),
          0,
        );
        const { scores, missing } = bm25Scores(
          image,
          query.map((term) => ({ ...term, prefix: false })),
          (term) => lists.find(term, chunks.length),
        );
        database.close();

        const seen = chunks.filter(({ visible }) => visible).map(({ words }) => words);
        const occurring = new Set<string>(seen.flat());
        expect<string[]>([...missing]).toEqual(
          query.map(({ text }) => text).filter((text) => !occurring.has(text)),
        );
        let next = 0;
        for (const [at, { visible }] of chunks.entries()) {
          const expected = visible ? naiveScore(seen, next, query) : 0;
          if (visible) next += 1;
          expect(scores[at]).toBeCloseTo(expected, 9);
        }
      },
    ),
  );
});
