import { CharClass, charClassAt, charLength } from "./char-class.ts";
import { foldArabic, foldHebrew, stripMarks } from "./fold.ts";
import { arabicStemOf, devanagariStemOf, hebrewStemOf, latinStemOf, plainStemOf } from "./stem.ts";

/**
 * Takes the terms of a text in reading order. `word` is the folded word, pair of characters or
 * identifier that the term stands for; one word may give several terms, one after the other.
 * `lastCharacter` marks the single character that ends a run of Chinese, Japanese or Korean, `isName` a
 * name, date or version whose parts have come before.
 */
export type TermSink = (
  term: string,
  word: string,
  lastCharacter: boolean,
  isName?: boolean,
) => void;

/** Letters and digits that one term may hold; what is longer is cut. */
const longestTerm = 40;
/** A private-use character: it joins the parts of a number, `3.14`, into one term. */
const point = "\ue000";
/** A private-use character: it tells the pieces of Arabic and Hebrew words from whole ones. */
const gramMark = "\ue001";
const gramLength = 4;

/** At most `longestTerm` units, and no half of a pair. */
export function shorten(term: string): string {
  if (term.length <= longestTerm) return term;
  const cut = term.slice(0, longestTerm);
  return cut.isWellFormed() ? cut : cut.slice(0, -1);
}

const thousands = /^,+$/;
const group = /^\d{3}$/;
const digits = /^\d+$/;
const digitAtEdge = /^\d|\d$/;

/** Cuts pieces that `joints`, a character each, join: every piece, and the whole where it is a name. */
export function cutPieces(pieces: readonly string[], joints: string, sink: TermSink): void {
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
  sink(whole, whole, false, true);
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
