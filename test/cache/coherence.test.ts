import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Cache } from "../../src/cache/index.ts";
import { RedisServer } from "../redis.ts";
import { Deployment, onlyRedis, recordLog, uses } from "./fixture.ts";

/** Turns of the event loop that an operation lets pass at its joints. */
const turns = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 3, maxLength: 3 });
const who = fc.integer({ min: 0, max: 2 });
const key = fc.constantFrom("a", "b");

const step = fc.oneof(
  { weight: 30, arbitrary: fc.record({ kind: fc.constant("read" as const), who, key, turns }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("write" as const), who, key, turns }) },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant("join" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom("pause", "resume", "kill", "start", "start", "flush", "settle"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("reopen" as const), who }) },
);

/**
 * Three caches as three processes would open them, one of them with memory in front, over one Redis
 * that keeps what it has over a kill; `truth` stands for the database.
 */
class World {
  readonly truth = new Map<string, number>();
  /** The newest version of each key whose invalidation has completed. */
  readonly settled = new Map<string, number>();
  readonly caches: Cache[] = [];
  hitsInRedis = 0;
  private redisState: "up" | "paused" | "dead" = "up";
  private running: Promise<void>[] = [];

  constructor(
    private readonly redis: RedisServer,
    private readonly deployment: Deployment,
  ) {}

  async open(who: number): Promise<void> {
    await this.caches[who]?.close();
    this.caches[who] = await this.deployment.open(this.redis, {
      ...(who === 0 ? {} : onlyRedis),
      patience: 100,
    });
  }

  async run(next: typeof step extends fc.Arbitrary<infer T> ? T : never): Promise<void> {
    if (next.kind === "read") this.running.push(this.read(next));
    else if (next.kind === "write") this.running.push(this.write(next));
    else if (next.kind === "join") await this.join();
    else if (next.kind === "reopen") await this.open(next.who);
    else await this.disturb(next.kind);
  }

  async join(): Promise<void> {
    await Promise.all(this.running.splice(0));
  }

  /** Leaves Redis running for the next world. */
  async end(): Promise<void> {
    await Promise.allSettled(this.running);
    await this.disturb("resume");
    await this.disturb("start");
  }

  private async read({ who, key, turns }: { who: number; key: string; turns: number[] }) {
    const cache = this.cache(who);
    const atLeast = this.settled.get(key) ?? 0;
    let version = await cache.get(key);
    if (version !== undefined && who !== 0) this.hitsInRedis++;
    version ??= await cache.fill(key, async () => {
      await pass(turns[0]);
      const loaded = this.truth.get(key) ?? 0;
      await pass(turns[1]);
      return String(loaded);
    });
    expect(Number(version)).toBeGreaterThanOrEqual(atLeast);
  }

  private async write({ who, key, turns }: { who: number; key: string; turns: number[] }) {
    const cache = this.cache(who);
    await pass(turns[0]);
    const version = (this.truth.get(key) ?? 0) + 1;
    this.truth.set(key, version);
    await pass(turns[1]);
    await cache.invalidate(key);
    this.settled.set(key, Math.max(version, this.settled.get(key) ?? 0));
  }

  private async disturb(kind: "pause" | "resume" | "kill" | "start" | "flush" | "settle") {
    const state = this.redisState;
    if (kind === "pause" && state === "up") {
      await this.redis.pause();
      this.redisState = "paused";
    } else if (kind === "resume" && state === "paused") {
      this.redis.resume();
      this.redisState = "up";
    } else if (kind === "kill" && state !== "dead") {
      await this.redis.kill();
      this.redisState = "dead";
    } else if (kind === "start" && state === "dead") {
      await this.redis.start();
      this.redisState = "up";
    } else if (kind === "flush" && state === "up") {
      await this.redis.send("FLUSHALL");
    } else if (kind === "settle" && state === "up") {
      await Promise.all(this.caches.map((cache) => uses(cache, "redis")));
    }
  }

  private cache(who: number): Cache {
    const cache = this.caches[who];
    if (cache === undefined) throw new Error(`no cache ${who}`);
    return cache;
  }
}

async function pass(turns = 0): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise(setImmediate);
}

test("no read is older than the last invalidation that completed before it, whatever Redis does", async () => {
  using _ = recordLog();
  await using redis = await RedisServer.start({
    arguments: ["--appendonly", "yes", "--appendfsync", "always"],
  });
  let hitsInRedis = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 60, maxLength: 160 }), async (steps) => {
      await using deployment = new Deployment();
      const world = new World(redis, deployment);
      for (const who of [0, 1, 2]) await world.open(who);
      try {
        for (const next of steps) await world.run(next);
        await world.join();
      } finally {
        await world.end();
      }
      hitsInRedis += world.hitsInRedis;
    }),
    // What is shrunk would not fail again by necessity, since Redis has its own timing.
    { numRuns: 60, endOnFailure: true },
  );
  // Otherwise it proves little: about 500 are usual.
  expect(hitsInRedis).toBeGreaterThan(100);
});
