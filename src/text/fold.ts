import hongKongVariants from "opencc-js/dict/HKVariantsRev";
import traditional from "opencc-js/dict/TSCharacters";
import taiwanVariants from "opencc-js/dict/TWVariantsRev";

const ascii = /^[\0-\x7f]*$/;
/**
 * Soft hyphens, joiners, marks of direction: they change nothing that is read. A zero-width space
 * stays: it parts words in Thai and Khmer.
 */
const ignorable = /(?!\u200b)\p{Default_Ignorable_Code_Point}/gu;
const foreignDigit = /[^\P{Nd}0-9]/gu;

/** Blocks of ten digits begin at a multiple of 16, or six behind one. */
function asciiDigit(digit: string): string {
  const low = (digit.codePointAt(0) ?? 0) & 15;
  const value = low >= 6 ? low - 6 : low;
  return value <= 9 ? String(value) : digit;
}

/**
 * The form in which text is compared: Unicode's NFKC, without invisible characters, digits of every
 * script as 0 to 9. Case is kept, since it shows where an identifier's words begin.
 */
export function normalise(text: string): string {
  if (ascii.test(text)) return text;
  return text.normalize("NFKC").replace(ignorable, "").replace(foreignDigit, asciiDigit);
}

function readPairs(pairs: string): [string, string][] {
  return pairs.split("|").flatMap((pair) => {
    const [from, to] = pair.split(" ");
    return from === undefined || to === undefined || from === to ? [] : [[from, to]];
  });
}

/**
 * Traditional characters and the variants of Taiwan and Hong Kong, each with its one simplified
 * character. By character and not by phrase, so that the same text always folds alike whatever stands
 * around it: 乾隆 and 乾燥 both begin with 干 on either side of the search. A character that is itself
 * simplified (么, a variant of 幺 in Taiwan) stays.
 */
const simplified: ReadonlyMap<string, string> = (() => {
  const map = new Map(readPairs(traditional));
  const targets = new Set(map.values());
  for (const [variant, standard] of [
    ...readPairs(taiwanVariants),
    ...readPairs(hongKongVariants),
  ]) {
    const target = map.get(standard) ?? standard;
    if (target !== variant && !map.has(variant) && !targets.has(variant)) map.set(variant, target);
  }
  return map;
})();

const simplifiedUnit = new Uint16Array(0x10000);
for (const [from, to] of simplified) {
  if (from.length === 1 && to.length === 1) simplifiedUnit[from.charCodeAt(0)] = to.charCodeAt(0);
}

/** Folds traditional Chinese characters to simplified ones, character by character. */
export function simplify(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (simplifiedUnit[unit] !== 0 || (unit >= 0xd800 && unit <= 0xdfff)) return simplifyAll(text);
  }
  return text;
}

function simplifyAll(text: string): string {
  let folded = "";
  for (const character of text) folded += simplified.get(character) ?? character;
  return folded;
}

const latinLetters: Readonly<Record<string, string>> = {
  ß: "ss",
  æ: "ae",
  œ: "oe",
  ø: "o",
  đ: "d",
  ð: "d",
  þ: "th",
  ł: "l",
  ı: "i",
  ħ: "h",
  ŋ: "n",
};
const latinLetter = /[ßæœøđðþłıħŋ]/g;
const marks = /\p{M}+/gu;

/** Without accents and other marks; `text` is in lower case. */
export function stripMarks(text: string): string {
  if (ascii.test(text)) return text;
  return text
    .normalize("NFD")
    .replace(marks, "")
    .replace(latinLetter, (letter) => latinLetters[letter] ?? letter);
}

/** Folded code units of the alphabets below U+2000; 0 where none was asked for yet. */
const foldedUnits = new Uint16Array(0x2000);

/**
 * The code unit that a normalised character is compared by: lower case without marks (its first
 * letter, where the fold gives two), simplified Chinese. Characters beyond the first plane are
 * told apart by their second surrogate alone.
 */
export function foldedUnit(text: string, index: number): number {
  const unit = text.charCodeAt(index);
  if (unit >= 0x2000) {
    if (unit >= 0xd800 && unit <= 0xdbff) return text.charCodeAt(index + 1) || unit;
    return simplifiedUnit[unit] || unit;
  }
  const known = foldedUnits[unit];
  if (known !== undefined && known !== 0) return known;
  const folded = stripMarks(foldArabic(String.fromCharCode(unit).toLowerCase()));
  const result = folded.charCodeAt(0) || unit;
  foldedUnits[unit] = result;
  return result;
}

const arabicLetters: Readonly<Record<string, string>> = {
  أ: "ا",
  إ: "ا",
  آ: "ا",
  ٱ: "ا",
  ى: "ي",
  ی: "ي",
  ئ: "ي",
  ؤ: "و",
  ة: "ه",
  ۀ: "ه",
  ک: "ك",
};
const arabicLetter = /[أإآٱىیئؤةۀک]/g;
const arabicMarks = /[\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed]/g;

/** Arabic and Persian without vowel signs, with one form for each letter. */
export function foldArabic(word: string): string {
  return word
    .replace(arabicMarks, "")
    .replace(arabicLetter, (letter) => arabicLetters[letter] ?? letter);
}

const hebrewFinals: Readonly<Record<string, string>> = { ך: "כ", ם: "מ", ן: "נ", ף: "פ", ץ: "צ" };
const hebrewFinal = /[ךםןףץ]/g;

/** Hebrew without vowel points, with one form for each letter. */
export function foldHebrew(word: string): string {
  return word
    .normalize("NFD")
    .replace(marks, "")
    .replace(hebrewFinal, (letter) => hebrewFinals[letter] ?? letter);
}
