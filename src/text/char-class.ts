/** How the characters of a writing system are cut into terms. */
export const CharClass = {
  /** Spaces, punctuation, symbols: never part of a term. */
  separator: 0,
  digit: 1,
  latin: 2,
  cyrillic: 3,
  greek: 4,
  arabic: 5,
  hebrew: 6,
  devanagari: 7,
  /** Every other alphabet that puts spaces between words. */
  otherLetter: 8,
  /** Combining marks: they belong to the letter before them. */
  mark: 9,
  /** Chinese characters, kana, bopomofo: written without spaces. */
  cjk: 10,
  hangul: 11,
  /** Thai, Lao, Khmer, Burmese: written without spaces between words. */
  southEastAsian: 12,
} as const;

export type CharClass = (typeof CharClass)[keyof typeof CharClass];

const unknown = 255;

/** First and last code unit, and the class of every letter between; digits and marks go first. */
const blocks: readonly (readonly [number, number, CharClass])[] = [
  [0x0041, 0x024f, CharClass.latin],
  [0x0250, 0x02af, CharClass.latin],
  [0x0370, 0x03ff, CharClass.greek],
  [0x0400, 0x052f, CharClass.cyrillic],
  [0x0590, 0x05ff, CharClass.hebrew],
  [0x0600, 0x06ff, CharClass.arabic],
  [0x0750, 0x077f, CharClass.arabic],
  [0x08a0, 0x08ff, CharClass.arabic],
  [0x0900, 0x097f, CharClass.devanagari],
  [0x0e00, 0x0eff, CharClass.southEastAsian],
  [0x1000, 0x109f, CharClass.southEastAsian],
  [0x1100, 0x11ff, CharClass.hangul],
  [0x1780, 0x17ff, CharClass.southEastAsian],
  [0x1c80, 0x1c8f, CharClass.cyrillic],
  [0x1e00, 0x1eff, CharClass.latin],
  [0x1f00, 0x1fff, CharClass.greek],
  [0x2c60, 0x2c7f, CharClass.latin],
  [0x2e80, 0x2fdf, CharClass.cjk],
  [0x3005, 0x3007, CharClass.cjk],
  [0x3021, 0x312f, CharClass.cjk],
  [0x3130, 0x318f, CharClass.hangul],
  [0x31a0, 0x31ff, CharClass.cjk],
  [0x3400, 0x9fff, CharClass.cjk],
  [0xa640, 0xa69f, CharClass.cyrillic],
  [0xa720, 0xa7ff, CharClass.latin],
  [0xa960, 0xa97f, CharClass.hangul],
  [0xac00, 0xd7ff, CharClass.hangul],
  [0xf900, 0xfaff, CharClass.cjk],
];

/**
 * Blocks whose marks are vowels and tones inside a run: a run of them is cut as a whole. U+30FB and
 * the like are punctuation and stay separators.
 */
const wholeRuns: ReadonlySet<CharClass> = new Set([
  CharClass.cjk,
  CharClass.hangul,
  CharClass.southEastAsian,
]);

const letter = /^\p{L}$/u;
const number = /^\p{N}$/u;
const mark = /^\p{M}$/u;

const classes = new Uint8Array(0x10000).fill(unknown);

function classify(unit: number): CharClass {
  const character = String.fromCharCode(unit);
  const block = blocks.find(([first, last]) => unit >= first && unit <= last)?.[2];
  if (block !== undefined && wholeRuns.has(block)) {
    // 々 is a letter, 〇 a number; both stand inside words.
    if (letter.test(character) || mark.test(character) || unit === 0x3007) return block;
    return number.test(character) ? CharClass.digit : CharClass.separator;
  }
  if (mark.test(character)) return CharClass.mark;
  if (number.test(character)) return CharClass.digit;
  if (letter.test(character)) return block ?? CharClass.otherLetter;
  return CharClass.separator;
}

/**
 * The class of the character that begins at `index`: a pair of surrogates is one character, and a
 * lone surrogate a separator. Independent of the machine: Unicode's properties are those that the
 * JavaScript engine was built with.
 */
export function charClassAt(text: string, index: number): CharClass {
  const unit = text.charCodeAt(index);
  const known = classes[unit];
  // The table holds nothing but classes and `unknown`.
  if (known !== undefined && known !== unknown) return known as CharClass;
  if (unit >= 0xd800 && unit <= 0xdfff) return astralClass(text.codePointAt(index) ?? unit);
  const found = classify(unit);
  classes[unit] = found;
  return found;
}

function astralClass(codePoint: number): CharClass {
  if (codePoint < 0x10000) return CharClass.separator;
  const character = String.fromCodePoint(codePoint);
  if (letter.test(character)) {
    const cjk = codePoint >= 0x1aff0 && codePoint <= 0x1b16f;
    return cjk || codePoint >= 0x20000 ? CharClass.cjk : CharClass.otherLetter;
  }
  if (mark.test(character)) return CharClass.mark;
  return number.test(character) ? CharClass.digit : CharClass.separator;
}

/** Whether words of this class are written without spaces and cut into pairs of characters. */
export function isPaired(charClass: CharClass): boolean {
  return charClass === CharClass.cjk || charClass === CharClass.hangul;
}

/** UTF-16 units of the character that begins at `index`. */
export function charLength(text: string, index: number): 1 | 2 {
  return (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
}
