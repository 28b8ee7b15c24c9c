/** Reads the offsets, from `first` up to `end`, exclusive, of the chunks that an FTS5 query matches. */
export type ReadPostings = (query: string, first: number, end: number) => readonly number[];

/** A list shorter than this is read as fast as it is looked up. */
const fewestRemembered = 1024;

interface Remembered {
  readonly offsets: Uint32Array;
  /** Offsets below this one are in the list. */
  readonly end: number;
}

/**
 * The chunks that terms occur in. FTS5 takes 0.1 µs a row, so that a question of common words, each in
 * tens of thousands of chunks, would take long: those lists are remembered, the ones used last, and only
 * what has come since is read. Chunks that were removed stay in a list.
 */
export class PostingLists {
  private readonly remembered = new Map<string, Remembered>();
  /** Bytes of what is remembered. */
  bytes = 0;

  constructor(
    private readonly read: ReadPostings,
    private readonly mostBytes: number,
  ) {}

  /** Offsets below `end`, ascending. */
  find(query: string, end: number): Uint32Array {
    const known = this.remembered.get(query);
    const first = known?.end ?? 0;
    const added = first < end ? this.read(query, first, end) : [];
    let offsets = known?.offsets ?? new Uint32Array();
    if (added.length > 0) {
      const longer = new Uint32Array(offsets.length + added.length);
      longer.set(offsets);
      longer.set(added, offsets.length);
      offsets = longer;
    }
    if (offsets.length >= fewestRemembered) this.remember(query, { offsets, end });
    return offsets;
  }

  private remember(query: string, list: Remembered): void {
    this.forget(query);
    this.remembered.set(query, list);
    this.bytes += list.offsets.byteLength;
    for (const oldest of this.remembered.keys()) {
      if (this.bytes <= this.mostBytes) return;
      this.forget(oldest);
    }
  }

  private forget(query: string): void {
    this.bytes -= this.remembered.get(query)?.offsets.byteLength ?? 0;
    this.remembered.delete(query);
  }
}
