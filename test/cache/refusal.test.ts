import { describe, expect, test } from "bun:test";
import { RedisClient } from "bun";
import { RedisServer } from "../redis.ts";
import { until } from "../until.ts";
import { Deployment, keysIn, load, onlyRedis, recordLog, refused, uses } from "./fixture.ts";

describe("Redis answers with errors", () => {
  test.each([
    ["OOM", "CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"],
    ["READONLY", "REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"],
  ])("%s: it counts as away until it takes writes again", async (code, breaks, mends) => {
    const tell = (line: string) => redis.send(...(line.split(" ") as [string, ...string[]])); // split gives one at least
    await using redis = await RedisServer.start();
    using logged = recordLog(redis.address);
    await using deployment = new Deployment();
    const one = await deployment.open(redis);
    const two = await deployment.open(redis);
    await one.fill("key", load("old"));
    await until(async () => (await two.get("key")) === "old");
    await tell(breaks);
    await one.fill("another", load("value"));
    await uses(one, "memory");
    await one.invalidate("key");
    expect(await one.get("another")).toBe("value");
    expect(await two.get("key")).toBeUndefined();
    const refusals = async () => {
      const statistics = String(await redis.send("INFO", "errorstats"));
      return Number(statistics.match(`errorstat_${code}:count=([0-9]+)`)?.[1] ?? 0);
    };
    await until(async () => (await refusals()) >= 4, "probes to be refused");
    expect(one.backend).toBe("memory");
    expect(logged.lines).toHaveLength(3);
    expect(logged.lines[2]).toStartWith(`${refused} (${code}`);
    await tell(mends);
    await uses(one, "redis");
    expect(await two.get("key")).toBeUndefined();
    expect(logged.lines.slice(3)).toEqual(["Redis is back and holds the cache again"]);
  });

  test("NOAUTH on a new connection: memory serves until the password is gone again", async () => {
    await using redis = await RedisServer.start({ password: "first" });
    using logged = recordLog(redis.address);
    await using deployment = new Deployment();
    const cache = await deployment.open({ address: redis.address, password: "first" }, onlyRedis);
    await redis.send("CONFIG", "SET", "requirepass", "second");
    const admin = new RedisClient(`redis://:second@${redis.address}`);
    await admin.send("CLIENT", ["KILL", "TYPE", "normal", "SKIPME", "yes"]);
    await until(() => logged.lines.some((line) => line.startsWith(`${refused} (WRONGPASS`)));
    expect(cache.backend).toBe("memory");
    await admin.send("CONFIG", ["SET", "requirepass", "first"]);
    await uses(cache, "redis");
    admin.close();
  });

  test("a key of the wrong type is a miss that the next fill replaces", async () => {
    await using redis = await RedisServer.start();
    await using deployment = new Deployment();
    const cache = await deployment.open(redis, onlyRedis);
    await cache.fill("key", load("value"));
    expect(await cache.get("key")).toBe("value");
    const [key = ""] = await keysIn(redis);
    await redis.send("DEL", key);
    await redis.send("RPUSH", key, "not ours");
    expect(await cache.get("key")).toBeUndefined();
    expect(cache.backend).toBe("redis");
    await cache.fill("key", load("value"));
    expect(await cache.get("key")).toBe("value");
  });
});
