import { CharClass, charClassAt } from "../text/char-class.ts";
import { foldedUnit, normalise, stripMarks } from "../text/fold.ts";
import { chineseParticles, stopWordsOf } from "../text/stop-words.ts";
import { buckets, type LooseStatistics, scan } from "./loose/features.ts";
import { Proximity, Window, wordWidth } from "./loose/nearness.ts";
import { longestQuestion, weightsAmong } from "./tokenize.ts";

interface QuestionFeature {
  /** How often the question has it. */
  readonly count: number;
  /** Its part of what its word weighs; more than 1 for a word that weighs as several characters. */
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
  const words = found.map(({ word }) => word);
  const stopWords = stopWordsOf(words, question);
  const weightOf = weightsAmong(words);
  const counts = new Map<number, QuestionFeature>();
  for (const { feature, share, word } of found) {
    if (word.length > 1 && stopWords.has(word)) continue;
    counts.set(feature, {
      count: (counts.get(feature)?.count ?? 0) + 1,
      share: share * weightOf(word),
    });
  }
  return counts;
}

/** BM25's usual constants. */
const k1 = 1.2;
const b = 0.75;

export interface LooseMatch {
  /**
   * BM25 over the loose features, the weight of those of the question that stand within ten words of
   * one another, and how near one another its words stand: 0 or more, on the scale of a BM25 with
   * natural logarithms.
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
  const slots = new Uint16Array(buckets);
  const counts: number[] = [];
  const weights: number[] = [];
  for (const [feature, { count, share }] of questionFeatures(question)) {
    const having = statistics.counts[feature] ?? 0;
    const odds = (statistics.passages - having + 0.5) / (having + 0.5);
    counts.push(count);
    weights.push(share * Math.log(1 + odds));
    slots[feature] = weights.length;
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return passages.map((passage) => {
    const found = new Uint32Array(weights.length + 1);
    const clean = normalise(passage);
    const window = new Window(weights);
    const proximity = new Proximity(weights.length);
    let length = 0;
    let place = 0;
    let last = -1;
    scan(clean, (feature, start, _end, share) => {
      length += share;
      const spaced = charClassAt(clean, start) < CharClass.cjk;
      if (start !== last) place += spaced ? wordWidth : 1;
      last = start;
      const slot = slots[feature] ?? 0;
      found[slot] = (found[slot] ?? 0) + 1;
      if (slot === 0) return;
      window.add(slot, place);
      proximity.add(slot, weights[slot - 1] ?? 0, place, spaced);
    });
    const damping = k1 * (1 - b + (b * length) / statistics.averageLength);
    let score = window.best + proximity.score(k1, damping);
    let covered = 0;
    weights.forEach((weight, i) => {
      const frequency = found[i + 1] ?? 0;
      if (frequency === 0) return;
      score += ((counts[i] ?? 0) * weight * frequency * (k1 + 1)) / (frequency + damping);
      covered += weight;
    });
    return { score, coverage: total === 0 ? 1 : covered / total };
  });
}
