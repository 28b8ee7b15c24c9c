import { charClassAt, charLength, isPaired } from "./char-class.ts";
import { cutTerms } from "./cut.ts";
import { stopWordsOf } from "./stop-words.ts";

/** A term as `cutTerms` gives it. */
export interface WantedTerm {
  readonly text: string;
  /** Whether it stands for every term that begins with it. */
  readonly prefix: boolean;
}

/** Terms that are looked for, of what somebody types into a search field. */
const mostTerms = 32;

/** A single Chinese, Japanese or Korean character, which begins or ends every pair that it is in. */
function isSingle(term: string): boolean {
  return isPaired(charClassAt(term, 0)) && charLength(term, 0) === term.length;
}

const withDigit = /\d/;

/**
 * The terms that a text has to have, all of them, to be found by `query`: one for each of its words and
 * pairs of characters, in order, without stop words unless it holds nothing else. At most 32.
 *
 * A name may go on in the text, `gpt-4o` as `gpt-4o-mini`. Its parts tell of it, but where they are
 * numbers, which are in every list: then it has to stand there, or begin a longer one.
 */
export function searchTerms(query: string): WantedTerm[] {
  const terms = new Map<string, string>();
  const names = new Set<string>();
  cutTerms(query, (term, word, lastCharacter, isName = false) => {
    if (lastCharacter || (isName && !withDigit.test(term))) return;
    if (isName) names.add(term);
    if (!terms.has(word)) terms.set(word, term);
  });
  const stopWords = stopWordsOf(terms.keys(), query);
  const telling = [...terms].filter(([word]) => !stopWords.has(word));
  const wanted = new Set((telling.length > 0 ? telling : [...terms]).map(([, term]) => term));
  return [...wanted].slice(0, mostTerms).map((text) => ({
    text,
    prefix: isSingle(text) || names.has(text),
  }));
}
