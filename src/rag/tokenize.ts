import type { QueryTerm } from "../store/search.ts";
import { charClassAt, isPaired } from "../text/char-class.ts";
import { cutTerms } from "../text/cut.ts";
import { chineseParticles, stopWordsOf } from "../text/stop-words.ts";

/** UTF-16 units of a question that are read. */
export const longestQuestion = 8192;
/** Terms that are searched for. */
const mostTerms = 512;

/**
 * What a word, number or name of an alphabet counts beside pairs of Chinese, Japanese or Korean
 * characters. A word of these gives about two pairs, its own and the one that joins it to the next, so
 * that the one term of `Merits` in 什么为Merits做好了准备 would else drown among them. Two gained 1.0 point
 * of MRR on questions of FAQs, 0.1 to 0.4 on manuals and 0.2 on xquad-zh; three gained no more.
 */
const wordAmongPairs = 2;

/** What each word or pair of these counts; see `wordAmongPairs`. */
export function weightsAmong(words: Iterable<string>): (word: string) => number {
  const inPairs = (word: string) => isPaired(charClassAt(word, 0));
  const perWord = Iterator.from(words).some(inPairs) ? wordAmongPairs : 1;
  return (word) => (inPairs(word) ? 1 : perWord);
}

/** The terms of a passage in reading order, repeated ones included. */
export function indexTerms(text: string): string[] {
  const terms: string[] = [];
  cutTerms(text, (term) => terms.push(term));
  return terms;
}

/**
 * The distinct terms of a question, in order of their first occurrence: without stop words and Chinese
 * particles unless it holds nothing else, and without the lone characters that end runs of Chinese,
 * Japanese and Korean, which only an index needs. A question of one such character becomes a prefix, so
 * that it finds the pairs which begin with it. A term that the question repeats weighs as often. At most
 * 512 terms, from the first 8,192 UTF-16 units.
 */
export function queryTerms(text: string): QueryTerm[] {
  const cut: { term: string; word: string }[] = [];
  const question = text.slice(0, longestQuestion);
  cutTerms(question, (term, word, lastCharacter) => {
    if (!lastCharacter) cut.push({ term, word });
  });
  const stopWords = stopWordsOf(
    cut.map(({ word }) => word),
    question,
  );
  const telling = cut.filter(({ word }) => !stopWords.has(word) && !chineseParticles.has(word));
  const counts = new Map<string, number>();
  for (const { term } of telling.length > 0 ? telling : cut) {
    const count = counts.get(term);
    if (count !== undefined || counts.size < mostTerms) counts.set(term, (count ?? 0) + 1);
  }
  const alone = counts.size === 1;
  const weightOf = weightsAmong(counts.keys());
  return Array.from(counts, ([term, count]) => ({
    text: term,
    weight: count * weightOf(term),
    prefix: alone && singleCharacter.test(term),
  }));
}

const singleCharacter =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]$/u;
