/** A piece of a document as it is shown. */
export interface ChunkBody {
  /** A UUIDv7. */
  readonly id: string;
  /** Its place among the document's chunks, counted from 0. */
  readonly index: number;
  readonly content: string;
  /** The headings that it stands under, outermost first. */
  readonly headings: readonly string[];
  /** The page, slide or sheet that it begins on, counted from 1. */
  readonly page: number | undefined;
  /** Where it lies in the document's text, in UTF-16 units; `end` is exclusive. */
  readonly start: number;
  readonly end: number;
}

/** The same as it is searched. */
export interface Chunk extends ChunkBody {
  /** The terms that a full-text search finds it by, with their frequencies, 1 or more. */
  readonly terms: ReadonlyMap<string, number>;
}

/** A chunk as it crosses threads and is stored. */
export interface StoredChunk extends ChunkBody {
  /** Every term once, the most frequent first, separated by spaces. */
  readonly terms: string;
  /** The frequencies of the first terms, down to the last that is above 1. */
  readonly frequencies: readonly number[];
  /** The sum of all frequencies. */
  readonly length: number;
}

/** Chunks that follow one another in one document, with their vectors: the unit of storing. */
export interface Slice {
  readonly chunks: readonly StoredChunk[];
  /** One vector after another, in the order of the chunks. */
  readonly vectors: Float32Array;
}

/** A slice as two buffers, which pass from thread to thread without being copied. */
export interface PackedSlice {
  readonly chunks: ArrayBuffer;
  readonly vectors: ArrayBuffer;
}

function pack({ terms, ...chunk }: Chunk): StoredChunk {
  const sorted = [...terms].sort((a, b) => b[1] - a[1]);
  const frequencies: number[] = [];
  let length = 0;
  for (const [, frequency] of sorted) {
    length += frequency;
    if (frequency > 1) frequencies.push(frequency);
  }
  return { ...chunk, terms: sorted.map(([term]) => term).join(" "), frequencies, length };
}

/** @throws RangeError when there is not one vector of the same length for each chunk. */
export function packSlice(
  chunks: readonly Chunk[],
  vectors: readonly Float32Array[],
  dimensions: number,
): PackedSlice {
  if (vectors.length !== chunks.length) {
    throw new RangeError(`${vectors.length} vectors for ${chunks.length} chunks`);
  }
  const together = new Float32Array(vectors.length * dimensions);
  vectors.forEach((vector, at) => {
    if (vector.length !== dimensions) {
      throw new RangeError(`a vector of ${vector.length} dimensions, expected ${dimensions}`);
    }
    together.set(vector, at * dimensions);
  });
  const text = new TextEncoder().encode(JSON.stringify(chunks.map(pack)));
  return { chunks: text.buffer, vectors: together.buffer };
}

export function unpackSlice(packed: PackedSlice): Slice {
  // Only `packSlice` makes these buffers.
  const chunks = JSON.parse(new TextDecoder().decode(packed.chunks)) as StoredChunk[];
  return { chunks, vectors: new Float32Array(packed.vectors) };
}
