export interface QueryTerm {
  readonly text: string;
  /** What it counts beside the other terms: twice as much where the question has it twice. */
  readonly weight: number;
  /** Whether it stands for every term that begins with it. */
  readonly prefix: boolean;
  /** Terms that count as the same one, as if a passage that has any of them had this one. */
  readonly others?: readonly string[];
}

export interface SearchRequest {
  /** What the full-text search looks for; empty: there is none. */
  readonly terms: readonly QueryTerm[];
  /** What the vector search looks for, of unit length; undefined: there is none. */
  readonly vector: Float32Array | undefined;
  /** Candidates that each of the two searches may bring. */
  readonly limit: number;
  /** The engine's numbers of the documents that are searched; all when left out. */
  readonly documents?: readonly number[] | undefined;
}

/**
 * What the two searches found, joined: each chunk once, with both scores, whichever search brought
 * it. A score is NaN where that search was not asked for.
 */
export interface SearchCandidates {
  /** Another one after every change of what can be found. */
  readonly version: string;
  /** The engine's numbers of the chunks, for `passages`. */
  readonly chunks: Float64Array;
  /** BM25 over this knowledge base alone; 0 where no term occurs. */
  readonly bm25: Float64Array;
  /** The cosine of the angle between the question's vector and the chunk's, -1 to 1. */
  readonly cosine: Float64Array;
  /** Those of the terms, by their texts, that occur nowhere. */
  readonly missing: ReadonlySet<string>;
}

/** A chunk with its document, as it is shown. */
export interface Passage {
  /** The number that it was asked for by. */
  readonly chunk: number;
  readonly chunkId: string;
  readonly chunkIndex: number;
  readonly content: string;
  readonly headings: readonly string[];
  readonly page: number | null;
  readonly documentId: string;
  readonly documentName: string;
}

/** A chunk as a part of its document's text; see `Chunk`. */
export interface TextPiece {
  readonly chunk: number;
  readonly content: string;
  readonly start: number;
  readonly end: number;
}

/**
 * The part of storage that searches. It has a connection of its own, so that it can run in another
 * thread than the rest.
 */
export interface SearchStore {
  /** Candidates of both searches, unordered; undefined when the knowledge base is gone. */
  search(knowledgeBaseId: string, request: SearchRequest): Promise<SearchCandidates | undefined>;
  /** In the order asked for, without those that were deleted meanwhile. */
  passages(chunks: readonly number[]): Promise<Passage[]>;
  /**
   * A chunk and its neighbours in the document, up to `distance` of them on each side, in order; empty
   * when it was deleted meanwhile.
   */
  around(chunk: number, distance: number): Promise<TextPiece[]>;
  /** The contents of some chunks that can be found, taken evenly: `count` of them, or all. */
  sample(knowledgeBaseId: string, count: number): Promise<string[]>;
  close(): Promise<void>;
}
