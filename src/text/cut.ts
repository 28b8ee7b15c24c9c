import { CharClass, charClassAt, charLength } from "./char-class.ts";
import { foldArabic, foldHebrew, normalise, simplify, stripMarks } from "./fold.ts";
import { arabicStemOf, devanagariStemOf, hebrewStemOf, latinStemOf, plainStemOf } from "./stem.ts";

/**
 * Takes the terms of a text in reading order. `word` is the folded word, pair of characters or
 * identifier that the term stands for; one word may give several terms, one after the other.
 * `lastCharacter` marks the single character that ends a run of Chinese, Japanese or Korean.
 */
export type TermSink = (term: string, word: string, lastCharacter: boolean) => void;

/** Letters and digits that one term may hold; what is longer is cut. */
const longestTerm = 40;
/** Words that one identifier, date or version may join. */
const longestCompound = 6;
/** A private-use character: it joins the parts of a number, `3.14`, into one term. */
const point = "\ue000";
/** A private-use character: it tells the pieces of Arabic and Hebrew words from whole ones. */
const gramMark = "\ue001";
const gramLength = 4;

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
    } else if (charClass === CharClass.cjk || charClass === CharClass.hangul) {
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

/** At most `longestTerm` units, and no half of a pair. */
function shorten(term: string): string {
  if (term.length <= longestTerm) return term;
  const cut = term.slice(0, longestTerm);
  return cut.isWellFormed() ? cut : cut.slice(0, -1);
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

const thousands = /^,+$/;
const group = /^\d{3}$/;
const digits = /^\d+$/;
const digitAtEdge = /^\d|\d$/;

function cutPieces(pieces: readonly string[], joints: string, sink: TermSink): void {
  if (pieces.length === 1) {
    cutPiece(pieces[0] ?? "", sink);
    return;
  }
  if (thousands.test(joints) && pieces.slice(1).every((piece) => group.test(piece))) {
    cutPiece(pieces.join(""), sink);
    return;
  }
  // U.S.A., e.g.: one word.
  if (pieces.every((piece) => piece.length === 1 && !digits.test(piece))) {
    cutPiece(pieces.join(""), sink);
    return;
  }
  if (pieces.length === 2 && (joints === "'" || joints === "’")) {
    cutApostrophe(pieces[0] ?? "", pieces[1] ?? "", sink);
    return;
  }
  for (const piece of pieces) cutPiece(piece, sink);
  // "sentence.Next" is a missing space, not a name.
  if (joints === "." && pieces.every((piece) => !digitAtEdge.test(piece))) return;
  let whole = stripMarks((pieces[0] ?? "").toLowerCase());
  for (let i = 1; i < pieces.length && whole.length < longestTerm; i++) {
    const before = pieces[i - 1] ?? "";
    const piece = pieces[i] ?? "";
    const numeric = digits.test(before.slice(-1)) && digits.test(piece.slice(0, 1));
    whole += (numeric ? point : "") + stripMarks(piece.toLowerCase());
  }
  whole = shorten(whole);
  sink(whole, whole, false);
}

/** `Panther's`, `l'homme`, `d'une`, `don't`, `O'Brien`: the longer part is the word. */
function cutApostrophe(before: string, after: string, sink: TermSink): void {
  if (after.length <= 2) cutPiece(before, sink);
  else if (before.length <= 2) cutPiece(after, sink);
  else {
    cutPiece(before, sink);
    cutPiece(after, sink);
  }
}

/** Letters of one script, and digits. */
function cutPiece(piece: string, sink: TermSink): void {
  switch (scriptOf(piece)) {
    case CharClass.latin:
      cutLatin(piece, sink);
      break;
    case CharClass.digit: {
      const number = piece.replace(/^0+(?=.)/, "").slice(0, longestTerm);
      sink(number, number, false);
      break;
    }
    case CharClass.arabic: {
      const word = foldArabic(piece);
      cutGrams(word, arabicStemOf(word), sink);
      break;
    }
    case CharClass.hebrew: {
      const word = foldHebrew(piece);
      cutGrams(word, hebrewStemOf(word), sink);
      break;
    }
    case CharClass.devanagari:
      sink(shorten(devanagariStemOf(piece)), piece, false);
      break;
    case CharClass.cyrillic:
      sink(plainStemOf(piece, CharClass.cyrillic), piece.toLowerCase(), false);
      break;
    case CharClass.greek:
      sink(plainStemOf(piece, CharClass.greek), piece.toLowerCase(), false);
      break;
    default:
      sink(plainStemOf(piece, CharClass.otherLetter), piece.toLowerCase(), false);
  }
}

function scriptOf(piece: string): CharClass {
  for (let i = 0; i < piece.length; i += charLength(piece, i)) {
    const charClass = charClassAt(piece, i);
    if (charClass !== CharClass.digit && charClass !== CharClass.mark) return charClass;
  }
  return CharClass.digit;
}

function cutGrams(word: string, stem: string, sink: TermSink): void {
  if (stem === "") return;
  const end = Math.min(word.length, longestTerm);
  sink(shorten(stem), word, false);
  if (word.length <= gramLength) return;
  for (let i = 0; i + gramLength <= end; i++) {
    sink(gramMark + word.slice(i, i + gramLength), word, false);
  }
}

/** Letters that only Vietnamese uses, in lower case. */
export const vietnamese = /[ăơưđ\u1ea0-\u1ef9]/;
const withDigits = /\d/;
const letterOrDigitRun = /\p{L}+|\d+/gu;
const camelHump = /[a-z][A-Z]|[A-Z]{2}[a-z]/;
const camelPart = /[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g;

function cutLatin(piece: string, sink: TermSink): void {
  const lower = piece.toLowerCase();
  const word = stripMarks(lower);
  if (withDigits.test(word)) {
    const whole = shorten(word);
    sink(whole, whole, false);
    for (const [part] of shorten(word).matchAll(letterOrDigitRun)) {
      if (part.length > 1) cutPiece(part, sink);
    }
    return;
  }
  const stem = latinStemOf(word);
  // In Vietnamese the tone tells words apart; the bare form serves those who type without.
  if (vietnamese.test(lower)) {
    const exact = shorten(lower);
    sink(exact, exact, false);
    sink(stem, exact, false);
    return;
  }
  sink(stem, word, false);
  if (camelHump.test(piece) && piece.length <= longestTerm) {
    if (word !== stem) sink(word, word, false);
    for (const [part] of piece.matchAll(camelPart)) {
      const partStem = latinStemOf(part.toLowerCase());
      if (part.length > 1 && partStem !== stem) sink(partStem, part.toLowerCase(), false);
    }
  }
}
