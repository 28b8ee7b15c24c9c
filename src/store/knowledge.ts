import type { ErrorCode, ErrorParameters } from "../errors.ts";
import type { ChunkBody, PackedSlice } from "./slice.ts";

/** What a knowledge base is searched with: chunks that were cut and embedded in one way. */
export interface SearchIndex {
  /** The engine's number for it. */
  readonly index: number;
  readonly embeddingModel: string;
  /** The length of its vectors. */
  readonly dimensions: number;
  /** What documents are cut to; null: what the server is set to. */
  readonly chunkSize: number | null;
}

/** A knowledge base with the index that answers. */
export interface KnowledgeBase extends SearchIndex {
  /** A UUIDv7. */
  readonly id: string;
  readonly userId: number;
  readonly name: string;
  readonly description: string;
  /** The share of the vector search in the order of hits, 0 to 1; null: what suits the model. */
  readonly vectorWeight: number | null;
  readonly createdTime: number;
}

export type NewKnowledgeBase = Omit<KnowledgeBase, "index">;

/** The index that is to take the place of the one that answers. */
export interface Reindex extends SearchIndex {
  readonly knowledgeBaseId: string;
  readonly userId: number;
}

/** Why a reindexing was given up. */
export interface ReindexError extends DocumentError {
  /** The document at fault. */
  readonly documentId: string;
}

/** How the newest reindexing of a knowledge base stands. */
export type ReindexState = Omit<SearchIndex, "index"> &
  (
    | {
        readonly status: "running";
        readonly documentsDone: number;
        readonly documentsTotal: number;
      }
    | { readonly status: "failed"; readonly error: ReindexError }
  );

export interface ListedKnowledgeBase extends KnowledgeBase {
  /** Documents in any status. */
  readonly documentCount: number;
  /** Chunks that can be found. */
  readonly chunkCount: number;
  /** Undefined when there was none, and after one that has succeeded. */
  readonly reindex: ReindexState | undefined;
}

/** What changes; the rest stays. */
export interface KnowledgeBaseChanges {
  readonly name?: string;
  readonly description?: string;
  /** For documents that come from now on. */
  readonly chunkSize?: number;
  readonly vectorWeight?: number | null;
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
  readonly metadata: Metadata;
  readonly createdTime: number;
}

/** What its owner says about a document. */
export type Metadata = Readonly<Record<string, string>>;

/** Documents that fit every condition that is given. */
export interface DocumentFilter {
  readonly documentIds?: readonly string[];
  /** As `Document.fileType`. */
  readonly fileTypes?: readonly string[];
  /** One of the values under each key. */
  readonly metadata?: Readonly<Record<string, readonly string[]>>;
}

export interface Document extends NewDocument {
  readonly status: DocumentStatus;
  /** Set exactly when `status` is `failed`. */
  readonly error: DocumentError | null;
  /** 0 unless `status` is `ready`. */
  readonly chunkCount: number;
  /** Pages, slides or sheets, where its format has them; null until it is `ready`. */
  readonly pages: number | null;
  /** What it calls itself, else its name; null until it is `ready`. */
  readonly title: string | null;
}

/** What is known of a document once all of it was read. */
export interface DocumentEnd {
  /** What its content turned out to be: a lower-case extension without the dot. */
  readonly fileType: string;
  readonly title: string | null;
  readonly pages: number | null;
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

/** How the end of a reindexing went. */
export type ReindexEnd =
  /** The new index answers. */
  | "swapped"
  /** A document has come that is not in it yet. */
  | "behind"
  /** It was given up, or its knowledge base was deleted. */
  | "gone";

/** A part of a list that is ordered by ids, which grow with time. */
export interface ListPart {
  /** Undefined: all that follow. */
  readonly limit?: number | undefined;
  /** Exclusive, whether there still is one of this id or not; undefined: from the first on. */
  readonly after?: string | undefined;
}

export interface KnowledgeStore {
  insertKnowledgeBase(knowledgeBase: NewKnowledgeBase): Promise<void>;
  /** Undefined as soon as it was deleted. */
  findKnowledgeBase(id: string): Promise<KnowledgeBase | undefined>;
  /** Oldest first. */
  knowledgeBases(userId: number, part?: ListPart): Promise<ListedKnowledgeBase[]>;
  findListedKnowledgeBase(id: string): Promise<ListedKnowledgeBase | undefined>;
  /** Answers false when it is gone, or `chunkSize` is to change while it is reindexed. */
  updateKnowledgeBase(id: string, changes: KnowledgeBaseChanges): Promise<boolean>;
  /**
   * Hides it and all its documents from every other method at once; `purge` removes what is left.
   * Answers the conversations that it was attached to and falls off; undefined when the user has no
   * such knowledge base.
   */
  deleteKnowledgeBase(id: string, userId: number): Promise<readonly number[] | undefined>;

