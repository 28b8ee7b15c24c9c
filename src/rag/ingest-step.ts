import type { DocumentEnd, RememberedEmbedding } from "../store/knowledge.ts";
import type { ChunkBody, PackedSlice } from "../store/slice.ts";

/** What a run asks of whoever drives it, in order. */
export type IngestStep =
  /** The document was read whole. */
  | { readonly type: "parsed"; readonly pages: number | null }
  /** It is known how many chunks there will be. */
  | { readonly type: "counted"; readonly chunks: number }
  /** To be answered with the next chunks of the document that can be found, by index. */
  | { readonly type: "chunks"; readonly after: number; readonly limit: number }
  /** To be answered with the vectors that are remembered under these hashes. */
  | { readonly type: "recall"; readonly hashes: readonly Uint8Array[] }
  | { readonly type: "remember"; readonly embeddings: readonly RememberedEmbedding[] }
  /** The next chunks; with the last ones, what the content turned out to be. */
  | {
      readonly type: "slice";
      readonly slice: PackedSlice;
      /** Chunks of the document up to its end. */
      readonly count: number;
      readonly end: DocumentEnd | undefined;
    }
  /** What is stored is not the beginning of what the document gives: start afresh without it. */
  | { readonly type: "restart" };

/** What a step that asks for something is answered with. */
export interface IngestReply {
  readonly vectors?: readonly (Float32Array | undefined)[];
  readonly chunks?: readonly ChunkBody[];
}

export type Steps<Result> = AsyncGenerator<IngestStep, Result, IngestReply | undefined>;
