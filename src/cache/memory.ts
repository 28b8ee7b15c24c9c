interface Entry {
  readonly value: string;
  readonly stamp: string;
  readonly bytes: number;
  /** In milliseconds of the cache's clock. */
  readonly expires: number;
}

export interface MemoryLimits {
  readonly maxEntries: number;
  /** Of keys, values and what holds them, at two bytes a character: an upper bound. */
  readonly maxBytes: number;
}

/** What an entry costs beside its text, roughly: the object, the strings' headers, the map's slot. */
const entryOverhead = 200;

/**
 * A bounded map from keys to stamped strings. The entry that was used longest ago makes room; a value
 * larger than an eighth of the whole is not kept, so that one key cannot push out all others. A hit
 * is a look-up and a move to the young end: no timer, no promise.
 */
export class MemoryCache {
  /** In order of use, the oldest first. */
  private readonly entries = new Map<string, Entry>();
  private bytes = 0;

  /** `now` counts milliseconds and never goes back. */
  constructor(
    private readonly limits: MemoryLimits,
    private readonly now: () => number = () => performance.now(),
  ) {}

  get size(): { readonly entries: number; readonly bytes: number } {
    return { entries: this.entries.size, bytes: this.bytes };
  }

  /** The value that was set with this very stamp and has not expired; any other is dropped. */
  get(key: string, stamp: string): string | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.stamp !== stamp || entry.expires <= this.now()) {
      this.delete(key);
      return undefined;
    }
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry.value;
  }

  set(key: string, stamp: string, value: string, ttlSeconds: number): void {
    this.delete(key);
    const bytes = 2 * (key.length + value.length) + entryOverhead;
    if (bytes > this.limits.maxBytes / 8) return;
    this.entries.set(key, { value, stamp, bytes, expires: this.now() + ttlSeconds * 1000 });
    this.bytes += bytes;
    for (const oldest of this.entries.keys()) {
      if (this.bytes <= this.limits.maxBytes && this.entries.size <= this.limits.maxEntries) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    this.entries.delete(key);
    this.bytes -= entry.bytes;
  }

  clear(): void {
    this.entries.clear();
    this.bytes = 0;
  }
}