  /**
   * Stores it as `processing`, unless the knowledge base has one of the same bytes already. Answers
   * the one that is there then; undefined when the knowledge base is gone.
   */
  insertDocument(document: NewDocument): Promise<Document | undefined>;
  findDocument(id: string): Promise<Document | undefined>;
  /** Oldest first. */
  documents(knowledgeBaseId: string, part?: ListPart): Promise<Document[]>;
  /** Those in `processing`, oldest first. */
  unfinishedDocuments(): Promise<Document[]>;
  /** The engine's numbers of the documents of a knowledge base that fit, for a search. */
  documentNumbers(knowledgeBaseId: string, filter: DocumentFilter): Promise<number[]>;
  /**
   * Makes a `failed` document `processing` again, as `changes` describe it. Answers false when it is
   * not `failed`.
   */
  retryDocument(
    id: string,
    changes?: Pick<NewDocument, "name" | "fileType" | "metadata">,
  ): Promise<boolean>;
  /**
   * Hides it from every other method at once; `purge` removes what is left. Answers false when the
   * knowledge base has no such document.
   */
  deleteDocument(id: string, knowledgeBaseId: string): Promise<boolean>;

  /** The next chunks of a `ready` document behind an index, in order; -1 for the first. */
  chunks(documentId: string, after: number, limit: number): Promise<ChunkBody[]>;

  /** Of the index that answers, unless another is named. */
  progress(documentId: string, index?: number): Promise<StoredProgress>;
  /**
   * Adds the next chunks of a document to the index that answers, unless another is named. With `end`,
   * they are the last: in the index that answers it becomes `ready` and can be found, whole, in the
   * same transaction. Answers false, and stores nothing, when the document is gone, or not
   * `processing` (not `ready` and missing, for an index that is being built), when the index is neither
   * answering nor being built, or when the first chunk's index is not the number of chunks that are
   * stored: somebody else takes the document in. The slice's buffers are empty afterwards.
   *
   * @throws Error when the vectors do not fit the index.
   */
  addSlice(
    documentId: string,
    slice: PackedSlice,
    end: DocumentEnd | undefined,
    index?: number,
  ): Promise<boolean>;
  /**
   * Removes the newest chunks of a document that `addSlice` would add to; answers whether more are
   * left.
   */
  discardSlice(documentId: string, index?: number): Promise<boolean>;
  /** Does nothing unless the document is `processing` and without chunks. */
  failDocument(documentId: string, error: DocumentError): Promise<void>;

  /**
   * Begins an index beside the one that answers. Answers false when the knowledge base is gone or has
   * one already.
   */
  startReindex(knowledgeBaseId: string, wanted: Omit<SearchIndex, "index">): Promise<boolean>;
  findReindex(knowledgeBaseId: string): Promise<Reindex | undefined>;
  /** All that are being built, oldest first. */
  reindexes(): Promise<Reindex[]>;
  /**
   * The oldest `ready` document that is not whole in an index that is being built; with `after`, of
   * those that came after that document.
   */
  nextToReindex(index: number, after?: string): Promise<Document | undefined>;
  /** Lets the new index answer in place of the old one, if every `ready` document is whole in it. */
  finishReindex(index: number): Promise<ReindexEnd>;
  /** Gives an index up that is being built, and stores why. */
  failReindex(index: number, error: ReindexError): Promise<void>;

  /** The vectors that are remembered under these hashes, each in its place. */
  findEmbeddings(hashes: readonly Uint8Array[]): Promise<(Float32Array | undefined)[]>;
  /** Remembers vectors; the oldest of very many are forgotten. */
  saveEmbeddings(embeddings: readonly RememberedEmbedding[]): Promise<void>;

  /** One short step of removing what was deleted. */
  purge(): Promise<Purged>;
}
