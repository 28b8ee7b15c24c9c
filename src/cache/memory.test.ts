import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { MemoryCache } from "./memory.ts";

const roomy = { maxEntries: 100, maxBytes: 1_000_000 };

describe("MemoryCache", () => {
  test("answers with what was set under the same stamp, and forgets what has another", () => {
    const cache = new MemoryCache(roomy);
    cache.set("key", "1", "value", 60);
    expect(cache.get("key", "1")).toBe("value");
    expect(cache.get("key", "2")).toBeUndefined();
    expect(cache.get("key", "1")).toBeUndefined();
    expect(cache.size).toEqual({ entries: 0, bytes: 0 });
  });

  test("forgets a value when its time is over", () => {
    let now = 5000;
    const cache = new MemoryCache(roomy, () => now);
    cache.set("key", "1", "value", 60);
    now += 59_999;
    expect(cache.get("key", "1")).toBe("value");
    now += 1;
    expect(cache.get("key", "1")).toBeUndefined();
  });

  test("does not keep a value that would take more than an eighth of it", () => {
    const cache = new MemoryCache({ maxEntries: 100, maxBytes: 80_000 });
    cache.set("key", "1", "small", 60);
    cache.set("other", "1", "x".repeat(5000), 60);
    cache.set("key", "1", "x".repeat(5000), 60);
    expect(cache.get("key", "1")).toBeUndefined();
    expect(cache.size).toEqual({ entries: 0, bytes: 0 });
  });

  test("keeps the entries used last, within both bounds, like a list that is searched through", () => {
    const limits = { maxEntries: 4, maxBytes: 8000 };
    const bytesOf = (key: string, value: string) => 2 * (key.length + value.length) + 200;
    const command = fc.record({
      kind: fc.constantFrom("get", "set", "delete"),
      key: fc.constantFrom("a", "bb", "ccc", "dddd", "eeeee", "ffffff"),
      length: fc.integer({ min: 0, max: 600 }),
    });
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const cache = new MemoryCache(limits);
        let oldestFirst: { key: string; value: string }[] = [];
        const bytes = () => oldestFirst.reduce((sum, e) => sum + bytesOf(e.key, e.value), 0);
        for (const [at, { kind, key, length }] of commands.entries()) {
          const known = oldestFirst.find((entry) => entry.key === key);
          if (kind === "get") {
            expect(cache.get(key, "1")).toBe(known?.value);
          } else if (kind === "delete") {
            cache.delete(key);
          } else {
            cache.set(key, "1", String(at).padEnd(length, "."), 60);
          }
          oldestFirst = oldestFirst.filter((entry) => entry !== known);
          if (kind === "get" && known) oldestFirst.push(known);
          if (kind === "set") {
            const value = String(at).padEnd(length, ".");
            if (bytesOf(key, value) <= limits.maxBytes / 8) oldestFirst.push({ key, value });
          }
          while (oldestFirst.length > limits.maxEntries || bytes() > limits.maxBytes) {
            oldestFirst.shift();
          }
          expect(cache.size).toEqual({ entries: oldestFirst.length, bytes: bytes() });
        }
      }),
    );
  });
});
