import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { RedisServer } from "../redis.ts";
import { until } from "../until.ts";
import { Deployment, keysIn, load, onlyRedis, patience, recordLog } from "./fixture.ts";

describe("a cache with Redis", () => {
  test("keeps a value there under a key of its own, for a time, until it is invalidated", async () => {
    await using redis = await RedisServer.start();
    using logged = recordLog(redis.address);
    await using deployment = new Deployment();
    const cache = await deployment.open(redis);
    expect(cache.backend).toBe("redis");
    expect(logged.lines).toEqual(["Connected to Redis successfully!"]);

    expect(await cache.get("history:1")).toBeUndefined();
    expect(await cache.fill("history:1", load("一二三"))).toBe("一二三");
    expect(await cache.get("history:1")).toBe("一二三");
    await until(async () => (await keysIn(redis)).length === 1);
    const [key = ""] = await keysIn(redis);
    expect(key).toMatch(/^llm-backend:[0-9a-f]{16}:history:1$/);
    expect(await redis.send("TTL", key)).toBeWithin(1, 601);

    await cache.invalidate("history:1");
    expect(await cache.get("history:1")).toBeUndefined();
    await until(async () => (await keysIn(redis)).length === 0);
  });

  test("shares values between the processes of one deployment", async () => {
    await using redis = await RedisServer.start();
    await using deployment = new Deployment();
    const one = await deployment.open(redis);
    const two = await deployment.open(redis);
    await one.fill("key", load("value"));
    await until(async () => (await two.get("key")) === "value");
    await two.invalidate("key");
    expect(await one.get("key")).toBeUndefined();
  });

  test("serves from Redis what does not fit into memory", async () => {
    await using redis = await RedisServer.start();
    await using deployment = new Deployment();
    const cache = await deployment.open(redis, onlyRedis);
    const values = Array.from({ length: 50 }, (_, i) => `${i}`.repeat(1000));
    await Promise.all(values.map((value, i) => cache.fill(`key:${i}`, load(value))));
    expect(await Promise.all(values.map((_, i) => cache.get(`key:${i}`)))).toEqual(values);
  });

  test("keeps databases that share one Redis apart", async () => {
    await using redis = await RedisServer.start();
    await using ours = new Deployment();
    await using theirs = new Deployment();
    const here = await ours.open(redis, onlyRedis);
    const there = await theirs.open(redis, onlyRedis);
    await here.fill("history:1", load("ours"));
    expect(await there.get("history:1")).toBeUndefined();
    await there.fill("history:1", load("theirs"));
    await there.invalidate("history:1");
    expect(await here.get("history:1")).toBe("ours");
  });

  test("trusts nothing from before a process started: the last one may have died before it could invalidate", async () => {
    await using redis = await RedisServer.start();
    await using deployment = new Deployment();
    const survivor = await deployment.open(redis);
    await survivor.fill("key", load("old"));
    await until(async () => (await keysIn(redis)).length === 1);
    const started = await deployment.open(redis);
    expect(await started.get("key")).toBeUndefined();
    expect(await survivor.get("key")).toBeUndefined();
  });

  test("does not store what was loaded while the key was invalidated, by whichever process", async () => {
    await using redis = await RedisServer.start();
    await using deployment = new Deployment();
    const one = await deployment.open(redis, onlyRedis);
    const two = await deployment.open(redis, onlyRedis);
    for (const invalidator of [one, two]) {
      const loading = Promise.withResolvers<string>();
      const filled = one.fill("key", () => loading.promise);
      await invalidator.invalidate("key");
      loading.resolve("old");
      expect(await filled).toBe("old");
      expect(await one.get("key")).toBeUndefined();
      expect(await two.get("key")).toBeUndefined();
      expect(await keysIn(redis)).toEqual([]);
    }
  });

  test("a slow fill does not replace what a newer one stored", async () => {
    await using redis = await RedisServer.start();
    await using deployment = new Deployment();
    const one = await deployment.open(redis);
    const two = await deployment.open(redis);
    const slow = Promise.withResolvers<string>();
    const filled = one.fill("key", () => slow.promise);
    await two.invalidate("key");
    await two.fill("key", load("new"));
    slow.resolve("old");
    await filled;
    expect(await one.get("key")).not.toBe("old");
    expect(await two.get("key")).toBe("new");
  });

  test("passes on what load throws and stores neither that nor undefined", async () => {
    await using redis = await RedisServer.start();
    await using deployment = new Deployment();
    const cache = await deployment.open(redis);
    const fails = () => Promise.reject(new Error("no such conversation"));
    await expect(cache.fill("key", fails)).rejects.toThrow("no such conversation");
    expect(await cache.fill("key", async () => undefined)).toBeUndefined();
    expect(await cache.get("key")).toBeUndefined();
    expect(await keysIn(redis)).toEqual([]);
  });

  test("gives every text back as it was, from Redis and from memory", async () => {
    await using redis = await RedisServer.start();
    await using deployment = new Deployment();
    const inRedis = await deployment.open(redis, onlyRedis);
    const texts = ["", " ", "a b", "1.2 x", "\0\r\n", "😀 字", '{"content":"\\ud83d"}'];
    for (const text of texts) {
      await inRedis.fill("key", load(text));
      expect(await inRedis.get("key")).toBe(text);
    }
    const cache = await deployment.open(redis);
    for (const text of [...texts, "half of 😀: \ud83d", "long ".repeat(300_000)]) {
      await cache.fill("key", load(text));
      expect(await cache.get("key")).toBe(text);
    }
  });

  test("leaves to memory what Redis would change or choke on", async () => {
    await using redis = await RedisServer.start();
    await using deployment = new Deployment();
    const cache = await deployment.open(redis, onlyRedis);
    for (const text of ["\ud83d", "long ".repeat(300_000)]) {
      expect(await cache.fill("key", load(text))).toBe(text);
      expect(await cache.get("key")).toBeUndefined();
    }
    expect(cache.backend).toBe("redis");
  });

  test("uses the password and the database that are configured", async () => {
    await using redis = await RedisServer.start({ password: "p@ss word" });
    await using deployment = new Deployment();
    const place = { address: redis.address, password: "p@ss word", db: 3 };
    const one = await deployment.open(place, onlyRedis);
    const address = `redis://:${encodeURIComponent("p@ss word")}@${redis.address}/3`;
    const two = await deployment.open({ address }, onlyRedis);
    await one.fill("key", load("value"));
    await until(async () => (await two.get("key")) === "value");
    expect(await redis.send("DBSIZE")).toBe(0);
  });

  test("is not taken for silent while our own thread stands still", async () => {
    await using redis = await RedisServer.start();
    await using deployment = new Deployment();
    const cache = await deployment.open(redis, onlyRedis);
    await cache.fill("key", load("value"));
    expect(await cache.get("key")).toBe("value");
    // The answer comes while a callback of another socket runs; timers that are due run right after.
    const stall = () => {
      redis.resume();
      Bun.sleepSync(patience + 100);
    };
    const place = { hostname: "127.0.0.1", port: 0 };
    using server = Bun.listen({ ...place, socket: { data: stall } });
    using client = await Bun.connect({ ...place, port: server.port, socket: { data() {} } });
    await redis.pause();
    const reading = cache.get("key");
    await new Promise(setImmediate);
    client.write("now");
    expect(await reading).toBe("value");
    expect(cache.backend).toBe("redis");
  });
});

