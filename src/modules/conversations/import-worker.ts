import { serveWorker, Transferred } from "../../workers/serve.ts";
import { type ImportBatch, ImportReader } from "./import-reader.ts";

const transferred = (batch: ImportBatch): Transferred<ImportBatch> =>
  new Transferred(batch, [...batch.conversations]);

/** Parsing and checking other people's conversations keeps a processor busy: it has its own thread. */
function createImportWorker() {
  const readers = new Map<string, ImportReader>();

  function readerOf(id: string): ImportReader {
    const reader = readers.get(id);
    if (reader === undefined) throw new Error(`no such import: ${id}`);
    return reader;
  }

  return {
    /** Begins an import under an id that no other has. */
    start(id: string): void {
      readers.set(id, new ImportReader());
    },
    write: (id: string, bytes: Uint8Array) => transferred(readerOf(id).write(bytes)),
    end: (id: string) => transferred(readerOf(id).end()),
    /** To be called however it ended. */
    forget(id: string): void {
      readers.delete(id);
    },
  };
}

export type ImportWorkerApi = ReturnType<typeof createImportWorker>;

serveWorker<undefined>(createImportWorker);
