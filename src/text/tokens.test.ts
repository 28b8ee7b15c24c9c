import { expect, test } from "bun:test";
import fc from "fast-check";
import { cutToTokens, estimateTokens } from "./tokens.ts";

test("estimateTokens counts by script", () => {
  expect(estimateTokens("")).toBe(0);
  expect(estimateTokens("word")).toBe(1);
  expect(estimateTokens("不可抗力")).toBe(4);
  expect(estimateTokens("12.5")).toBe(2);
});

test("cutToTokens keeps the longest beginning that fits, in whole characters", () => {
  expect(cutToTokens("abcdefgh", 1)).toBe("abcd");
  expect(cutToTokens("不可抗力", 2)).toBe("不可");
  expect(cutToTokens("a😀", 1)).toBe("a");
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 20 }), (text, limit) => {
      const cut = cutToTokens(text, limit);
      expect(text.startsWith(cut)).toBe(true);
      expect(cut.isWellFormed()).toBe(true);
      expect(estimateTokens(cut)).toBeLessThanOrEqual(limit);
      const next = String.fromCodePoint(text.codePointAt(cut.length) ?? 0);
      if (cut !== text) expect(estimateTokens(cut + next)).toBeGreaterThan(limit);
    }),
  );
});
