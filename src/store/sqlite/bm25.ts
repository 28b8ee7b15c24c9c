import type { QueryTerm } from "../search.ts";
import { frequencyLevels, termQueries } from "./full-text.ts";
import type { SearchImage } from "./search-image.ts";

/** The usual values of Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009. */
const k1 = 1.2;
const b = 0.75;

/** Offsets of the chunks that an FTS5 query matches, ascending. */
export type Postings = (query: string) => ArrayLike<number>;

/**
 * BM25 of every chunk of the image, by position; 0 where no term occurs. Its statistics are those of
 * the visible chunks of this index alone. The inverse document frequency is Lucene's,
 * ln(1 + (N - n + 0.5) / (n + 0.5)), which is never negative.
 */
export function bm25Scores(
  image: SearchImage,
  terms: readonly QueryTerm[],
  postings: Postings,
): Float64Array {
  const scores = new Float64Array(image.size);
  const average = image.visibleLength / Math.max(1, image.visibleChunks);
  for (const term of terms) {
    let idf = 0;
    let lower = 0;
    for (const [at, query] of termQueries(term).entries()) {
      const positions = image.visiblePositions(postings(query));
      if (positions.length === 0) break;
      if (at === 0) {
        const rest = image.visibleChunks - positions.length;
        idf = Math.log(1 + (rest + 0.5) / (positions.length + 0.5));
      }
      const level = at === 0 ? 1 : (frequencyLevels[at - 1] ?? 1);
      const weight = term.count * idf * (k1 + 1);
      for (const position of positions) {
        const length = image.lengths[position] ?? 0;
        const saturation = k1 * (1 - b + (b * length) / average);
        const gain = level / (level + saturation) - lower / (lower + saturation);
        scores[position] = (scores[position] ?? 0) + weight * gain;
      }
      lower = level;
    }
  }
  return scores;
}
