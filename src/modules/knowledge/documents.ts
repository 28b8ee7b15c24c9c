import { AppError } from "../../errors.ts";
import type { Part } from "../../http/multipart.ts";
import { unixTime } from "../../ids.ts";
import type { Cleanup } from "../../rag/cleanup.ts";
import type { Ingestion } from "../../rag/ingest.ts";
import type { IngestProgress } from "../../rag/ingest-progress.ts";
import type { Originals } from "../../rag/originals.ts";
import type {
  Document,
  KnowledgeBase,
  KnowledgeStore,
  ListPart,
  Metadata,
} from "../../store/knowledge.ts";
import type { ChunkBody } from "../../store/slice.ts";
import { receiveUpload, type UploadedFile } from "./upload.ts";

/** A document that was taken in, or is being taken in. */
export interface Taken {
  readonly document: Document;
  /** Why it could not be; undefined when it was, or when nobody has waited for it. */
  readonly failure: AppError | undefined;
}

/** A document and where taking it in stands. */
export interface DocumentState {
  readonly document: Document;
  readonly progress: IngestProgress;
}

interface Begun {
  readonly document: Document;
  /** Resolves when it can be found. */
  readonly done: Promise<void>;
}

function settledProgress({ status, pages, chunkCount, error }: Document): IngestProgress {
  const stage = status === "processing" ? "stored" : status;
  const chunksTotal = status === "ready" ? chunkCount : null;
  return { stage, pages, chunksDone: chunkCount, chunksTotal, error };
}

