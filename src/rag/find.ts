import { AppError } from "../errors.ts";
import type { Reranker } from "../providers/rerank/index.ts";
import type { Hit, RetrieveRequest } from "./retrieve.ts";

export interface FindRequest extends Omit<RetrieveRequest, "count"> {
  /** Hits at most. */
  readonly topK: number;
  /** What the score of a hit must reach, 0 to 1. */
  readonly minScore: number;
  /** Chunks on each side that are joined to a hit. */
  readonly expand: number;
}

export interface Found {
  /** The best first. */
  readonly hits: readonly Hit[];
  /** Why the hits were not reranked although a reranker is configured. */
  readonly rerankingFailure: AppError | undefined;
}

/** The thread that searches. */
export interface Searcher {
  retrieve(request: RetrieveRequest): Promise<Hit[] | undefined>;
  expand(chunks: readonly number[], distance: number): Promise<(string | undefined)[]>;
}

const textOf = ({ documentName, headings, content }: Hit): string =>
  [documentName, ...headings, content].join("\n");

const logistic = (value: number): number => 1 / (1 + Math.exp(-value));

/**
 * Hits in the reranker's order. Its scores stand where all lie between 0 and 1, else their logistic;
 * hits that it left out follow in their old order, none with a score above the last that it named.
 */
async function rerank(
  reranker: Reranker,
  query: string,
  hits: readonly Hit[],
  signal: AbortSignal,
): Promise<Hit[]> {
  const ranked = await reranker.rank(query, hits.map(textOf), signal);
  const isShare = ranked.every(({ score }) => score >= 0 && score <= 1);
  let lowest = 1;
  const named = ranked.flatMap(({ index, score }, at): Hit[] => {
    const hit = hits[index];
    if (hit === undefined) return [];
    lowest = isShare ? score : logistic(score);
    return [{ ...hit, score: lowest, stages: { ...hit.stages, rerank: { rank: at + 1, score } } }];
  });
  const indexes = new Set(ranked.map(({ index }) => index));
  const rest = hits
    .filter((_, index) => !indexes.has(index))
    .map((hit) => ({ ...hit, score: Math.min(hit.score, lowest) }));
  return [...named, ...rest];
}

/** Finds what answers a question: searches, reranks where a reranker is given, cuts off and joins. */
export function createFinder(options: {
  readonly searcher: Searcher;
  readonly reranker: Reranker | undefined;
  /** Hits that are reranked. */
  readonly candidates: number;
}) {
  const { searcher, reranker, candidates } = options;

  async function order(query: string, hits: readonly Hit[], signal: AbortSignal): Promise<Found> {
    if (reranker === undefined || hits.length === 0) return { hits, rerankingFailure: undefined };
    try {
      const reranked = await rerank(reranker, query, hits, signal);
      return { hits: reranked, rerankingFailure: undefined };
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof AppError)) throw error;
      return { hits, rerankingFailure: error };
    }
  }

  async function withNeighbours(hits: readonly Hit[], distance: number): Promise<readonly Hit[]> {
    if (distance === 0 || hits.length === 0) return hits;
    const contents = await searcher.expand(
      hits.map(({ chunk }) => chunk),
      distance,
    );
    return hits.map((hit, at) => ({ ...hit, content: contents[at] ?? hit.content }));
  }

  /**
   * Undefined when the knowledge base is gone.
   *
   * @throws the signal's reason when aborted
   */
  return async function find(
    { topK, minScore, expand, ...request }: FindRequest,
    signal: AbortSignal,
  ): Promise<Found | undefined> {
    const count = reranker === undefined ? topK : Math.max(topK, candidates);
    const found = await searcher.retrieve({ ...request, count });
    signal.throwIfAborted();
    if (found === undefined) return undefined;
    const { hits, rerankingFailure } = await order(request.query, found, signal);
    const best = hits.filter(({ score }) => score >= minScore).slice(0, topK);
    return { hits: await withNeighbours(best, expand), rerankingFailure };
  };
}

export type Find = ReturnType<typeof createFinder>;
