import { expect, test } from "bun:test";
import fc from "fast-check";
import { cleanCode, cleanText, joinWrapped, splitText } from "./plain-text.ts";
import { lines } from "./text-lines.ts";

test("pieces of a text join to it, fit, and part no character", () => {
  const unit = fc.constantFrom("a", " ", "汉", "。", ".", "\n", "🚢");
  fc.assert(
    fc.property(
      fc.string({ unit, maxLength: 200 }),
      fc.integer({ min: 2, max: 20 }),
      (text, max) => {
        const pieces = [...splitText(text, max)];
        expect(pieces.join("")).toBe(text);
        for (const piece of pieces) {
          expect(piece.length).toBeLessThanOrEqual(max);
          expect(piece.isWellFormed()).toBe(true);
        }
      },
    ),
  );
});

test("lines are those of split, whatever pieces the text comes in", () => {
  const unit = fc.constantFrom("a", "汉", "\n", "\r", "\r\n");
  const pieces = fc.array(fc.string({ unit, maxLength: 6 }), { maxLength: 8 });
  fc.assert(
    fc.property(pieces, (parts) => {
      const expected = parts.join("").split(/\r\n?|\n/);
      if (expected.at(-1) === "") expected.pop();
      expect([...lines(parts)]).toEqual(expected);
    }),
  );
});

test.each([
  ["这是一", "句话", "这是一句话"],
  ["a divi-", "ded word", "a divided word"],
  ["pre-", "War", "pre- War"],
  ["end of", "line", "end of line"],
  ["第", "3条", "第3条"],
  ["完成。", "The end", "完成。The end"],
  ["使用", "Python", "使用 Python"],
])("%s + %s", (left, right, joined) => {
  expect(joinWrapped(left, right)).toBe(joined);
});

test("running text is tidied, code keeps its shape", () => {
  expect(cleanText(" a\u00a0 b\r\n\r\n\tc\0 ")).toBe("a b\nc");
  expect(cleanCode("\n  if x:\r\n\ty \n\n")).toBe("  if x:\n\ty");
});