export function createDocumentService(options: {
  readonly store: KnowledgeStore;
  readonly originals: Originals;
  readonly ingestion: Ingestion;
  readonly cleanup: Cleanup;
  /** Bytes that the files of one upload may have together. */
  readonly maxUploadBytes: number;
  /** @throws AppError `knowledge_base_not_found`, also for another user's */
  getKnowledgeBase(id: string, userId: number): Promise<KnowledgeBase>;
}) {
  const { store, originals, ingestion, cleanup, getKnowledgeBase } = options;

  async function find(id: string, userId: number): Promise<Document> {
    const document = await store.findDocument(id.toLowerCase());
    const owner = document && (await store.findKnowledgeBase(document.knowledgeBaseId))?.userId;
    if (document === undefined || owner !== userId) throw new AppError("document_not_found");
    return document;
  }

  /** Waits for a document that is in hand, answers one that is there, tries a failed one again. */
  async function rejoin(
    known: Document,
    userId: number,
    changes?: Pick<UploadedFile, "name" | "fileType"> & { readonly metadata: Metadata },
  ): Promise<Begun> {
    if (known.status === "failed") await store.retryDocument(known.id, changes);
    const document = await store.findDocument(known.id);
    if (document === undefined) throw new AppError("document_not_found");
    if (document.status === "ready") return { document, done: Promise.resolve() };
    const done = ingestion.join(document.id) ?? ingestion.submit(document, userId);
    return { document, done };
  }

  async function takeIn(
    file: UploadedFile,
    knowledgeBaseId: string,
    userId: number,
    metadata: Metadata,
  ): Promise<Begun> {
    const id = Bun.randomUUIDv7();
    const { name, fileType, sizeBytes, contentHash } = file;
    await originals.keep(file, id);
    const row = { id, knowledgeBaseId, name, fileType, sizeBytes, contentHash, metadata };
    const document = await store.insertDocument({ ...row, createdTime: unixTime() });
    if (document?.id === id) return { document, done: ingestion.submit(document, userId) };
    if (document?.status === "failed") await originals.replace(document.id, id);
    else await originals.remove(id);
    if (document === undefined) throw new AppError("knowledge_base_not_found");
    return rejoin(document, userId, { name, fileType, metadata });
  }

  async function settle({ document, done }: Begun): Promise<Taken> {
    const failure = await done.then(
      () => undefined,
      (error: unknown) =>
        error instanceof AppError ? error : new AppError("internal", {}, { cause: error }),
    );
    // The server stops, and goes on with it at its next start: the document is as if nobody had waited.
    if (failure?.code === "interrupted") return { document, failure: undefined };
    const settled = await store.findDocument(document.id);
    if (settled !== undefined) return { document: settled, failure };
    return { document, failure: new AppError("document_not_found") };
  }

  async function stateOf(id: string, userId: number): Promise<DocumentState> {
    const seen = await find(id, userId);
    const progress = ingestion.progress(seen.id);
    if (progress !== undefined) return { document: seen, progress };
    // It may have ended since it was read, which is stored before it leaves the board.
    const document = seen.status === "processing" ? await find(id, userId) : seen;
    return { document, progress: ingestion.progress(seen.id) ?? settledProgress(document) };
  }

  return {
    maxUploadBytes: options.maxUploadBytes,

    /**
     * Receives a form and takes its files in, in their order; bytes that the knowledge base has already
     * are answered with the document that has them. Resolves when all can be found or have failed, or
     * at once where the caller or the form ask for that or the server stops. They are taken in even if nobody waits any
     * more; one that fails stays in the list and says why.
     *
     * @throws AppError `knowledge_base_not_found`, also for another user's, and as `receiveUpload` does;
     *   with one file that is waited for, whatever taking it in throws
     */
    async upload(
      userId: number,
      parts: AsyncIterable<Part>,
      atOnce: boolean,
    ): Promise<readonly Taken[]> {
      const upload = await receiveUpload(parts, {
        originals,
        maxFileBytes: options.maxUploadBytes,
        async authorize(id) {
          await getKnowledgeBase(id, userId);
        },
      });
      const { knowledgeBaseId, metadata } = upload;
      const begun: Begun[] = [];
      for (const [at, file] of upload.files.entries()) {
        try {
          begun.push(await takeIn(file, knowledgeBaseId, userId, metadata));
        } catch (error) {
          for (const other of upload.files.slice(at)) await originals.discard(other);
          throw error;
        }
      }
      if (atOnce || upload.atOnce) {
        return begun.map(({ document }) => ({ document, failure: undefined }));
      }
      const taken = await Promise.all(begun.map(settle));
      const [only, ...others] = taken;
      if (only?.failure !== undefined && others.length === 0) throw only.failure;
      return taken;
    },

    /**
     * Oldest first.
     *
     * @throws AppError `knowledge_base_not_found`, also for another user's
     */
    async documents(knowledgeBaseId: string, userId: number, part: ListPart): Promise<Document[]> {
      const { id } = await getKnowledgeBase(knowledgeBaseId, userId);
      return store.documents(id, part);
    },

    /** @throws AppError `document_not_found`, also for another user's */
    documentState: stateOf,

    /**
     * Calls `listener` with every change of a document's state, until the function that this returns is
     * called; with `undefined` when nobody is at it any more.
     */
    watchDocument: (id: string, listener: (progress: IngestProgress | undefined) => void) =>
      ingestion.watch(id, listener),

    /**
     * Takes a document in again that has failed; does nothing for one that has not. Answers at once.
     *
     * @throws AppError `document_not_found`, also for another user's
     */
    async retryDocument(id: string, userId: number): Promise<DocumentState> {
      const { done } = await rejoin(await find(id, userId), userId);
      done.catch(() => {});
      return stateOf(id, userId);
    },

    /**
     * The next chunks that a document was cut into behind the index `after`.
     *
     * @throws AppError `document_not_found`, also for another user's
     */
    async chunks(
      id: string,
      userId: number,
      page: { readonly after: number; readonly limit: number },
    ): Promise<{ readonly document: Document; readonly chunks: readonly ChunkBody[] }> {
      const document = await find(id, userId);
      return { document, chunks: await store.chunks(document.id, page.after, page.limit) };
    },

    /**
     * Where the document's own bytes lie.
     *
     * @throws AppError `document_not_found`, also for another user's, `original_not_kept`
     */
    async original(id: string, userId: number): Promise<{ document: Document; path: string }> {
      const document = await find(id, userId);
      if (!(await originals.has(document.id))) throw new AppError("original_not_kept");
      return { document, path: originals.path(document.id) };
    },

    /** @throws AppError `knowledge_base_not_found`, also for another user's, `document_not_found` */
    async removeDocument(
      documentId: string,
      knowledgeBaseId: string,
      userId: number,
    ): Promise<void> {
      const { id } = await getKnowledgeBase(knowledgeBaseId, userId);
      const document = documentId.toLowerCase();
      if (!(await store.deleteDocument(document, id))) throw new AppError("document_not_found");
      ingestion.cancel(document);
      cleanup.start();
    },
  };
}
