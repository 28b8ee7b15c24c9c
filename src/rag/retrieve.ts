import type { Passage, SearchCandidates, SearchStore } from "../store/search.ts";
import { type Evidence, type FusedHit, fuse, type StageResult } from "./fuse.ts";
import { joinPieces } from "./join-pieces.ts";
import { looseMatches } from "./loose-match.ts";
import { withoutNearDuplicates } from "./near-duplicates.ts";
import { Samples } from "./samples.ts";
import { respell, unknownWords } from "./spelling.ts";
import { queryTerms } from "./tokenize.ts";

/** What a search goes by: words, meaning or both. */
export type RetrievalMode = "hybrid" | "vector" | "keyword";

export interface RetrieveRequest {
  readonly knowledgeBaseId: string;
  readonly query: string;
  readonly mode: RetrievalMode;
  /** The question's vector, of unit length; a search by `keyword` needs none. */
  readonly vector: Float32Array | undefined;
  /** The share of the vectors in the score of a `hybrid` search, 0 to 1. */
  readonly vectorWeight: number;
  /** Hits at most. */
  readonly count: number;
  /** The store's numbers of the documents that are searched; all when left out. */
  readonly documents?: readonly number[] | undefined;
}

/** A passage that fits the question. */
export interface Hit extends Passage {
  /** 0 to 1, higher is better. */
  readonly score: number;
  /** What each stage made of it, those that knew it. */
  readonly stages: FusedHit["stages"] & {
    readonly fused: StageResult;
    readonly rerank?: StageResult;
  };
}

/** Candidates of each search: those that the loose match looks at. */
const candidateLimit = 60;

/** The weight of the vectors where the mode decides. */
const weights: Partial<Record<RetrievalMode, number>> = { vector: 1, keyword: 0 };

interface Searched {
  /** The question as it was searched for. */
  readonly question: string;
  readonly candidates: SearchCandidates;
}

const present = (value: number | undefined): number | undefined =>
  value === undefined || Number.isNaN(value) ? undefined : value;

/**
 * Finds the passages that fit a question, by vectors and by words, and brings them into one order.
 * Computes on the calling thread.
 */
export function createRetriever(store: SearchStore) {
  const samples = new Samples(store);

  /** Searches for the words as they are and, where some are nowhere, as they may have been meant. */
  async function search(request: RetrieveRequest): Promise<Searched | undefined> {
    const { knowledgeBaseId, query, mode, vector, count, documents } = request;
    const terms = mode === "vector" ? [] : queryTerms(query);
    const rest = {
      vector: mode === "keyword" ? undefined : vector,
      limit: Math.max(candidateLimit, count),
      documents,
    };
    const candidates = await store.search(knowledgeBaseId, { terms, ...rest });
    if (candidates === undefined) return undefined;
    const asked = { question: query, candidates };
    const unknown = unknownWords(query, candidates.missing);
    if (unknown.size === 0) return asked;
    const vocabulary = await samples.vocabulary(knowledgeBaseId, candidates.version);
    const respelt = respell(query, terms, unknown, vocabulary);
    if (respelt === undefined) return asked;
    const meant = await store.search(knowledgeBaseId, { terms: respelt.terms, ...rest });
    return meant && { question: respelt.question, candidates: meant };
  }

  async function gather(
    request: RetrieveRequest,
    { question, candidates }: Searched,
    passages: readonly Passage[],
  ): Promise<Evidence[]> {
    const { knowledgeBaseId, mode } = request;
    const texts = passages.map(({ documentName, headings, content }) =>
      [documentName, ...headings, content].join("\n"),
    );
    const loose =
      mode === "vector"
        ? []
        : looseMatches(
            question,
            texts,
            await samples.statistics(knowledgeBaseId, candidates.version),
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
    /** The best first, without near-duplicates; undefined when the knowledge base is gone. */
    async retrieve(request: RetrieveRequest): Promise<Hit[] | undefined> {
      const { mode, count } = request;
      const searched = await search(request);
      if (searched === undefined) return undefined;
      const passages = await store.passages([...searched.candidates.chunks]);
      const evidence = await gather(request, searched, passages);
      const byId = new Map(evidence.map(({ id }, at) => [id, passages[at]]));
      const hits = fuse(evidence, weights[mode] ?? request.vectorWeight).flatMap(
        ({ id, score, stages }, at): Hit[] => {
          const passage = byId.get(id);
          const fused = { rank: at + 1, score };
          return passage === undefined ? [] : [{ ...passage, score, stages: { ...stages, fused } }];
        },
      );
      return withoutNearDuplicates(
        hits,
        ({ headings, content }) => [...headings, content].join("\n"),
        count,
      );
    },

    /**
     * The contents of chunks, each with up to `distance` neighbours on both sides joined to it, save
     * those that are among the chunks themselves and what lies behind those. Undefined for a chunk
     * that was deleted meanwhile.
     */
    expand: (chunks: readonly number[], distance: number): Promise<(string | undefined)[]> =>
      Promise.all(
        chunks.map(async (chunk) => {
          const pieces = await store.around(chunk, distance);
          const centre = pieces.findIndex((piece) => piece.chunk === chunk);
          if (centre === -1) return undefined;
          const isOther = (piece: { readonly chunk: number }) =>
            piece.chunk !== chunk && chunks.includes(piece.chunk);
          const before = pieces.slice(0, centre).findLastIndex(isOther);
          const after = pieces.findIndex((piece, at) => at > centre && isOther(piece));
          return joinPieces(pieces.slice(before + 1, after === -1 ? undefined : after));
        }),
      ),
  };
}

export type Retriever = ReturnType<typeof createRetriever>;
