import { afterAll, beforeAll, expect, test } from "bun:test";
import { start } from "../../src/cache/event-relay.ts";
import { RedisServer } from "../redis.ts";
import { Deployment, recordLog, uses } from "./fixture.ts";

let redis: RedisServer;

beforeAll(async () => {
  redis = await RedisServer.start();
});
afterAll(() => redis[Symbol.asyncDispose]());

/** The relays of two processes of one deployment. */
async function openTwo(deployment: Deployment, address: string) {
  const caches = [await deployment.open({ address }), await deployment.open({ address })];
  const [writer, reader] = caches.map(({ relay }) => relay);
  if (writer === undefined || reader === undefined) throw new Error("no relay");
  return { writer, reader, caches };
}

test("what one process appends, another reads: in order, once, from any cursor", async () => {
  await using deployment = new Deployment();
  const { writer, reader } = await openTwo(deployment, redis.address);
  const runs = [
    { first: 0, events: ['{"a":1}', '{"汉":"😀"}'], closed: false },
    { first: 2, events: ["x"], closed: false },
    { first: 3, events: [], closed: true },
  ];
  for (const run of runs) expect(await writer.append("one", run)).toBe(true);
  await writer.append("two", { first: 5, events: ["y"], closed: false });
  const news = await reader.read(
    new Map([
      ["one", start],
      ["two", start],
      ["none", start],
    ]),
  );
  expect(news?.get("one")?.runs).toEqual(runs);
  expect(news?.get("two")?.runs).toEqual([{ first: 5, events: ["y"], closed: false }]);
  expect(news?.has("none")).toBe(false);
  const cursor = news?.get("one")?.cursor ?? "";
  expect((await reader.read(new Map([["one", cursor]])))?.size).toBe(0);
  await writer.append("one", { first: 3, events: ["z"], closed: true });
  expect((await reader.read(new Map([["one", cursor]])))?.get("one")?.runs).toEqual([
    { first: 3, events: ["z"], closed: true },
  ]);
});

test("a stream is read in bounded portions, is bounded itself and is forgotten in the end", async () => {
  await using deployment = new Deployment();
  const { writer, reader } = await openTwo(deployment, redis.address);
  const count = 5000;
  const append = (first: number) => writer.append("long", { first, events: ["x"], closed: false });
  for (let first = 0; first < count; first += 100) {
    const hundred = Array.from({ length: 100 }, (_, at) => append(first + at));
    expect(await Promise.all(hundred)).not.toContain(false);
  }
  const first = await reader.read(new Map([["long", start]]));
  expect(first?.get("long")?.runs).toHaveLength(32);
  const [key] = (await redis.send("KEYS", "*:long")) as string[]; // KEYS answers an array of strings
  expect(Number(await redis.send("XLEN", key ?? ""))).toBeLessThan(count);
  expect(Number(await redis.send("TTL", key ?? ""))).toBeGreaterThan(60);
});

test("while Redis is away, nothing arrives and nobody waits", async () => {
  await using deployment = new Deployment();
  using _ = recordLog(redis.address);
  const { writer, reader, caches } = await openTwo(deployment, redis.address);
  await redis.kill();
  await Promise.all(caches.map((cache) => uses(cache, "memory")));
  expect(writer.up).toBe(false);
  expect(await writer.append("one", { first: 0, events: ["x"], closed: false })).toBe(false);
  expect(await reader.read(new Map([["one", start]]))).toBeUndefined();
  await redis.start();
  await Promise.all(caches.map((cache) => uses(cache, "redis")));
  expect(await writer.append("one", { first: 0, events: ["x"], closed: false })).toBe(true);
  expect((await reader.read(new Map([["one", start]])))?.get("one")?.runs).toHaveLength(1);
});

test("an error reply to a stream's command costs the cache nothing", async () => {
  await using deployment = new Deployment();
  const { writer, reader, caches } = await openTwo(deployment, redis.address);
  await writer.append("mistyped", { first: 0, events: ["x"], closed: false });
  const [key] = (await redis.send("KEYS", "*:mistyped")) as string[]; // KEYS answers an array of strings
  await redis.send("SET", key ?? "", "no stream");
  expect(await writer.append("mistyped", { first: 1, events: ["y"], closed: false })).toBe(false);
  expect(await reader.read(new Map([["mistyped", start]]))).toBeUndefined();
  expect(caches.map((cache) => cache.backend)).toEqual(["redis", "redis"]);
});

test("without Redis there is no relay", async () => {
  await using deployment = new Deployment();
  expect((await deployment.open({ address: "" })).relay).toBeUndefined();
});
