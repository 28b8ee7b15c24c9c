import type { ErrorCode, ErrorParameters } from "../errors.ts";
import type { PackedSlice } from "./slice.ts";

export interface KnowledgeBase {
  /** A UUIDv7. */
  readonly id: string;
  readonly userId: number;
  readonly name: string;
  readonly embeddingModel: string;
  /** The length of its vectors. */
  readonly dimensions: number;
  readonly createdTime: number;
}

/**
 * `processing`: its bytes are stored, nothing of it is found yet. `ready`: all of it is found.
 * `failed`: it could not be taken in, nothing of it is found.
 */
export type DocumentStatus = "processing" | "ready" | "failed";

/** Why a document failed, to be said in the language of whoever asks. */
export interface DocumentError {
  readonly code: ErrorCode;
  readonly parameters: ErrorParameters;
}

/** A document as it is before anything of it was read. */
export interface NewDocument {
  /** A UUIDv7. */
  readonly id: string;
  readonly knowledgeBaseId: string;
  /** The file's name as its owner gave it. */
  readonly name: string;
  /** A lower-case extension without the dot. */
  readonly fileType: string;
  readonly sizeBytes: number;
  /** SHA-256 of the bytes, in lower-case hexadecimal. */
  readonly contentHash: string;
  readonly createdTime: number;
}

export interface Document extends NewDocument {
  readonly status: DocumentStatus;
  /** Set exactly when `status` is `failed`. */
  readonly error: DocumentError | null;
  /** 0 unless `status` is `ready`. */
  readonly chunkCount: number;
}

/** Where an interrupted ingestion stands: chunks that are stored already, and the last of them. */
export interface StoredProgress {
  readonly chunkCount: number;
  readonly last: { readonly content: string; readonly end: number } | undefined;
}

export interface RememberedEmbedding {
  /** Of the model and the text; 16 bytes or more. */
  readonly hash: Uint8Array;
  readonly vector: Float32Array;
}

/** What one step of the clean-up removed. */
export interface Purged {
  /** Documents that are gone for good; their files can go too. */
  readonly documentIds: readonly string[];
  /** Whether there was anything to remove. */
  readonly more: boolean;
}

export interface QueryTerm {
  readonly text: string;
  /** How often the question has it. */
  readonly count: number;
  /** Whether it stands for every term that begins with it. */
  readonly prefix: boolean;
}

export interface SearchRequest {
  /** What the full-text search looks for; empty: there is none. */
  readonly terms: readonly QueryTerm[];
  /** What the vector search looks for, of unit length; undefined: there is none. */
  readonly vector: Float32Array | undefined;
  /** Candidates that each of the two searches may bring. */
  readonly limit: number;
}

/**
 * What the two searches found, joined: each chunk once, with both scores, whichever search brought
 * it. A score is NaN where that search was not asked for.
 */
export interface SearchCandidates {
  /** The engine's numbers of the chunks, for `hits`. */
  readonly chunks: Float64Array;
  /** BM25 over this knowledge base alone; 0 where no term occurs. */
  readonly bm25: Float64Array;
  /** The cosine of the angle between the question's vector and the chunk's, -1 to 1. */
  readonly cosine: Float64Array;
}

/** A chunk with its document, as it is shown. */
export interface StoredHit {
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

export interface KnowledgeStore {
  insertKnowledgeBase(knowledgeBase: KnowledgeBase): Promise<void>;
  /** Undefined as soon as it was deleted. */
  findKnowledgeBase(id: string): Promise<KnowledgeBase | undefined>;
  /** Oldest first. */
  knowledgeBases(userId: number): Promise<KnowledgeBase[]>;
  /**
   * Hides it and all its documents from every other method at once; `purge` removes what is left.
   * Answers false when the user has no such knowledge base.
   */
  deleteKnowledgeBase(id: string, userId: number): Promise<boolean>;

  /** Stores it as `processing`. Answers false when its knowledge base is gone. */
  insertDocument(document: NewDocument): Promise<boolean>;
  findDocument(id: string): Promise<Document | undefined>;
  /** Oldest first. */
  documents(knowledgeBaseId: string): Promise<Document[]>;
  /** Those in `processing`, oldest first. */
  unfinishedDocuments(): Promise<Document[]>;
  /**
   * Hides it from every other method at once; `purge` removes what is left. Answers false when the
   * knowledge base has no such document.
   */
  deleteDocument(id: string, knowledgeBaseId: string): Promise<boolean>;

  progress(documentId: string): Promise<StoredProgress>;
  /**
   * Adds the next chunks of a `processing` document. `last` makes it `ready` and lets it be found,
   * whole, in the same transaction. Answers false, and stores nothing, when the document is gone or
   * not `processing`, or when the first chunk's index is not the number of chunks that are stored:
   * somebody else takes the document in. The slice's buffers are empty afterwards.
   *
   * @throws Error when the vectors do not fit the knowledge base.
   */
  addSlice(documentId: string, slice: PackedSlice, last: boolean): Promise<boolean>;
  /** Removes the newest chunks of a document that is `processing`; answers whether more are left. */
  discardSlice(documentId: string): Promise<boolean>;
  /** Does nothing unless the document is `processing` and without chunks. */
  failDocument(documentId: string, error: DocumentError): Promise<void>;

  /** The vectors that are remembered under these hashes, each in its place. */
  findEmbeddings(hashes: readonly Uint8Array[]): Promise<(Float32Array | undefined)[]>;
  /** Remembers vectors; the oldest of very many are forgotten. */
  saveEmbeddings(embeddings: readonly RememberedEmbedding[]): Promise<void>;

  /** One short step of removing what was deleted. */
  purge(): Promise<Purged>;

  /** Candidates of both searches, unordered; undefined when the knowledge base is gone. */
  search(knowledgeBaseId: string, request: SearchRequest): Promise<SearchCandidates | undefined>;
  /** In the order asked for, without those that were deleted meanwhile. */
  hits(chunks: readonly number[]): Promise<StoredHit[]>;
}
