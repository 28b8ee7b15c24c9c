import { CharClass, charClassAt, charLength, isPaired } from "./char-class.ts";
import { cutTerms } from "./cut.ts";
import { normalise, simplify } from "./fold.ts";
import type { WantedTerm } from "./search-terms.ts";
import type { Span } from "./sentences.ts";

/** Where a text has a wanted term. */
export interface Occurrence extends Span {
  readonly term: string;
}

/** A character with the marks that belong to it, and the form in which it is compared. */
interface Character extends Span {
  readonly folded: string;
  readonly charClass: CharClass;
}

/** Marks, vowels and last consonants of Hangul, half-width voice marks: they fold into what is before. */
const joined = /[\p{M}\u1160-\u11ff\uff9e\uff9f]/u;

function* characters(text: string): Generator<Character> {
  let start = 0;
  while (start < text.length) {
    let end = start + charLength(text, start);
    while (end < text.length && joined.test(String.fromCodePoint(text.codePointAt(end) ?? 0))) {
      end += charLength(text, end);
    }
    const folded = normalise(text.slice(start, end));
    // What cannot be seen stands for nothing, and parts no word.
    if (folded !== "") yield { start, end, folded, charClass: charClassAt(folded, 0) };
    start = end;
  }
}

/** Runs that are cut alike: words of every alphabet, Chinese, Korean, Thai and its neighbours. */
function kindOf(charClass: CharClass): CharClass {
  const ofWord = charClass >= CharClass.digit && charClass <= CharClass.mark;
  return ofWord ? CharClass.otherLetter : charClass;
}

function* runs(text: string): Generator<Character[]> {
  let run: Character[] = [];
  for (const character of characters(text)) {
    const [first] = run;
    if (first !== undefined && kindOf(first.charClass) !== kindOf(character.charClass)) {
      yield run;
      run = [];
    }
    run.push(character);
  }
  if (run.length > 0) yield run;
}

const spanOf = (run: readonly Character[]): Span => ({
  start: run[0]?.start ?? 0,
  end: run.at(-1)?.end ?? 0,
});

/** What may stand between the parts of one word, and what `cutTerms` knows as the end of a name. */
const joint = /^[-_.'’&,\u2010\u2011]$/;
const nameEnd = /^(?:#|\+\+)/;
/** Runs that one word may have, joints among them. */
const longestWord = 11;

const segmenter = new Intl.Segmenter("th", { granularity: "word" });

/**
 * Finds the wanted terms in a text, in order of their places. An occurrence is the word, or the Chinese
 * characters, that a reader would mark; two may overlap. `text` is as somebody wrote it: what folding
 * makes alike is found.
 */
export function* occurrences(text: string, terms: readonly WantedTerm[]): Generator<Occurrence> {
  const exact = new Set(terms.map((term) => term.text));
  const single = new Set(terms.filter(({ prefix }) => prefix).map((term) => term.text));
  const all = [...runs(text)];

  function termOf(part: string): string | undefined {
    let found: string | undefined;
    cutTerms(part, (term) => {
      if (found === undefined && exact.has(term)) found = term;
    });
    return found;
  }

  function* inPairs(run: readonly Character[]): Generator<Occurrence> {
    const folded = run.map((character) => simplify(character.folded));
    for (const [i, { start, end }] of run.entries()) {
      const character = folded[i] ?? "";
      if (single.has(character)) yield { start, end, term: character };
      const next = run[i + 1];
      const pair = character + (folded[i + 1] ?? "");
      if (next !== undefined && exact.has(pair)) yield { start, end: next.end, term: pair };
    }
  }

  function* inSegments({ start, end }: Span): Generator<Occurrence> {
    for (const { segment, index } of segmenter.segment(text.slice(start, end))) {
      const term = termOf(segment);
      const at = start + index;
      if (term !== undefined) yield { start: at, end: at + segment.length, term };
    }
  }

  function* inWord(word: readonly (readonly Character[])[], after: number): Generator<Occurrence> {
    let found = false;
    for (const run of word) {
      if (joint.test(text.slice(spanOf(run).start, spanOf(run).end))) continue;
      const span = spanOf(run);
      const term = termOf(text.slice(span.start, span.end));
      if (term === undefined) continue;
      found = true;
      yield { ...span, term };
    }
    if (found) return;
    // 1,000 or e-mail, which are one term; C++ and C#.
    const start = spanOf(word[0] ?? []).start;
    const end = after + (nameEnd.exec(text.slice(after, after + 2))?.[0].length ?? 0);
    const term = termOf(text.slice(start, end));
    if (term !== undefined) yield { start, end, term };
  }

  for (let i = 0; i < all.length; i++) {
    const run = all[i] ?? [];
    const kind = kindOf(run[0]?.charClass ?? CharClass.separator);
    if (isPaired(kind)) yield* inPairs(run);
    else if (kind === CharClass.southEastAsian) yield* inSegments(spanOf(run));
    else if (kind === CharClass.otherLetter) {
      const word = [run];
      while (word.length < longestWord) {
        const [between, next] = [all[i + 1] ?? [], all[i + 2] ?? []];
        const isJoint = between.length === 1 && joint.test(between[0]?.folded ?? "");
        if (!isJoint || kindOf(next[0]?.charClass ?? CharClass.separator) !== kind) break;
        word.push(between, next);
        i += 2;
      }
      yield* inWord(word, spanOf(word.at(-1) ?? []).end);
    }
  }
}
