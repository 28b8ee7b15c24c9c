import type { EventRelay } from "./event-relay.ts";

/**
 * A cache of strings that may lose anything at any time and never answers with what was written
 * before the last `invalidate` of that key, by whichever process on the same database. It never
 * rejects on its own account and no call waits longer than 50 ms for Redis: a cache that cannot be
 * reached misses.
 *
 * To change what is cached, commit first and then invalidate; nobody may be told of the change before
 * that has resolved. A process that dies between the two leaves the old value to the others until it
 * starts again, or for ten minutes at most.
 */
export interface Cache {
  /**
   * Which engine answers at this moment when this process does not hold the value itself: `memory`
   * while Redis is turned off or away.
   */
  readonly backend: "redis" | "memory";
  /** Undefined when Redis is turned off. */
  readonly relay: EventRelay | undefined;
  get(key: string): Promise<string | undefined>;
  /**
   * Always calls `load`. Stores what it returns, unless the key was invalidated while it ran, and
   * answers it either way. What `load` throws passes through; `undefined` is not stored.
   */
  fill(key: string, load: () => Promise<string | undefined>): Promise<string | undefined>;
  /** After it resolves, nothing older is ever read again. It does not wait for Redis. */
  invalidate(key: string): Promise<void>;
  /** Ends the connection to Redis; what was cached stays there for other processes. */
  close(): Promise<void>;
}
