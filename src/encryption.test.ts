import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { decrypt, encrypt } from "./encryption.ts";

const keys = fc.uint8Array({ minLength: 32, maxLength: 32 });
/** Everything that UTF-8 can hold. */
const texts = fc.string({ unit: "binary" }).filter((text) => text.isWellFormed());

test("what was encrypted comes back", () => {
  fc.assert(
    fc.property(keys, texts, texts, (key, text, context) => {
      expect(decrypt(key, encrypt(key, text, context), context)).toBe(text);
    }),
  );
});

test("another key or another context opens nothing", () => {
  fc.assert(
    fc.property(keys, keys, texts, texts, texts, (key, otherKey, text, context, otherContext) => {
      const encrypted = encrypt(key, text, context);
      fc.pre(Buffer.compare(key, otherKey) !== 0 && context !== otherContext);
      expect(() => decrypt(otherKey, encrypted, context)).toThrow();
      expect(() => decrypt(key, encrypted, otherContext)).toThrow();
    }),
  );
});

test("any change of any character is noticed", () => {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n";
  fc.assert(
    fc.property(
      texts,
      fc.nat(),
      fc.constantFrom("", ...alphabet),
      fc.boolean(),
      (text, position, character, insert) => {
        const key = randomBytes(32);
        const encrypted = encrypt(key, text, "c");
        const at = position % (encrypted.length + 1);
        const changed = encrypted.slice(0, at) + character + encrypted.slice(insert ? at : at + 1);
        fc.pre(changed !== encrypted);
        expect(() => decrypt(key, changed, "c")).toThrow();
      },
    ),
    { numRuns: 1000 },
  );
});

test("the same text never looks the same twice, and shows nothing of itself", () => {
  const key = randomBytes(32);
  const seen = new Set(Array.from({ length: 1000 }, () => encrypt(key, "sk-secret", "c")));
  expect(seen.size).toBe(1000);
  expect([...seen][0]).toMatch(/^v1\.[A-Za-z0-9_-]+$/);
});

test.each(["", "v1", "v1.", "v1.AAAA", "v2.AAAA", "sk-plain"])("%j is refused", (text) => {
  expect(() => decrypt(randomBytes(32), text, "c")).toThrow("not an encrypted value");
});
