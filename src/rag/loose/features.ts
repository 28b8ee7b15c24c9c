import { CharClass, charClassAt, charLength, isPaired } from "../../text/char-class.ts";
import { foldArabic, foldedUnit, foldHebrew, normalise } from "../../text/fold.ts";
import { arabicStemOf, hebrewStemOf } from "../../text/stem.ts";

/**
 * Letters of a word that are compared, whatever its ending; the digits of a number all are. Four
 * forgive most endings and take `stator` for `state`; six alone would cost Greek, Swedish and Russian,
 * whose words are often shorter, what they gain for English.
 */
const prefixLength = 4;
const longPrefixLength = 6;
/** Features are told apart by hashes below this one. */
export const buckets = 65_536;

/**
 * In how many of a sample of passages each loose feature occurs: a single Chinese, Japanese or Korean
 * character, a number, or the first four or six letters of a word. Features share 65,536 counters by their
 * hash.
 */
export interface LooseStatistics {
  readonly passages: number;
  /** Features that a passage of the sample holds, repeated ones included. */
  readonly averageLength: number;
  readonly counts: Uint16Array;
}

/**
 * Takes the hash (0 to 65,535) of a feature, where the word that it begins stands, and its share in
 * what the word weighs.
 */
export type FeatureSink = (feature: number, start: number, end: number, share: number) => void;

/**
 * Finds every feature of a normalised text, in order, in one pass. Thai and its neighbours, which put
 * no spaces between words, give every four characters in a row.
 */
export function scan(clean: string, visit: FeatureSink): void {
  let i = 0;
  while (i < clean.length) {
    const charClass = charClassAt(clean, i);
    if (isPaired(charClass)) {
      const end = i + charLength(clean, i);
      visit(mix(foldedUnit(clean, i)), i, end, 1);
      i = end;
    } else if (charClass === CharClass.southEastAsian) {
      i = scanRun(clean, i, visit);
    } else if (charClass >= CharClass.digit && charClass <= CharClass.otherLetter) {
      i = scanWord(clean, i, visit);
    } else {
      i += charLength(clean, i);
    }
  }
}

/** A word in Arabic or Hebrew letters is compared without its article and the like (الآفات, آفة). */
const stems: Partial<Record<CharClass, (word: string) => string>> = {
  [CharClass.arabic]: (word) => arabicStemOf(foldArabic(word)),
  [CharClass.hebrew]: (word) => hebrewStemOf(foldHebrew(word)),
};

function scanWord(text: string, start: number, visit: FeatureSink): number {
  const stemOf = stems[charClassAt(text, start)];
  if (stemOf === undefined) return visitWord(text, start, visit);
  let end = start;
  while (end < text.length && isInWord(charClassAt(text, end))) end += charLength(text, end);
  visitWord(stemOf(text.slice(start, end)), 0, (feature, _start, _end, share) =>
    visit(feature, start, end, share),
  );
  return end;
}

const isInWord = (charClass: CharClass): boolean =>
  charClass !== CharClass.separator && charClass <= CharClass.mark;

function visitWord(text: string, start: number, visit: FeatureSink): number {
  let hash = 7;
  let prefix = 0;
  let length = 0;
  let i = start;
  while (i < text.length) {
    const charClass = charClassAt(text, i);
    if (!isInWord(charClass)) break;
    if (
      charClass !== CharClass.mark &&
      (length < longPrefixLength || charClass === CharClass.digit)
    ) {
      if (length === prefixLength) prefix = hash;
      hash = Math.imul(hash, 31) + foldedUnit(text, i);
      length++;
    }
    i += charLength(text, i);
  }
  if (length <= prefixLength) {
    visit(mix(hash), start, i, 1);
  } else {
    visit(mix(prefix), start, i, 0.5);
    visit(mix(~hash), start, i, 0.5);
  }
  return i;
}

function scanRun(text: string, start: number, visit: FeatureSink): number {
  let end = start;
  while (end < text.length && charClassAt(text, end) === CharClass.southEastAsian) end++;
  const last = Math.max(start + 1, end - prefixLength + 1);
  for (let i = start; i < last; i++) {
    let hash = 7;
    for (let j = i; j < end && j < i + prefixLength; j++) {
      hash = Math.imul(hash, 31) + text.charCodeAt(j);
    }
    visit(mix(hash), i, i + prefixLength, 1);
  }
  return end;
}

/** The finaliser of MurmurHash3, down to 16 bits. */
function mix(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) & (buckets - 1);
}

/**
 * Counts the features of a sample of passages. Two hundred, taken evenly, say nearly as much as all
 * (bench/quality/stages.ts); more than 65,535 are not counted.
 */
export function looseStatistics(passages: Iterable<string>): LooseStatistics {
  const counts = new Uint16Array(buckets);
  const seenIn = new Int32Array(buckets);
  let number = 0;
  let length = 0;
  for (const passage of passages) {
    if (number === 65_535) break;
    number++;
    scan(normalise(passage), (feature, _start, _end, share) => {
      length += share;
      if (seenIn[feature] === number) return;
      seenIn[feature] = number;
      counts[feature] = (counts[feature] ?? 0) + 1;
    });
  }
  return {
    passages: number,
    averageLength: number === 0 ? 1 : Math.max(1, length / number),
    counts,
  };
}
