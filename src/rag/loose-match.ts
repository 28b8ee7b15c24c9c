import { CharClass, charClassAt, charLength } from "../text/char-class.ts";
import { foldedUnit, normalise, stripMarks } from "../text/fold.ts";
import { chineseParticles, stopWordsOf } from "../text/stop-words.ts";
import { longestQuestion } from "./tokenize.ts";

/**
 * Letters of a word that are compared, whatever its ending; the digits of a number all are. Four
 * forgive most endings and take `stator` for `state`; six alone would cost Greek, Swedish and Russian,
 * whose words are often shorter, what they gain for English.
 */
const prefixLength = 4;
const longPrefixLength = 6;
const buckets = 65_536;

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
type FeatureSink = (feature: number, start: number, end: number, share: number) => void;

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

function scanWord(text: string, start: number, visit: FeatureSink): number {
  let hash = 7;
  let prefix = 0;
  let length = 0;
  let i = start;
  while (i < text.length) {
    const charClass = charClassAt(text, i);
    if (charClass === CharClass.separator || charClass > CharClass.mark) break;
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

interface QuestionFeature {
  /** How often the question has it. */
  readonly count: number;
  readonly share: number;
}

/** Whether a character belongs to a pair that holds nothing but grammar. */
const isGrammar = (text: string, at: number): boolean =>
  chineseParticles.has(text.slice(at, at + 2)) ||
  (at > 0 && chineseParticles.has(text.slice(at - 1, at + 1)));

/** The features of a question. Stop words and particles give none. */
function questionFeatures(question: string): Map<number, QuestionFeature> {
  const clean = normalise(question.slice(0, longestQuestion));
  // By code units, as `scan` reads; a character beyond the first plane is in no particle.
  const simplified = Array.from({ length: clean.length }, (_, at) =>
    String.fromCharCode(foldedUnit(clean, at)),
  ).join("");
  const found: { feature: number; share: number; word: string }[] = [];
  scan(clean, (feature, start, end, share) => {
    if (isGrammar(simplified, start)) return;
    found.push({ feature, share, word: stripMarks(clean.slice(start, end).toLowerCase()) });
  });
  const stopWords = stopWordsOf(
    found.map(({ word }) => word),
    question,
  );
  const counts = new Map<number, QuestionFeature>();
  for (const { feature, share, word } of found) {
    if (word.length > 1 && stopWords.has(word)) continue;
    counts.set(feature, { count: (counts.get(feature)?.count ?? 0) + 1, share });
  }
  return counts;
}

/** BM25's usual constants. */
const k1 = 1.2;
const b = 0.75;

/** What a word of an alphabet counts in a window, where a Chinese character counts 1. */
const wordWidth = 2;

/** Ten words, or twenty characters: about a clause. */
const windowWidth = 20;

/**
 * Slides over a passage and knows the most that the question's features in it ever weighed, each
 * counted once: an answer says in one sentence what a stray passage has here and there.
 */
class Window {
  best = 0;
  private weight = 0;
  private readonly inside: { readonly slot: number; readonly place: number }[] = [];
  private first = 0;
  private readonly counts: Uint32Array;

  constructor(private readonly weights: readonly { readonly idf: number }[]) {
    this.counts = new Uint32Array(weights.length + 1);
  }

  /** Takes the next feature, by its number among those of the question, from 1. */
  add(slot: number, place: number): void {
    for (; this.first < this.inside.length; this.first += 1) {
      const oldest = this.inside[this.first];
      if (oldest === undefined || oldest.place > place - windowWidth) break;
      if (this.count(oldest.slot, -1) === 0) this.weight -= this.weights[oldest.slot - 1]?.idf ?? 0;
    }
    this.inside.push({ slot, place });
    if (this.count(slot, 1) === 1) this.weight += this.weights[slot - 1]?.idf ?? 0;
    this.best = Math.max(this.best, this.weight);
  }

  private count(slot: number, change: 1 | -1): number {
    const count = (this.counts[slot] ?? 0) + change;
    this.counts[slot] = count;
    return count;
  }
}

export interface LooseMatch {
  /**
   * BM25 over the loose features, and the weight of those of the question that stand within ten words
   * of one another: 0 or more, on the scale of a BM25 with natural logarithms.
   */
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
  for (const [feature, { count, share }] of wanted) {
    const having = statistics.counts[feature] ?? 0;
    const odds = (statistics.passages - having + 0.5) / (having + 0.5);
    const idf = share * Math.log(1 + odds);
    weights.push({ count, idf });
    slots[feature] = weights.length;
    total += idf;
  }
  return passages.map((passage) => {
    const found = new Uint32Array(weights.length + 1);
    const clean = normalise(passage);
    const window = new Window(weights);
    let length = 0;
    let place = 0;
    scan(clean, (feature, start, _end, share) => {
      length += share;
      place += charClassAt(clean, start) < CharClass.cjk ? wordWidth * share : 1;
      const slot = slots[feature] ?? 0;
      found[slot] = (found[slot] ?? 0) + 1;
      if (slot > 0) window.add(slot, place);
    });
    const damping = k1 * (1 - b + (b * length) / statistics.averageLength);
    let score = window.best;
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
