import { describe, expect, test } from "bun:test";
import { RedisServer } from "../redis.ts";
import { until } from "../until.ts";
import { Deployment, load, onlyRedis, recordLog, refused, unreachable, uses } from "./fixture.ts";
import { TcpProxy } from "./tcp-proxy.ts";

describe("the start", () => {
  test("Redis that is not there costs nothing and is used as soon as it comes", async () => {
    await using redis = await RedisServer.start();
    using logged = recordLog(redis.address);
    await redis.stop();
    await using deployment = new Deployment();
    const cache = await deployment.open(redis, onlyRedis);
    expect(cache.backend).toBe("memory");
    expect(logged.lines).toHaveLength(1);
    expect(logged.lines[0]).toStartWith(unreachable);
    await redis.start();
    await uses(cache, "redis");
    expect(logged.lines.slice(1)).toEqual(["Connected to Redis successfully!"]);
  });

  test("does not wait for Redis that says nothing", async () => {
    await using redis = await RedisServer.start();
    using logged = recordLog(redis.address);
    await redis.pause();
    await using deployment = new Deployment();
    const cache = await deployment.open(redis);
    expect(cache.backend).toBe("memory");
    expect(logged.lines).toEqual([`${unreachable} (no answer in time)`]);
    expect(await cache.fill("key", load("value"))).toBe("value");
    expect(await cache.get("key")).toBe("value");
    redis.resume();
    await uses(cache, "redis");
    expect(logged.lines.slice(1)).toEqual(["Connected to Redis successfully!"]);
  });

  test.each([
    ["a wrong password", { password: "wrong" }, "WRONGPASS"],
    ["no password where one is needed", {}, "NOAUTH"],
    ["a database that Redis does not have", { password: "right", db: 99 }, "ERR DB index"],
  ])("%s: one warning, and memory serves", async (_, place, reason) => {
    await using redis = await RedisServer.start({ password: "right" });
    await using proxy = new TcpProxy(redis.port);
    using logged = recordLog(proxy.address);
    await using deployment = new Deployment();
    const cache = await deployment.open({ address: proxy.address, ...place });
    expect(cache.backend).toBe("memory");
    await cache.fill("key", load("value"));
    expect(await cache.get("key")).toBe("value");
    if (reason !== "ERR DB index") await until(() => proxy.connections >= 3, "further attempts");
    expect(logged.lines).toHaveLength(1);
    expect(logged.lines[0]).toStartWith(`${refused} (${reason}`);
    expect(logged.lines[0]).not.toContain("right");
    expect(await redis.send("DBSIZE")).toBe(0);
  });

  test("closing ends the connection, also while Redis is away", async () => {
    await using redis = await RedisServer.start();
    await using proxy = new TcpProxy(redis.port);
    await using deployment = new Deployment();
    const cache = await deployment.open(proxy);
    const waiting = await deployment.open({ address: "127.0.0.1:1" });
    expect(proxy.open).toBe(1);
    await Promise.all([cache.close(), waiting.close()]);
    await until(() => proxy.open === 0, "the connection to end");
    expect([cache.backend, await cache.get("key")]).toEqual(["memory", undefined]);
    expect(await cache.fill("key", load("value"))).toBe("value");
  });
});
