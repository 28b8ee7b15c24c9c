import { CharClass, charClassAt, charLength } from "../text/char-class.ts";
import { foldedUnit, normalise, stripMarks } from "../text/fold.ts";
import { stopWordsOf } from "../text/stop-words.ts";

/** Letters of a word that are compared, whatever its ending; the digits of a number all are. */
const prefixLength = 4;
const buckets = 65_536;

/**
 * In how many of a sample of passages each loose feature occurs: a single Chinese, Japanese or Korean
 * character, a number, or the first four letters of a word. Features share 65,536 counters by their hash.
 */
export interface LooseStatistics {
  readonly passages: number;
  /** Features that a passage of the sample holds, repeated ones included. */
  readonly averageLength: number;
  readonly counts: Uint16Array;
}

/** Takes the hash (0 to 65,535) of a feature, and where the word that it begins stands. */
type FeatureSink = (feature: number, start: number, end: number) => void;

/**
 * Finds every feature of a normalised text, in order, in one pass. Thai and its neighbours, which put
 * no spaces between words, give every four characters in a row.
 */
function scan(clean: string, visit: FeatureSink): void {
  let i = 0;
  while (i < clean.length) {
    const charClass = charClassAt(clean, i);
    if (charClass === CharClass.cjk || charClass === CharClass.hangul) {
      const end = i + charLength(clean, i);
      visit(mix(foldedUnit(clean, i)), i, end);
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

function scanWord(text: string, start: number, visit: FeatureSink): number {
  let hash = 7;
  let length = 0;
  let i = start;
  while (i < text.length) {
    const charClass = charClassAt(text, i);
    if (charClass === CharClass.separator || charClass > CharClass.mark) break;
    if (charClass !== CharClass.mark && (length < prefixLength || charClass === CharClass.digit)) {
      hash = Math.imul(hash, 31) + foldedUnit(text, i);
      length++;
    }
    i += charLength(text, i);
  }
  visit(mix(hash), start, i);
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
    visit(mix(hash), i, i + prefixLength);
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
    scan(normalise(passage), (feature) => {
      length++;
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

/** UTF-16 units of a question that are read, as many as the full-text search reads. */
const longestQuestion = 8192;

/** The features of a question, each with how often it occurs there. Stop words give none. */
function questionFeatures(question: string): Map<number, number> {
  const clean = normalise(question.slice(0, longestQuestion));
  const found: { feature: number; word: string }[] = [];
  scan(clean, (feature, start, end) => {
    found.push({ feature, word: stripMarks(clean.slice(start, end).toLowerCase()) });
  });
  const stopWords = stopWordsOf(
    found.map(({ word }) => word),
    question,
  );
  const counts = new Map<number, number>();
  for (const { feature, word } of found) {
    if (word.length > 1 && stopWords.has(word)) continue;
    counts.set(feature, (counts.get(feature) ?? 0) + 1);
  }
  return counts;
}

/** BM25's usual constants. */
const k1 = 1.2;
const b = 0.75;

export interface LooseMatch {
  /** BM25 over the loose features: 0 or more, on the scale of a BM25 with natural logarithms. */
  readonly score: number;
  /** The part of the question's features, each weighted by its rarity, that the passage holds, 0 to 1; 1 when the question has none. */
  readonly coverage: number;
}

/**
 * How well each passage fits the question when endings are forgiven and characters stand alone:
 * evidence beside the stems and pairs of the full-text index, for the best of its hits. One match for
 * each passage, in order.
 */
export function looseMatches(
  question: string,
  passages: readonly string[],
  statistics: LooseStatistics,
): LooseMatch[] {
  const wanted = questionFeatures(question);
  const slots = new Uint16Array(buckets);
  const weights: { count: number; idf: number }[] = [];
  let total = 0;
  for (const [feature, count] of wanted) {
    const having = statistics.counts[feature] ?? 0;
    const odds = (statistics.passages - having + 0.5) / (having + 0.5);
    const idf = Math.log(1 + odds);
    weights.push({ count, idf });
    slots[feature] = weights.length;
    total += idf;
  }
  return passages.map((passage) => {
    const found = new Uint32Array(weights.length + 1);
    let length = 0;
    scan(normalise(passage), (feature) => {
      length++;
      const slot = slots[feature] ?? 0;
      found[slot] = (found[slot] ?? 0) + 1;
    });
    const damping = k1 * (1 - b + (b * length) / statistics.averageLength);
    let score = 0;
    let covered = 0;
    weights.forEach(({ count, idf }, i) => {
      const frequency = found[i + 1] ?? 0;
      if (frequency === 0) return;
      score += (count * idf * frequency * (k1 + 1)) / (frequency + damping);
      covered += idf;
    });
    return { score, coverage: total === 0 ? 1 : covered / total };
  });
}
