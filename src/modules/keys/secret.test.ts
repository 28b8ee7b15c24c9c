import { expect, test } from "bun:test";
import { hashOf, isWellFormed, makeKey, prefixOf } from "./secret.ts";

test("a key has its mark, 256 bits and a checksum, and no two are alike", () => {
  const keys = Array.from({ length: 1000 }, makeKey);
  expect(new Set(keys).size).toBe(keys.length);
  for (const key of keys) {
    expect(key).toMatch(/^sk-llmb-[0-9A-Za-z]{49}$/);
    expect(isWellFormed(key)).toBe(true);
    expect(prefixOf(key)).toBe(key.slice(0, 14));
  }
});

test("all characters are about equally likely", () => {
  const counts = new Map<string, number>();
  for (let i = 0; i < 2000; i++) {
    for (const character of makeKey().slice(8, 51)) {
      counts.set(character, (counts.get(character) ?? 0) + 1);
    }
  }
  expect(counts.size).toBe(62);
  // 86,000 draws of 62: a mean of 1,387 and a deviation of 37.
  for (const count of counts.values()) expect(Math.abs(count - 1387)).toBeLessThan(300);
});

test("a key that was mistyped, cut or made up is known as none", () => {
  const key = makeKey();
  const another = key.at(20) === "a" ? "b" : "a";
  for (const wrong of [
    "",
    "sk-llmb-",
    key.slice(0, -1),
    `${key}0`,
    key.slice(0, 20) + another + key.slice(21),
    key.replace("sk-llmb-", "sk-proj-"),
    `${key.slice(0, 30)}\n${key.slice(31)}`,
    `sk-llmb-${"0".repeat(49)}`,
  ]) {
    expect([wrong, isWellFormed(wrong)]).toEqual([wrong, false]);
  }
});

test("the hash is SHA-256", () => {
  expect(Buffer.from(hashOf("abc")).toString("hex")).toBe(
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});
