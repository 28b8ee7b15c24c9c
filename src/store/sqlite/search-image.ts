/** A row of `slices`, as a search needs it. */
export interface SliceRow {
  readonly first: number;
  readonly count: number;
  readonly visible: number;
  readonly lengths: Uint8Array;
}

let lastVersion = 0;

/** Chunks that were stored together. */
export interface Extent {
  /** Offset of the first chunk in the index. */
  readonly first: number;
  readonly count: number;
  /** Position of the first chunk in the image. */
  readonly position: number;
  readonly visible: boolean;
}

/** Chunks that follow one another and can all be seen. */
export interface Stretch {
  /** Offsets of the first one, and behind the last. */
  readonly first: number;
  readonly end: number;
  /** What a position is more than the offset. */
  readonly shift: number;
}

/** Sets every value to `rest` but those of some extents, which come in the order of their positions. */
export function keepExtents(
  values: Float32Array | Float64Array,
  extents: readonly Extent[],
  rest: number,
): void {
  let next = 0;
  for (const { position, count } of extents) {
    values.fill(rest, next, position);
    next = position + count;
  }
  values.fill(rest, next);
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/**
 * What a search keeps in memory of one index: which chunks there are, which of them can be seen and
 * how long each is. An offset says where a chunk stands among all that the index ever had, a
 * position where it stands in the image; both grow together.
 */
export class SearchImage {
  private readonly extents: Mutable<Extent>[] = [];
  private readonly byFirst = new Map<number, Mutable<Extent>>();
  private room = new Uint32Array(1024);
  private stretched: { version: number; stretches: readonly Stretch[] } = {
    version: 0,
    stretches: [],
  };

  /** Another one, that no other image ever had, after every change of what can be seen. */
  version = 0;
  /** Chunks in the image, seen or not. */
  size = 0;
  /** Chunks that can be seen. */
  visibleChunks = 0;
  /** Terms in all chunks that can be seen. */
  visibleLength = 0;

  /** `base` is the number of the index's first chunk. */
  constructor(readonly base: number) {}

  /** The terms in each chunk, by position. */
  get lengths(): Uint32Array {
    return this.room;
  }

  /** By position, which is the order of the offsets, too. */
  get all(): readonly Extent[] {
    return this.extents;
  }

  /** Bytes that it takes, about. */
  get bytes(): number {
    return this.room.byteLength + this.extents.length * 120;
  }

  /** The extent that begins with this offset, if there is one. */
  extentAt(first: number): Extent | undefined {
    return this.byFirst.get(first);
  }

  /** The extents from the one on that holds a position. */
  extentsFrom(position: number): readonly Extent[] {
    return this.extents.slice(this.lastExtent((candidate) => candidate.position <= position));
  }

  /** Takes in rows that are new or have changed; new ones come in the order of `first`. */
  update(rows: readonly SliceRow[]): void {
    for (const row of rows) {
      const known = this.byFirst.get(row.first - this.base);
      const extent = known ?? this.append(row);
      if (extent.visible !== (row.visible === 1)) this.show(extent, row.visible === 1);
    }
  }

  /** The chunks that can be seen, in as few stretches as they make; in order. */
  get stretches(): readonly Stretch[] {
    if (this.stretched.version === this.version) return this.stretched.stretches;
    const stretches: Mutable<Stretch>[] = [];
    for (const { first, count, position, visible } of this.extents) {
      if (!visible) continue;
      const shift = position - first;
      const last = stretches.at(-1);
      if (last?.end === first && last.shift === shift) last.end += count;
      else stretches.push({ first, end: first + count, shift });
    }
    this.stretched = { version: this.version, stretches };
    return stretches;
  }

  /** The position of the visible chunk with that number, if there is one. */
  positionOf(chunk: number): number | undefined {
    const offset = chunk - this.base;
    const extent = this.extents[this.lastExtent((candidate) => candidate.first <= offset)];
    if (extent?.visible !== true) return undefined;
    const within = offset - extent.first;
    return within < 0 || within >= extent.count ? undefined : extent.position + within;
  }

  /** The number of the chunk at a position. */
  numberAt(position: number): number {
    const extent = this.extents[this.lastExtent((candidate) => candidate.position <= position)];
    if (extent === undefined) throw new RangeError("the image is empty");
    return this.base + extent.first + position - extent.position;
  }

  /** The numbers of all chunks that can be seen, or of those among some extents, ascending. */
  visibleNumbers(extents: readonly Extent[] = this.extents): number[] {
    const numbers: number[] = [];
    for (const extent of extents) {
      if (!extent.visible) continue;
      for (let at = 0; at < extent.count; at += 1) numbers.push(this.base + extent.first + at);
    }
    return numbers;
  }

  /** The index of the last extent that passes, when all that pass come first. */
  private lastExtent(passes: (extent: Extent) => boolean): number {
    let low = 0;
    let high = this.extents.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      const extent = this.extents[middle];
      if (extent !== undefined && passes(extent)) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  private append({ first, count, lengths }: SliceRow): Mutable<Extent> {
    const extent = { first: first - this.base, count, position: this.size, visible: false };
    this.extents.push(extent);
    this.byFirst.set(extent.first, extent);
    this.size += count;
    if (this.size > this.room.length) {
      const larger = new Uint32Array(Math.max(this.size, this.room.length * 2));
      larger.set(this.room);
      this.room = larger;
    }
    const view = new DataView(lengths.buffer, lengths.byteOffset, lengths.byteLength);
    for (let at = 0; at < count; at += 1) {
      this.room[extent.position + at] = view.getUint32(at * 4, true);
    }
    return extent;
  }

  private show(extent: Mutable<Extent>, visible: boolean): void {
    const sign = visible ? 1 : -1;
    extent.visible = visible;
    lastVersion += 1;
    this.version = lastVersion;
    this.visibleChunks += sign * extent.count;
    for (let at = 0; at < extent.count; at += 1) {
      this.visibleLength += sign * (this.room[extent.position + at] ?? 0);
    }
  }
}
