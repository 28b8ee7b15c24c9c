import type { QueryTerm } from "../../src/store/search.ts";

const k1 = 1.2;
const b = 0.75;

/** BM25 as FTS5 computes it, in memory; a prefix term is taken as a whole one. */
export class Bm25 {
  private readonly postings = new Map<string, Map<number, number>>();
  private readonly lengths: number[];
  private readonly averageLength: number;

  constructor(passages: readonly (readonly string[])[]) {
    this.lengths = passages.map((terms) => terms.length);
    this.averageLength =
      this.lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, passages.length);
    for (const [i, terms] of passages.entries()) {
      for (const term of terms) {
        const posting = this.postings.get(term) ?? new Map<number, number>();
        posting.set(i, (posting.get(i) ?? 0) + 1);
        this.postings.set(term, posting);
      }
    }
  }

  /** Texts of those terms that no passage holds. */
  missing(terms: readonly QueryTerm[]): ReadonlySet<string> {
    return new Set(terms.map(({ text }) => text).filter((text) => !this.postings.has(text)));
  }

  /** How often each passage has a term or any of those that count as the same. */
  private frequencies({ text, others = [] }: QueryTerm): ReadonlyMap<number, number> {
    const own = this.postings.get(text) ?? new Map<number, number>();
    if (others.length === 0) return own;
    const together = new Map(own);
    for (const other of others) {
      for (const [i, frequency] of this.postings.get(other) ?? []) {
        together.set(i, Math.max(together.get(i) ?? 0, frequency));
      }
    }
    return together;
  }

  /** The score of each passage that holds a term, by the passage's number. */
  search(terms: readonly QueryTerm[]): Map<number, number> {
    const scores = new Map<number, number>();
    for (const term of terms) {
      const { weight } = term;
      const posting = this.frequencies(term);
      if (posting.size === 0) continue;
      const odds = (this.lengths.length - posting.size + 0.5) / (posting.size + 0.5);
      const idf = Math.max(1e-6, Math.log(odds));
      for (const [i, frequency] of posting) {
        const damping = k1 * (1 - b + (b * (this.lengths[i] ?? 0)) / this.averageLength);
        const gain = (weight * idf * frequency * (k1 + 1)) / (frequency + damping);
        scores.set(i, (scores.get(i) ?? 0) + gain);
      }
    }
    return scores;
  }
}
