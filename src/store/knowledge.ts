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

/** What is known of a document once all of it was read. */
export interface DocumentEnd {
  /** What its content turned out to be: a lower-case extension without the dot. */
  readonly fileType: string;
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
   * Adds the next chunks of a `processing` document. With `end`, they are the last: it becomes `ready`
   * and can be found, whole, in the same transaction. Answers false, and stores nothing, when the document is gone or
   * not `processing`, or when the first chunk's index is not the number of chunks that are stored:
   * somebody else takes the document in. The slice's buffers are empty afterwards.
   *
   * @throws Error when the vectors do not fit the knowledge base.
   */
  addSlice(documentId: string, slice: PackedSlice, end: DocumentEnd | undefined): Promise<boolean>;
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
}
