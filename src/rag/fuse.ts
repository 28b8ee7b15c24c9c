import type { LooseMatch } from "./loose-match.ts";

/** What the searches found out about one chunk; absent where a search did not return it. */
export interface Evidence {
  readonly id: string;
  /** BM25 of the full-text search (natural logarithms), 0 or more. */
  readonly keyword?: number | undefined;
  /** Cosine of the question's vector and the chunk's, -1 to 1. */
  readonly similarity?: number | undefined;
  /** What `looseMatches` says of the chunk. */
  readonly loose?: LooseMatch | undefined;
}

/** What one stage made of a chunk. */
export interface StageResult {
  /** Place among the chunks that the stage knows, from 1. */
  readonly rank: number;
  /** The stage's own score, on its own scale. */
  readonly score: number;
}

export interface FusedHit {
  readonly id: string;
  /** 0 to 1, higher is better. */
  readonly score: number;
  readonly stages: {
    readonly keyword?: StageResult;
    readonly loose?: StageResult;
    readonly vector?: StageResult;
  };
}

/** What the loose evidence counts beside BM25, whose scale it shares (bench/quality/stages.ts). */
const looseWeight = 0.5;

/**
 * The part of the score that comes from the vectors: `builtin` sees little that the full text does
 * not see better, a real model decides where a question and its answer share no word. For `builtin` 0.15
 * was at or above 0.1 on all groups of sets but one (FAQs, manuals, xquad), 0.25 no better than that.
 */
export function defaultVectorWeight(embeddingModel: string): number {
  return embeddingModel === "builtin" ? 0.15 : 0.6;
}

/**
 * Brings what several searches found into one order, best first, equal scores in the order of their
 * ids. A score is `(1 - vectorWeight) * text + vectorWeight * vector`, each part 0 to 1:
 *
 * - text: keyword and loose evidence together, relative to the best, times the part of the question
 *   that the best one covers, so that a question whose words are not there scores low as a whole;
 * - vector: the best similarity keeps its value, the others fall from it towards 0 at the least
 *   similar of many. A chunk without a similarity has 0.
 *
 * Where no chunk has a similarity, as when that search failed, text counts alone. `vectorWeight` 0 is
 * a search by keywords, 1 one by vectors, whose score is the cosine. Weights in between lie 0 to 1.
 */
export function fuse(evidence: readonly Evidence[], vectorWeight: number): FusedHit[] {
  const known = evidence.some(({ similarity }) => similarity !== undefined);
  const weight = known ? vectorWeight : 0;
  const texts = textScores(evidence);
  const vectors = vectorScores(evidence, weight);
  const keyword = ranks(evidence.map((each) => each.keyword));
  const loose = ranks(evidence.map((each) => each.loose?.score));
  const vector = ranks(evidence.map((each) => each.similarity));
  return evidence
    .map(({ id }, i): FusedHit => {
      const [byKeyword, byLoose, byVector] = [keyword[i], loose[i], vector[i]];
      return {
        id,
        score: clamp((1 - weight) * (texts[i] ?? 0) + weight * (vectors[i] ?? 0)),
        stages: {
          ...(byKeyword === undefined ? {} : { keyword: byKeyword }),
          ...(byLoose === undefined ? {} : { loose: byLoose }),
          ...(byVector === undefined ? {} : { vector: byVector }),
        },
      };
    })
    .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : Number(a.id > b.id)));
}

function textScores(evidence: readonly Evidence[]): number[] {
  const raw = evidence.map(
    ({ keyword, loose }) => finite(keyword) + looseWeight * finite(loose?.score),
  );
  const top = Math.max(0, ...raw);
  if (top === 0) return raw.map(() => 0);
  const coverages = evidence.flatMap(({ loose }, i) =>
    raw[i] === top ? [loose?.coverage ?? 1] : [],
  );
  const coverage = clamp(Math.max(...coverages));
  return raw.map((score) => (score / top) * coverage);
}

function vectorScores(evidence: readonly Evidence[], weight: number): number[] {
  if (weight === 1) return evidence.map(({ similarity }) => clamp(finite(similarity)));
  const similarities = evidence.flatMap(({ similarity }) =>
    similarity === undefined ? [] : [finite(similarity)],
  );
  const count = similarities.length;
  const top = clamp(Math.max(0, ...similarities));
  // Of one chunk, nothing tells what an unrelated one would get; of many, the last shows it.
  const floor = (clamp(Math.min(...similarities)) * (count - 1)) / count;
  return evidence.map(({ similarity }) => {
    if (similarity === undefined || top <= floor) return 0;
    return clamp(((finite(similarity) - floor) / (top - floor)) * top);
  });
}

/** Equal scores share a rank. */
function ranks(scores: readonly (number | undefined)[]): (StageResult | undefined)[] {
  const order = scores
    .flatMap((score, i) => (score === undefined ? [] : [{ score, i }]))
    .sort((a, b) => b.score - a.score);
  const results: (StageResult | undefined)[] = scores.map(() => undefined);
  let rank = 0;
  order.forEach(({ score, i }, place) => {
    if (score !== order[place - 1]?.score) rank = place + 1;
    results[i] = { rank, score };
  });
  return results;
}

const finite = (value: number | undefined): number =>
  value !== undefined && Number.isFinite(value) ? value : 0;

const clamp = (value: number): number => Math.min(1, Math.max(0, value));
