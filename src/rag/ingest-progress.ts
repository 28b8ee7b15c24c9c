import type { DocumentError } from "../store/knowledge.ts";

/**
 * Where taking in a document stands, in this order: its bytes are `stored` and wait for their turn;
 * they are being read; it is being counted what they will be cut into; the chunks are being embedded
 * and stored as they go; the last are being stored; all of it can be found, or it failed.
 */
export type IngestStage =
  | "stored"
  | "parsing"
  | "chunking"
  | "embedding"
  | "storing"
  | "ready"
  | "failed";

export interface IngestProgress {
  readonly stage: IngestStage;
  /** Pages, slides or sheets, once the document was read, where its format has them. */
  readonly pages: number | null;
  readonly chunksDone: number;
  /** Null as long as it is not known. */
  readonly chunksTotal: number | null;
  /** Set exactly when `stage` is `failed`. */
  readonly error: DocumentError | null;
}

/** Undefined: nobody is at it any more, without an end. */
export type ProgressListener = (progress: IngestProgress | undefined) => void;

const beginning: IngestProgress = {
  stage: "stored",
  pages: null,
  chunksDone: 0,
  chunksTotal: null,
  error: null,
};

/** What is known, in memory alone, of the documents that are being taken in. */
export class ProgressBoard {
  private readonly entries = new Map<string, IngestProgress>();
  private readonly listeners = new Map<string, Set<ProgressListener>>();
  private dismissed = false;

  get(documentId: string): IngestProgress | undefined {
    return this.entries.get(documentId);
  }

  /** Puts a document on the board. */
  begin(documentId: string): void {
    this.entries.set(documentId, beginning);
    this.tell(documentId, beginning);
  }

  /** Says what has changed; of a document that is not on the board, nothing. */
  report(documentId: string, change: Partial<IngestProgress>): void {
    const known = this.entries.get(documentId);
    if (known === undefined) return;
    const progress = { ...known, ...change };
    if (Bun.deepEquals(progress, known)) return;
    this.entries.set(documentId, progress);
    this.tell(documentId, progress);
  }

  /** Takes it off the board; `undefined` when there is no end to tell of. */
  end(documentId: string, change: Partial<IngestProgress> | undefined): void {
    const known = this.entries.get(documentId);
    if (known === undefined) return;
    this.entries.delete(documentId);
    this.tell(documentId, change && { ...known, ...change });
  }

  /** Tells all who listen, and whoever comes to, that they will hear no more: the process stops. */
  dismiss(): void {
    this.dismissed = true;
    for (const documentId of [...this.listeners.keys()]) this.tell(documentId, undefined);
  }

  /** Calls `listener` with every change from now on, until the function that this returns is called. */
  watch(documentId: string, listener: ProgressListener): () => void {
    if (this.dismissed) {
      queueMicrotask(() => listener(undefined));
      return () => {};
    }
    const listeners = this.listeners.get(documentId) ?? new Set();
    this.listeners.set(documentId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.listeners.delete(documentId);
    };
  }

  private tell(documentId: string, progress: IngestProgress | undefined): void {
    for (const listener of [...(this.listeners.get(documentId) ?? [])]) listener(progress);
  }
}
