import { spyOn } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CacheOptions, createCache } from "../../src/cache/create.ts";
import type { Cache } from "../../src/cache/index.ts";
import { type LogFields, log } from "../../src/log.ts";
import type { RedisServer } from "../redis.ts";
import { until } from "../until.ts";

/**
 * Milliseconds after which the caches of these tests take Redis for silent. A healthy one answers in
 * that time on a machine that is busy with other things, too, and a connection lives for longer.
 */
export const patience = 1000;

/** Keeps nothing in the process, so that whatever is found was found in Redis. */
export const onlyRedis: CacheOptions = { maxEntries: 0 };

/** How the log's warnings begin, as `recordLog` marks them. */
export const unreachable = "! Redis is not reachable; the in-process cache is used";
export const refused =
  "! Redis refuses to work (see reason; redis.password and redis.db may be wrong); the in-process cache is used";

export const uses = (cache: Cache, backend: Cache["backend"]): Promise<void> =>
  until(() => cache.backend === backend, `the cache to use ${backend}`);

/** The keys of cached values, without those of probes. */
export const keysIn = async (redis: RedisServer): Promise<string[]> =>
  (await redis.send("KEYS", "llm-backend:*:*")) as string[]; // KEYS answers an array of strings

export interface Place {
  readonly address: string;
  readonly password?: string;
  readonly db?: number;
}

/** A database's folder and the caches that were opened on it; all of it goes at the end of the test. */
export class Deployment implements AsyncDisposable {
  private readonly folder = mkdtempSync(join(tmpdir(), "cache-"));
  readonly databasePath = join(this.folder, "test.db");
  private readonly caches: Cache[] = [];

  /** What one process of the deployment would open. */
  async open(place: Place, options: CacheOptions = {}): Promise<Cache> {
    const cache = await createCache(
      {
        redis: { address: place.address, password: place.password ?? "", db: place.db ?? 0 },
        sqlite: {
          path: this.databasePath,
          maxOpenConns: 10,
          maxIdleConns: 5,
          connMaxLifetime: 300,
        },
      },
      { patience, ...options },
    );
    this.caches.push(cache);
    return cache;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.caches.map((cache) => cache.close()));
    rmSync(this.folder, { recursive: true });
  }
}

export const load =
  (value: string): (() => Promise<string>) =>
  async () =>
    value;

/**
 * The log's lines from here to the end of the test, warnings marked; they are not written. With an
 * address, those about Redis at that place alone.
 */
export function recordLog(address?: string): { readonly lines: string[] } & Disposable {
  const lines: string[] = [];
  const add = (line: string, fields: LogFields | undefined) => {
    if (address === undefined || fields?.address === address) lines.push(line);
  };
  const spies = [
    spyOn(log, "info").mockImplementation((message, fields) => add(message, fields)),
    spyOn(log, "warn").mockImplementation((message, fields) =>
      add(`! ${message} (${fields?.reason})`, fields),
    ),
  ];
  return {
    lines,
    [Symbol.dispose]() {
      for (const spy of spies) spy.mockRestore();
    },
  };
}
