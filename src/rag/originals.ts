import { createWriteStream } from "node:fs";
import { exists, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../errors.ts";
import { storageFault } from "../store/storage-fault.ts";

/** A file that was received whole and belongs to nobody yet. */
export interface ReceivedFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** SHA-256 of the bytes, in lower-case hexadecimal. */
  readonly contentHash: string;
}

/** Milliseconds after which a file that nobody owns is a leftover and not on its way in. */
export const leftoverAge = 3_600_000;

/** How the name of a file ends that was not received whole. */
export const partial = ".part";

/** Where the documents' own bytes lie. */
export const originalsFolder = (databasePath: string): string => `${databasePath}.files`;

/** The documents' own bytes: one file for each, named by its id, which only this user can read. */
export interface Originals {
  readonly folder: string;
  /**
   * Writes the bytes to disk as they come.
   *
   * @throws AppError `file_too_large` as soon as there are more than `limit` bytes, `storage_full`;
   *   whatever reading them throws. Nothing is left then.
   */
  receive(bytes: AsyncIterable<Uint8Array>, limit: number): Promise<ReceivedFile>;
  /** Makes the file that of a document. */
  keep(file: ReceivedFile, documentId: string): Promise<void>;
  /** Gives one document's file to another in place of its own. */
  replace(documentId: string, by: string): Promise<void>;
  discard(file: ReceivedFile): Promise<void>;
  path(documentId: string): string;
  has(documentId: string): Promise<boolean>;
  remove(documentId: string): Promise<void>;
  /**
   * Removes what the end of a process left. `isWanted` tells whether the document is to keep its file;
   * undefined: there is no such document, and the file goes when it is old.
   */
  removeLeftovers(isWanted: (documentId: string) => Promise<boolean | undefined>): Promise<void>;
}

/** Keeps originals in `folder`, which is made when it is not there. */
export async function openOriginals(folder: string): Promise<Originals> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = (documentId: string): string => join(folder, documentId);

  async function write(
    bytes: AsyncIterable<Uint8Array>,
    to: string,
    limit: number,
  ): Promise<ReceivedFile> {
    const hasher = new Bun.CryptoHasher("sha256");
    const file = createWriteStream(to, { mode: 0o600, flags: "wx" });
    let sizeBytes = 0;
    const finished = new Promise<void>((resolve, reject) => {
      file.on("close", resolve);
      file.on("error", reject);
    });
    // Whoever waits below meets the error; until then there may be nobody.
    finished.catch(() => {});
    try {
      for await (const piece of bytes) {
        sizeBytes += piece.length;
        if (sizeBytes > limit) throw new AppError("file_too_large", { limit });
        hasher.update(piece);
        if (file.errored !== null) throw file.errored;
        if (!file.write(piece)) {
          await Promise.race([new Promise((resolve) => file.once("drain", resolve)), finished]);
        }
      }
    } finally {
      file.end();
      await finished;
    }
    return { path: to, sizeBytes, contentHash: hasher.digest("hex") };
  }

  return {
    folder,
    path,
    async receive(bytes, limit) {
      const to = `${path(Bun.randomUUIDv7())}${partial}`;
      try {
        return await write(bytes, to, limit);
      } catch (error) {
        await rm(to, { force: true });
        throw storageFault(error);
      }
    },
    keep: (file, documentId) => rename(file.path, path(documentId)),
    replace: (documentId, by) => rename(path(by), path(documentId)),
    discard: (file) => rm(file.path, { force: true }),
    has: (documentId) => exists(path(documentId)),
    remove: (documentId) => rm(path(documentId), { force: true }),
    async removeLeftovers(isWanted) {
      for (const name of await readdir(folder)) {
        const file = join(folder, name);
        const wanted = name.endsWith(partial) ? undefined : await isWanted(name);
        if (wanted === true) continue;
        const facts = await stat(file).catch(() => undefined);
        if (facts === undefined) continue;
        const isOld = Date.now() - facts.mtimeMs >= leftoverAge;
        if (wanted === false || isOld) await rm(file, { force: true });
      }
    },
  };
}
