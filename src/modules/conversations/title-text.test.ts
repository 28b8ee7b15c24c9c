import { expect, test } from "bun:test";
import fc from "fast-check";
import { anyText } from "../../../test/any-text.ts";
import { textWidth } from "../../text/width.ts";
import { toTitle } from "./title-text.ts";

test.each([
  ["Rust 的所有权", "Rust 的所有权"],
  ["  Ownership   in Rust.  ", "Ownership in Rust"],
  ["《不可抗力条款》", "不可抗力条款"],
  ["“合同解除”。", "合同解除"],
  ['Title: "Ownership in Rust"', "Ownership in Rust"],
  ['"Rust" or "Go"', '"Rust" or "Go"'],
  ["It's ownership", "It's ownership"],
  ["标题：**所有权**", "所有权"],
  ["# Ownership\n\nSure, here it is.", "Ownership"],
  ["\n\n---\n- Ownership", "Ownership"],
  ["<think>The user wants\na title.</think>\n\nOwnership", "Ownership"],
  ["<think>The user wants", ""],
  ["What is Rust?", "What is Rust?"],
  ["C++", "C++"],
  ["3.14", "3.14"],
  ["😀", "😀"],
  ["a\u202eb\u0000c", "a b c"],
  ["。。。", ""],
  ["", ""],
  ["汉".repeat(21), `${"汉".repeat(20)}…`],
  ["word ".repeat(30), `${"word ".repeat(16).trim()}…`],
  ["x".repeat(200), `${"x".repeat(80)}…`],
])("%j becomes %j", (text, title) => {
  expect(toTitle(text)).toBe(title);
});

test("a title is one short line of whole characters, whatever it was made of", () => {
  fc.assert(
    fc.property(fc.oneof(anyText, fc.string({ unit: "grapheme" })), (text) => {
      const title = toTitle(text.repeat(9));
      expect(title.isWellFormed()).toBe(true);
      expect(title).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
      expect(textWidth(title)).toBeLessThan(40);
      expect(title.trim()).toBe(title);
    }),
  );
});
