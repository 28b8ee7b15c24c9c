import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { parseRedisAddress, type RedisAddress } from "../config/redis-address.ts";
import type { Config } from "../config/schema.ts";
import { log } from "../log.ts";
import { EventRelay } from "./event-relay.ts";
import { Generations } from "./generations.ts";
import type { Cache } from "./index.ts";
import { MemoryCache, type MemoryLimits } from "./memory.ts";
import type { RedisCache } from "./redis.ts";

/** Milliseconds that one answer of Redis is waited for: with what a look takes, no more than 45. */
const defaultPatience = 35;
/** What the start of the server waits in addition, to learn whether Redis is there. */
const startAllowance = 15;
/** Characters; moving a longer value would keep every other request to Redis waiting. */
const longestInRedis = 1_048_576;

export interface CacheOptions extends Partial<MemoryLimits> {
  /** How long a value may be served that nobody invalidates; 600 by default. */
  readonly ttlSeconds?: number;
  /** Milliseconds after which Redis counts as silent; 35 by default, below the 2 s of a connection. */
  readonly patience?: number;
}

/**
 * The cache of one process: its own memory first, then Redis where there is one, which several
 * processes share and which holds what does not fit into memory. The values of both are stamped and
 * checked against the same counters, so that it makes no difference to their truth which of the two
 * answers, nor when Redis comes and goes.
 */
class TieredCache implements Cache {
  readonly relay: EventRelay | undefined;

  constructor(
    private readonly generations: Generations,
    private readonly memory: MemoryCache,
    private readonly redis: RedisCache | undefined,
    private readonly ttlSeconds: number,
  ) {
    this.relay = redis && new EventRelay(redis);
  }

  get backend(): "redis" | "memory" {
    return this.redis?.up ? "redis" : "memory";
  }

  get(key: string): Promise<string | undefined> {
    const value = this.memory.get(key, this.generations.stamp(key));
    if (value !== undefined || !this.redis?.up) return Promise.resolve(value);
    return this.readFromRedis(key, this.redis);
  }

  async fill(key: string, load: () => Promise<string | undefined>): Promise<string | undefined> {
    const stamp = this.generations.stamp(key);
    const value = await load();
    if (value === undefined || stamp !== this.generations.stamp(key)) return value;
    this.memory.set(key, stamp, value, this.ttlSeconds);
    // A lone surrogate would come back from Redis as another character.
    if (value.length <= longestInRedis && value.isWellFormed()) {
      this.redis?.set(key, `${stamp} ${value}`, this.ttlSeconds);
    }
    return value;
  }

  async invalidate(key: string): Promise<void> {
    this.generations.bump(key);
    this.memory.delete(key);
    this.redis?.delete(key);
  }

  async close(): Promise<void> {
    this.redis?.close();
    this.memory.clear();
  }

  private async readFromRedis(key: string, redis: RedisCache): Promise<string | undefined> {
    const reply = await redis.get(key);
    const stamp = this.generations.stamp(key);
    if (!reply?.startsWith(`${stamp} `)) return undefined;
    const value = reply.slice(stamp.length + 1);
    this.memory.set(key, stamp, value, this.ttlSeconds);
    return value;
  }
}

/**
 * Opens the cache and logs which engine serves it. By default it waits at most 50 ms for Redis:
 * refused at once or silent, the memory serves and the connection is made in the background.
 *
 * Processes on one database see each other's invalidations through a file beside it, and only where
 * that cannot be had (a file system without shared memory) do they see them up to a second late;
 * the log then warns.
 */
export async function createCache(
  config: Pick<Config, "redis" | "sqlite">,
  options: CacheOptions = {},
): Promise<Cache> {
  const address = config.redis.address === "" ? undefined : parseRedisAddress(config.redis);
  const { generations, ttlSeconds = options.ttlSeconds ?? 600 } = openGenerations(
    config.sqlite.path,
  );
  const memory = new MemoryCache({
    maxEntries: options.maxEntries ?? 10_000,
    maxBytes: options.maxBytes ?? 67_108_864,
  });
  const patience = options.patience ?? defaultPatience;
  const redis = address && (await openRedis(address, `llm-backend:${generations.id}`, patience));
  if (redis === undefined) log.info("Redis is turned off; the in-process cache is used");
  return new TieredCache(generations, memory, redis, ttlSeconds);
}

/** Loads the client, which nobody needs without a Redis, before the wait for the answer begins. */
async function openRedis(
  address: RedisAddress,
  namespace: string,
  patience: number,
): Promise<RedisCache> {
  const { RedisCache } = await import("./redis.ts");
  const redis = new RedisCache(address, namespace, patience);
  await redis.start(patience + startAllowance);
  return redis;
}

function openGenerations(databasePath: string): {
  generations: Generations;
  ttlSeconds?: number;
} {
  try {
    mkdirSync(dirname(databasePath), { recursive: true });
    return { generations: Generations.open(databasePath) };
  } catch (error) {
    log.warn("Cached values may be one second old if a second process serves this database", {
      error,
    });
    return { generations: Generations.private(), ttlSeconds: 1 };
  }
}
