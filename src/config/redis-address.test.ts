import { describe, expect, test } from "bun:test";
import { parseRedisAddress } from "./redis-address.ts";

const parse = (address: string, password = "", db = 0) =>
  parseRedisAddress({ address, password, db });

const plain = { port: 6379, tls: false, username: undefined, password: undefined, db: 0 };

describe("parseRedisAddress", () => {
  test.each([
    ["localhost:6380", { ...plain, host: "localhost", port: 6380 }],
    ["cache.internal", { ...plain, host: "cache.internal" }],
    [":6381", { ...plain, host: "localhost", port: 6381 }],
    ["10.0.0.7:6379", { ...plain, host: "10.0.0.7" }],
    ["[::1]:6380", { ...plain, host: "::1", port: 6380 }],
    ["[fe80::1]", { ...plain, host: "fe80::1" }],
    ["::1", { ...plain, host: "::1" }],
    ["redis://cache", { ...plain, host: "cache" }],
    ["redis://cache:7000/3", { ...plain, host: "cache", port: 7000, db: 3 }],
    ["redis://[::1]:7000/", { ...plain, host: "::1", port: 7000 }],
    [
      "rediss://me:p%40ss@cache:7000/2",
      { host: "cache", port: 7000, tls: true, username: "me", password: "p@ss", db: 2 },
    ],
    ["redis://:100%@cache", { ...plain, host: "cache", password: "100%" }],
  ])("reads %s", (address, expected) => {
    expect(parse(address)).toEqual(expected);
  });

  test("the keys password and db win over the URL", () => {
    expect(parse("redis://me:url@cache/2", "key", 5)).toEqual({
      ...plain,
      host: "cache",
      username: "me",
      password: "key",
      db: 5,
    });
  });

  test.each([
    "localhost:port",
    "localhost:70000",
    "localhost:0",
    "two words",
    "http://cache",
    "redis://",
    "redis://cache/zero",
    "redis://cache?family=6",
    "a:b:c",
  ])("refuses %s", (address) => {
    expect(parse(address)).toBeUndefined();
  });
});
