/**
 * A cache of strings that may lose anything at any time and never answers with what was written
 * before the last `invalidate` of that key. It never throws: a cache that cannot be reached misses.
 */
export interface Cache {
  /** Which engine answers at this moment. */
  readonly backend: "redis" | "memory";
  get(key: string): Promise<string | undefined>;
  /**
   * Stores what `load` returns, unless the key was invalidated while it ran, and answers it either
   * way. What `load` throws passes through; `undefined` is not stored.
   */
  fill(key: string, load: () => Promise<string | undefined>): Promise<string | undefined>;
  /** After it resolves, nothing older is ever read again. */
  invalidate(key: string): Promise<void>;
  close(): Promise<void>;
}
