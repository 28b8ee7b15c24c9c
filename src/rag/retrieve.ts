import type { Passage, SearchCandidates, SearchStore } from "../store/search.ts";
import { defaultVectorWeight, type Evidence, fuse } from "./fuse.ts";
import { type LooseStatistics, looseMatches, looseStatistics } from "./loose-match.ts";
import { queryTerms } from "./tokenize.ts";

export interface RetrieveRequest {
  readonly knowledgeBaseId: string;
  readonly query: string;
  /** The question's vector, of unit length. */
  readonly vector: Float32Array;
  /** The model that the vector comes from. */
  readonly embeddingModel: string;
  /** Hits at most. */
  readonly topK: number;
}

/** A passage that fits the question. */
export interface Hit extends Passage {
  /** 0 to 1, higher is better. */
  readonly score: number;
}

/** Candidates of each search: those that the loose match looks at. */
const candidateLimit = 60;

/** Passages that tell how common the features of a loose match are. */
const sampleSize = 200;

/** Knowledge bases whose statistics are kept, 128 KiB each. */
const rememberedStatistics = 64;

const present = (value: number | undefined): number | undefined =>
  value === undefined || Number.isNaN(value) ? undefined : value;

/**
 * Finds the passages that fit a question, by vectors and by words, and brings them into one order.
 * Computes on the calling thread.
 */
export function createRetriever(store: SearchStore) {
  const statistics = new Map<string, { version: string; statistics: LooseStatistics }>();

  async function statisticsOf(knowledgeBaseId: string, version: string): Promise<LooseStatistics> {
    const known = statistics.get(knowledgeBaseId);
    if (known?.version === version) return known.statistics;
    const fresh = looseStatistics(await store.sample(knowledgeBaseId, sampleSize));
    statistics.delete(knowledgeBaseId);
    statistics.set(knowledgeBaseId, { version, statistics: fresh });
    const [oldest] = statistics.keys();
    if (oldest !== undefined && statistics.size > rememberedStatistics) statistics.delete(oldest);
    return fresh;
  }

  async function gather(
    request: RetrieveRequest,
    candidates: SearchCandidates,
    passages: readonly Passage[],
  ): Promise<Evidence[]> {
    const { knowledgeBaseId, query } = request;
    const texts = passages.map(({ documentName, headings, content }) =>
      [documentName, ...headings, content].join("\n"),
    );
    const loose = looseMatches(
      query,
      texts,
      await statisticsOf(knowledgeBaseId, candidates.version),
    );
    const places = new Map([...candidates.chunks].map((chunk, at) => [chunk, at]));
    return passages.map(({ chunk }, at) => {
      const place = places.get(chunk) ?? -1;
      return {
        // As long as any other, so that the order of ids is that of the numbers.
        id: String(chunk).padStart(16, "0"),
        keyword: present(candidates.bm25[place]),
        similarity: present(candidates.cosine[place]),
        loose: loose[at],
      };
    });
  }

  return {
    /** The best first; undefined when the knowledge base is gone. */
    async retrieve(request: RetrieveRequest): Promise<Hit[] | undefined> {
      const candidates = await store.search(request.knowledgeBaseId, {
        terms: queryTerms(request.query),
        vector: request.vector,
        limit: Math.max(candidateLimit, request.topK),
      });
      if (candidates === undefined) return undefined;
      const passages = await store.passages([...candidates.chunks]);
      const evidence = await gather(request, candidates, passages);
      const byId = new Map(evidence.map(({ id }, at) => [id, passages[at]]));
      return fuse(evidence, defaultVectorWeight(request.embeddingModel))
        .slice(0, request.topK)
        .flatMap(({ id, score }) => {
          const passage = byId.get(id);
          return passage === undefined ? [] : [{ ...passage, score }];
        });
    },
  };
}

export type Retriever = ReturnType<typeof createRetriever>;
