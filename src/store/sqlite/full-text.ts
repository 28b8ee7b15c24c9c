import type { QueryTerm } from "../search.ts";
import type { StoredChunk } from "../slice.ts";

/**
 * Frequencies above 1 that the index tells apart. A chunk in which a term occurs once is listed under
 * the term; one in which it occurs f times under the term's mark for each of these that is f or less,
 * so that f = 8 counts as 6. BM25 saturates long before the last, and a list of chunks per level takes
 * a third of the space that positions would, and a fifth of the time that FTS5's own bm25() took.
 */
export const frequencyLevels = [2, 3, 4, 6, 9] as const;

/** Private-use characters, which no text that was cut into terms still has. */
const marks = ["\uf8f0", "\uf8f1", "\uf8f2", "\uf8f3", "\uf8f4"] as const;

/**
 * The `ascii` tokenizer of FTS5 ends a token at an ASCII character that is no letter or digit, and
 * nowhere else. A term with such a character can neither be indexed nor asked for.
 */
const isIndexable = (term: string): boolean => /^[a-z0-9\u0080-\u{10ffff}]+$/u.test(term);

/** What the full-text table is given for a chunk. */
export function indexedText({ terms, frequencies }: StoredChunk): string {
  let text = "";
  let start = 0;
  for (const frequency of frequencies) {
    const end = terms.indexOf(" ", start);
    const term = terms.slice(start, end === -1 ? undefined : end);
    for (const [at, level] of frequencyLevels.entries()) {
      if (frequency >= level) text += `${term}${marks[at]} `;
    }
    start = end === -1 ? terms.length : end + 1;
  }
  return text + terms.slice(start);
}

/**
 * FTS5 queries for one term: chunks that have it once, then those that reach each level, in order. An
 * index from before may list a chunk under the term itself, too. The frequencies of all terms with one
 * beginning are not known: such a query has no levels.
 */
export function termQueries({ text, prefix }: QueryTerm): string[] {
  if (!isIndexable(text)) return [];
  return prefix ? [`"${text}" *`] : ["", ...marks].map((mark) => `"${text}${mark}"`);
}
