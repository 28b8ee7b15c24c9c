import { createInflateRaw } from "node:zlib";
import { AppError } from "../../errors.ts";
import { type Budget, maxEntries, tooComplex } from "./budget.ts";
import type { Source } from "./source.ts";

interface Entry {
  readonly method: number;
  readonly encrypted: boolean;
  readonly compressedSize: number;
  /** As the archive says: what comes out may be more. */
  readonly unfoldedSize: number;
  readonly headerPosition: number;
}

/** A zip archive, of which only the entries that somebody asks for are read and unpacked. */
export interface Zip {
  readonly names: readonly string[];
  has(name: string): boolean;
  /**
   * The entry's content, a piece at a time; nothing where there is no such entry.
   *
   * @throws AppError `document_encrypted`, `document_unreadable`, `document_too_complex`
   */
  stream(name: string): AsyncGenerator<Uint8Array>;
  /** The whole content of a small entry; undefined where there is no such entry. */
  bytes(name: string): Promise<Uint8Array | undefined>;
}

const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;
const localSignature = 0x04034b50;
const zip64LocatorSignature = 0x07064b50;

const unreadable = (cause: string | unknown) => new AppError("document_unreadable", {}, { cause });

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Where the list of entries is, by the record at the archive's end (APPNOTE.TXT 4.3.16). */
function findDirectory(source: Source): { position: number; size: number; count: number } {
  const tailLength = Math.min(source.size, 22 + 65_535);
  const tailPosition = source.size - tailLength;
  const tail = view(source.read(tailPosition, tailLength));
  for (let at = tailLength - 22; at >= 0; at -= 1) {
    if (tail.getUint32(at, true) !== endSignature) continue;
    const end = {
      count: tail.getUint16(at + 10, true),
      size: tail.getUint32(at + 12, true),
      position: tail.getUint32(at + 16, true),
    };
    const isZip64 = at >= 20 && tail.getUint32(at - 20, true) === zip64LocatorSignature;
    if (!isZip64) return end;
    const record = view(source.read(Number(tail.getBigUint64(at - 20 + 8, true)), 56));
    if (record.byteLength < 56) break;
    return {
      count: Number(record.getBigUint64(32, true)),
      size: Number(record.getBigUint64(40, true)),
      position: Number(record.getBigUint64(48, true)),
    };
  }
  throw unreadable(new Error("The archive has no end record."));
}

/** Sizes and positions that do not fit 32 bits are in an extra field (APPNOTE.TXT 4.5.3). */
function readZip64(extra: DataView, fields: { values: number[]; wanted: boolean[] }): number[] {
  for (let at = 0; at + 4 <= extra.byteLength; at += 4 + extra.getUint16(at + 2, true)) {
    if (extra.getUint16(at, true) !== 1) continue;
    let position = at + 4;
    return fields.values.map((value, index) => {
      if (!fields.wanted[index] || position + 8 > extra.byteLength) return value;
      const wide = Number(extra.getBigUint64(position, true));
      position += 8;
      return wide;
    });
  }
  return fields.values;
}

function readDirectory(source: Source): Map<string, Entry> {
  const { position, size, count } = findDirectory(source);
  if (count > maxEntries) throw tooComplex("entries", maxEntries);
  if (position + size > source.size) throw unreadable(new Error("The archive is cut off."));
  const directory = source.read(position, size);
  const data = view(directory);
  const entries = new Map<string, Entry>();
  const decoder = new TextDecoder();
  for (let at = 0; at + 46 <= size && data.getUint32(at, true) === entrySignature; ) {
    if (entries.size >= maxEntries) throw tooComplex("entries", maxEntries);
    const nameLength = data.getUint16(at + 28, true);
    const extraLength = data.getUint16(at + 30, true);
    const nameEnd = at + 46 + nameLength;
    if (nameEnd + extraLength > size)
      throw unreadable(new Error("The list of entries is cut off."));
    const values = [24, 20, 42].map((offset) => data.getUint32(at + offset, true));
    const wanted = values.map((value) => value === 0xffff_ffff);
    const extra = view(directory.subarray(nameEnd, nameEnd + extraLength));
    const [unfoldedSize = 0, compressedSize = 0, headerPosition = 0] = readZip64(extra, {
      values,
      wanted,
    });
    const name = decoder.decode(directory.subarray(at + 46, nameEnd)).replaceAll("\\", "/");
    entries.set(name, {
      method: data.getUint16(at + 10, true),
      encrypted: (data.getUint16(at + 8, true) & 1) === 1,
      compressedSize,
      unfoldedSize,
      headerPosition,
    });
    at = nameEnd + extraLength + data.getUint16(at + 32, true);
  }
  return entries;
}

/** The entry's bytes as they are stored, compressed or not. */
function* storedBytes(source: Source, entry: Entry): Generator<Uint8Array> {
  const header = view(source.read(entry.headerPosition, 30));
  if (header.byteLength < 30 || header.getUint32(0, true) !== localSignature) {
    throw unreadable(new Error("An entry of the archive has no header."));
  }
  const start = entry.headerPosition + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  const end = start + entry.compressedSize;
  if (end > source.size) throw unreadable(new Error("An entry of the archive is cut off."));
  for (let at = start; at < end; at += 262_144) yield source.read(at, Math.min(262_144, end - at));
}

async function* inflate(compressed: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const inflater = createInflateRaw({ chunkSize: 262_144 });
  const input = compressed[Symbol.iterator]();
  const feed = () => {
    try {
      for (;;) {
        const next = input.next();
        if (next.done) return inflater.end();
        if (!inflater.write(next.value)) return inflater.once("drain", feed);
      }
    } catch (error) {
      // Thrown inside an event it would end the process; this way it ends the loop below.
      inflater.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  };
  try {
    feed();
    // The types of a stream's pieces are unknown; an inflater gives buffers.
    for await (const piece of inflater) yield piece as Uint8Array;
  } finally {
    inflater.destroy();
  }
}

/**
 * Opens an archive. Only its list of entries is read.
 *
 * @throws AppError `document_unreadable`, `document_too_complex`
 */
export function openZip(source: Source, budget: Budget): Zip {
  const entries = readDirectory(source);
  async function* stream(name: string): AsyncGenerator<Uint8Array> {
    const entry = entries.get(name);
    if (!entry) return;
    if (entry.encrypted) throw new AppError("document_encrypted");
    if (entry.method !== 0 && entry.method !== 8) {
      throw unreadable(new Error(`Compression method ${entry.method} is not supported.`));
    }
    budget.check(entry.unfoldedSize);
    const stored = storedBytes(source, entry);
    try {
      for await (const piece of entry.method === 0 ? stored : inflate(stored)) {
        budget.spend(piece.length);
        yield piece;
      }
    } catch (error) {
      throw error instanceof AppError ? error : unreadable(error);
    }
  }
  return {
    names: [...entries.keys()],
    has: (name) => entries.has(name),
    stream,
    async bytes(name) {
      if (!entries.has(name)) return undefined;
      const all: Uint8Array[] = [];
      for await (const piece of stream(name)) all.push(piece);
      return Buffer.concat(all);
    },
  };
}
