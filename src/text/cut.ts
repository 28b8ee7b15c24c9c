import { CharClass, charClassAt, charLength, isPaired } from "./char-class.ts";
import { cutPieces, shorten, type TermSink } from "./cut-word.ts";
import { normalise, simplify } from "./fold.ts";

/** Words that one identifier, date or version may join. */
const longestCompound = 6;
/**
 * Cuts text of any language into the terms by which it is found: words as stems, pairs of characters
 * for Chinese, Japanese and Korean, identifiers and numbers whole and in parts. Terms hold letters,
 * digits, marks and private-use characters only, at most 40 of them, in lower case. The same text
 * gives the same terms on every machine, but for Thai, Lao, Khmer and Burmese, whose words are those of
 * the engine's dictionary. Takes time linear in the text's length.
 */
export function cutTerms(text: string, sink: TermSink): void {
  const clean = normalise(text);
  let i = 0;
  while (i < clean.length) {
    const charClass = charClassAt(clean, i);
    if (charClass === CharClass.separator || charClass === CharClass.mark) {
      i += charLength(clean, i);
    } else if (isPaired(charClass)) {
      const end = endOfRun(clean, i, charClass);
      cutPairs(simplify(clean.slice(i, end)), sink);
      i = end;
    } else if (charClass === CharClass.southEastAsian) {
      const end = endOfRun(clean, i, charClass);
      cutSouthEastAsian(clean.slice(i, end), sink);
      i = end;
    } else {
      i = cutCompound(clean, i, sink);
    }
  }
}

function endOfRun(text: string, start: number, charClass: CharClass): number {
  let i = start;
  while (i < text.length) {
    const next = charClassAt(text, i);
    if (next !== charClass && next !== CharClass.mark) break;
    i += charLength(text, i);
  }
  return i;
}

const surrogate = /[\ud800-\udfff]/;

function cutPairs(run: string, sink: TermSink): void {
  const characters = surrogate.test(run) ? Array.from(run) : run;
  const last = characters.length - 1;
  let character = characters[0] ?? "";
  for (let i = 0; i < last; i++) {
    const next = characters[i + 1] ?? "";
    const pair = character + next;
    sink(pair, pair, false);
    character = next;
  }
  sink(character, character, last > 0);
}

let segmenter: Intl.Segmenter | undefined;
/** The dictionary's search is not linear in long runs. */
const longestSegment = 1024;

function cutSouthEastAsian(run: string, sink: TermSink): void {
  segmenter ??= new Intl.Segmenter("th", { granularity: "word" });
  for (let i = 0; i < run.length; i += longestSegment) {
    for (const { segment } of segmenter.segment(run.slice(i, i + longestSegment))) {
      const term = shorten(segment);
      sink(term, term, false);
    }
  }
}

/** A word or number of an alphabet, with what is joined to it: `e-mail`, `snake_case`, `v1.2.3`. */
function cutCompound(text: string, start: number, sink: TermSink): number {
  const pieces: string[] = [];
  let joints = "";
  let i = start;
  for (;;) {
    const end = endOfPiece(text, i);
    const piece = text.slice(i, end);
    pieces.push(piece);
    i = end;
    if (pieces.length === longestCompound || !joins(text, i)) break;
    joints += text[i];
    i++;
  }
  const suffix = languageName(text, i, pieces);
  if (suffix !== undefined) {
    sink(suffix, suffix, false);
    return i + 1;
  }
  cutPieces(pieces, joints, sink);
  return i;
}

function endOfPiece(text: string, start: number): number {
  let script: CharClass | undefined;
  let i = start;
  while (i < text.length) {
    const charClass = charClassAt(text, i);
    if (charClass === CharClass.separator || charClass > CharClass.mark) break;
    if (charClass !== CharClass.digit && charClass !== CharClass.mark) {
      if (script !== undefined && script !== charClass) break;
      script = charClass;
    }
    i += charLength(text, i);
  }
  return i;
}

const joint = /[-_.'’&,\u2010\u2011]/;

function joins(text: string, index: number): boolean {
  const character = text[index];
  if (character === undefined || !joint.test(character) || index + 1 >= text.length) return false;
  const next = charClassAt(text, index + 1);
  if (character === "," || character === "&") {
    const before = charClassAt(text, index - 1);
    return character === ","
      ? before === CharClass.digit && next === CharClass.digit
      : before === CharClass.latin && next === CharClass.latin;
  }
  return next >= CharClass.digit && next < CharClass.mark;
}

/** C++, C#, F#: a single letter whose sign makes the name. */
function languageName(text: string, index: number, pieces: readonly string[]): string | undefined {
  const name = pieces[0] ?? "";
  if (pieces.length !== 1 || name.length !== 1) return undefined;
  if (text[index] === "#") return `${name.toLowerCase()}sharp`;
  return text[index] === "+" && text[index + 1] === "+"
    ? `${name.toLowerCase()}plusplus`
    : undefined;
}
