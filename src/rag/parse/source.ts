import { fstatSync, readSync } from "node:fs";

/** The bytes of a document, read where they are needed instead of held in memory. */
export interface Source {
  readonly size: number;
  /** The bytes from `position` on: `length` of them, fewer at the end. */
  read(position: number, length: number): Uint8Array;
}

/** The regular file behind an open descriptor, which stays the caller's to close. */
export function fileSource(descriptor: number): Source {
  const size = fstatSync(descriptor).size;
  return {
    size,
    read(position, length) {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - position)));
      let filled = 0;
      while (filled < bytes.length) {
        const count = readSync(descriptor, bytes, filled, bytes.length - filled, position + filled);
        if (count === 0) return bytes.subarray(0, filled);
        filled += count;
      }
      return bytes;
    },
  };
}

export function bytesSource(bytes: Uint8Array): Source {
  return {
    size: bytes.length,
    read: (position, length) => bytes.subarray(position, position + length),
  };
}

/** The whole source in order, a piece at a time. */
export function* pieces(source: Source, from = 0, pieceSize = 262_144): Generator<Uint8Array> {
  for (let position = from; position < source.size; position += pieceSize) {
    yield source.read(position, pieceSize);
  }
}