describe("a cache that cannot share its counters", () => {
  test("says so, serves, keeps its values to itself and none longer than a second", async () => {
    using logged = recordLog();
    await using redis = await RedisServer.start();
    await using deployment = new Deployment();
    writeFileSync(`${deployment.databasePath}-cache`, "something else");
    const one = await deployment.open(redis, onlyRedis);
    const two = await deployment.open(redis, onlyRedis);
    expect(logged.lines.filter((line) => line.startsWith("! Cached values may be"))).toHaveLength(
      2,
    );
    await one.fill("key", load("value"));
    expect(await one.get("key")).toBe("value");
    expect(await two.get("key")).toBeUndefined();
    await one.fill("key", load("value"));
    for (const key of await keysIn(redis)) expect(await redis.send("PTTL", key)).toBeLessThan(1001);
    await one.invalidate("key");
    expect(await one.get("key")).toBeUndefined();
  });
});

describe("a cache without Redis", () => {
  test("serves from memory, and processes on one database still see each other's changes", async () => {
    using logged = recordLog();
    await using deployment = new Deployment();
    const one = await deployment.open({ address: "" });
    const two = await deployment.open({ address: "" });
    expect(logged.lines).toEqual(
      Array(2).fill("Redis is turned off; the in-process cache is used"),
    );
    expect(one.backend).toBe("memory");
    await one.fill("key", load("value"));
    expect(await one.get("key")).toBe("value");
    expect(await two.get("key")).toBeUndefined();
    await two.invalidate("key");
    expect(await one.get("key")).toBeUndefined();
  });
});
