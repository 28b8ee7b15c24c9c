import type { QueryTerm } from "../search.ts";
import type { PostingList } from "./postings.ts";
import type { SearchImage, Stretch } from "./search-image.ts";

/** The usual values of Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009. */
const k1 = 1.2;
const b = 0.75;

/**
 * Terms that the shortest chunk counts as: that a letterhead is short makes it no better an answer
 * than a paragraph. Passages of fewer terms tell nothing by their length (xquad, manuals).
 */
const shortest = 50;

/** The part of a list, up to `to`, exclusive, that lies in one stretch. */
interface Run {
  readonly from: number;
  readonly to: number;
  readonly shift: number;
}

/** The first place from `from` on that holds `value` or more; values ascend. */
function firstFrom(values: Uint32Array, value: number, from: number): number {
  let low = from;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What of a list can be seen. */
function visibleRuns(offsets: Uint32Array, stretches: readonly Stretch[]): Run[] {
  const runs: Run[] = [];
  let at = 0;
  for (const { first, end, shift } of stretches) {
    if (at === offsets.length) break;
    const from = firstFrom(offsets, first, at);
    at = firstFrom(offsets, end, from);
    if (at > from) runs.push({ from, to: at, shift });
  }
  return runs;
}

export interface Scores {
  /** Of every chunk of the image, by position; 0 where no term occurs. */
  readonly scores: Float64Array;
  /** Texts of those terms that occur nowhere. */
  readonly missing: ReadonlySet<string>;
}

/**
 * BM25 of every chunk of the image. Its statistics are those of the visible chunks of this index
 * alone. The inverse document frequency is Lucene's, ln(1 + (N - n + 0.5) / (n + 0.5)), which is never
 * negative.
 */
export function bm25Scores(
  image: SearchImage,
  terms: readonly QueryTerm[],
  postings: (term: QueryTerm) => PostingList,
): Scores {
  const { lengths, stretches, visibleChunks } = image;
  const scores = new Float64Array(image.size);
  const missing = new Set<string>();
  const average = Math.max(shortest, image.visibleLength / Math.max(1, visibleChunks));
  // One multiplication and one division for each posting: a common term has 50,000.
  const damping = k1 * (1 - b);
  const dampingOfTerm = (k1 * b) / average;
  for (const term of terms) {
    const { offsets, frequencies } = postings(term);
    const runs = visibleRuns(offsets, stretches);
    const having = runs.reduce((sum, { from, to }) => sum + to - from, 0);
    if (having === 0) missing.add(term.text);
    const idf = Math.log(1 + (visibleChunks - having + 0.5) / (having + 0.5));
    const weight = term.weight * idf * (k1 + 1);
    for (const { from, to, shift } of runs) {
      for (let at = from; at < to; at += 1) {
        const position = (offsets[at] ?? 0) + shift;
        const frequency = frequencies[at] ?? 0;
        const saturation = damping + dampingOfTerm * Math.max(shortest, lengths[position] ?? 0);
        scores[position] =
          (scores[position] ?? 0) + (weight * frequency) / (frequency + saturation);
      }
    }
  }
  return { scores, missing };
}
