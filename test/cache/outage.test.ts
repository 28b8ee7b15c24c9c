import { describe, expect, test } from "bun:test";
import { RedisServer } from "../redis.ts";
import { until } from "../until.ts";
import { Deployment, keysIn, load, onlyRedis, recordLog, unreachable, uses } from "./fixture.ts";
import { TcpProxy } from "./tcp-proxy.ts";

/** Keeps everything that it acknowledged over a `kill`. */
const durable = { arguments: ["--appendonly", "yes", "--appendfsync", "always"] };
const back = "Redis is back and holds the cache again";

describe("Redis dies", () => {
  test("memory takes over and Redis takes back, with one line of log for each", async () => {
    await using redis = await RedisServer.start();
    using logged = recordLog(redis.address);
    await using deployment = new Deployment();
    const cache = await deployment.open(redis);
    await cache.fill("key", load("value"));
    await redis.kill();
    await uses(cache, "memory");
    expect(await cache.get("key")).toBe("value");
    await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        await cache.invalidate(`key:${i}`);
        await cache.fill(`key:${i}`, load(`value ${i}`));
        expect(await cache.get(`key:${i}`)).toBe(`value ${i}`);
      }),
    );
    await redis.start();
    await uses(cache, "redis");
    expect(await cache.get("key")).toBe("value");
    const [connected, lost, ...rest] = logged.lines;
    expect(connected).toBe("Connected to Redis successfully!");
    expect(lost).toStartWith(unreachable);
    expect(rest).toEqual([back]);
  });

  test("an invalidation that it missed holds when it is back with the old value", async () => {
    await using redis = await RedisServer.start(durable);
    await using deployment = new Deployment();
    const one = await deployment.open(redis, onlyRedis);
    const two = await deployment.open(redis, onlyRedis);
    await one.fill("key", load("old"));
    await one.fill("other", load("still true"));
    await until(async () => (await keysIn(redis)).length === 2);
    expect(await two.get("key")).toBe("old");
    await redis.kill();
    await uses(one, "memory");
    await one.invalidate("key");
    await redis.start();
    await Promise.all([uses(one, "redis"), uses(two, "redis")]);
    expect(await keysIn(redis)).toHaveLength(2);
    expect(await two.get("key")).toBeUndefined();
    expect(await one.get("key")).toBeUndefined();
    expect(await two.get("other")).toBe("still true");
  });

  test("what memory held in the meantime is not served after another process changed it", async () => {
    await using redis = await RedisServer.start();
    await using deployment = new Deployment();
    const one = await deployment.open(redis);
    const two = await deployment.open(redis);
    await redis.kill();
    await Promise.all([uses(one, "memory"), uses(two, "memory")]);
    await one.fill("key", load("old"));
    expect(await one.get("key")).toBe("old");
    await two.invalidate("key");
    expect(await one.get("key")).toBeUndefined();
    await one.fill("key", load("new"));
    await redis.start();
    await Promise.all([uses(one, "redis"), uses(two, "redis")]);
    expect(await one.get("key")).toBe("new");
  });

  test("in the middle of 200 requests none fails or gets another's value", async () => {
    await using redis = await RedisServer.start();
    await using deployment = new Deployment();
    const cache = await deployment.open(redis, onlyRedis);
    const requests = Array.from({ length: 200 }, async (_, i) => {
      for (let round = 0; round < 20; round++) {
        const value = (await cache.get(`key:${i}`)) ?? (await cache.fill(`key:${i}`, load(`${i}`)));
        expect(value).toBe(`${i}`);
        if (round % 5 === 0) await cache.invalidate(`key:${i}`);
        if (i === 100 && round === 5) await redis.kill();
        if (i === 100 && round === 10) await redis.start();
      }
    });
    await Promise.all(requests);
    await uses(cache, "redis");
  });

  test("restarted empty, or flushed, it is filled again", async () => {
    await using redis = await RedisServer.start();
    await using deployment = new Deployment();
    const cache = await deployment.open(redis, onlyRedis);
    for (const empty of [
      () => redis.send("FLUSHALL"),
      () => redis.kill().then(() => redis.start()),
    ]) {
      await cache.fill("key", load("value"));
      expect(await cache.get("key")).toBe("value");
      await empty();
      await uses(cache, "redis");
      await until(async () => (await cache.get("key")) === undefined);
    }
  });
});

describe("Redis hangs", () => {
  test("a request goes on without it, and so does the next", async () => {
    await using redis = await RedisServer.start();
    using logged = recordLog(redis.address);
    await using deployment = new Deployment();
    const cache = await deployment.open(redis, onlyRedis);
    await cache.fill("key", load("value"));
    await redis.pause();
    const reads = await Promise.all(Array.from({ length: 20 }, () => cache.get("key")));
    expect(reads).toEqual(Array(20).fill(undefined));
    expect(cache.backend).toBe("memory");
    expect(await cache.get("key")).toBeUndefined();
    expect(await cache.fill("key", load("value"))).toBe("value");
    await cache.invalidate("key");
    redis.resume();
    await uses(cache, "redis");
    expect(logged.lines).toEqual([
      "Connected to Redis successfully!",
      `${unreachable} (no answer in time)`,
      back,
    ]);
  });

  test("an invalidation that was not sent holds for a process that never noticed", async () => {
    await using redis = await RedisServer.start();
    await using deployment = new Deployment();
    const one = await deployment.open(redis, onlyRedis);
    const two = await deployment.open(redis, onlyRedis);
    await one.fill("key", load("old"));
    await until(async () => (await two.get("key")) === "old");
    await redis.pause();
    expect(await one.get("key")).toBeUndefined();
    expect([one.backend, two.backend]).toEqual(["memory", "redis"]);
    await one.invalidate("key");
    redis.resume();
    expect(await two.get("key")).toBeUndefined();
    expect(two.backend).toBe("redis");
    expect(await keysIn(redis)).toHaveLength(1);
  });

  test("a fill that it takes only later does not bring back what was invalidated since", async () => {
    await using redis = await RedisServer.start();
    await using deployment = new Deployment();
    const one = await deployment.open(redis, onlyRedis);
    const two = await deployment.open(redis, onlyRedis);
    await redis.pause();
    await one.fill("key", load("old"));
    await uses(one, "memory");
    await one.invalidate("key");
    redis.resume();
    await until(async () => (await keysIn(redis)).length === 1, "the late fill");
    expect(await two.get("key")).toBeUndefined();
    await uses(one, "redis");
    expect(await one.get("key")).toBeUndefined();
  });

  test("a connection that stays silent is given up for a new one", async () => {
    await using redis = await RedisServer.start();
    await using proxy = new TcpProxy(redis.port);
    await using deployment = new Deployment();
    const cache = await deployment.open(proxy, onlyRedis);
    expect([cache.backend, proxy.connections]).toEqual(["redis", 1]);
    proxy.goDeaf();
    expect(await cache.get("key")).toBeUndefined();
    await uses(cache, "redis");
    expect(proxy.connections).toBe(2);
  });
});
