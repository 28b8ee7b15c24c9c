import { expect, test } from "bun:test";
import fc from "fast-check";
import { anyText } from "../../test/any-text.ts";
import { searchTerms } from "./search-terms.ts";

const texts = (query: string): string[] =>
  searchTerms(query).map(({ text, prefix }) => (prefix ? `${text}*` : text));

test.each([
  ["不可抗力", ["不可", "可抗", "抗力"]],
  ["条款", ["条款"]],
  ["條款", ["条款"]],
  ["抗", ["抗*"]],
  ["抗 力", ["抗*", "力*"]],
  ["的", ["的*"]],
  ["Running Rust", ["run", "rust"]],
  ["what is the rust", ["rust"]],
  ["the", ["the"]],
  ["rust rust RUST", ["rust"]],
  ["C++", ["cplusplus"]],
  ["Rust 语言", ["rust", "语言"]],
  ["والكتابات", ["كتاب"]],
  ["user_name", ["user", "name"]],
  ["gpt-4o", ["gpt", "4o", "gpt4o*"]],
  ["v1.2", ["v1", "2", "v1\ue0002*"]],
  ["!?。😀", []],
  ["", []],
])("%j is looked for by %j", (query, terms) => {
  expect(texts(query)).toEqual(terms);
});

test("any text gives a bounded number of terms that can stand in an index", () => {
  fc.assert(
    fc.property(fc.oneof(anyText, fc.string({ unit: "binary", maxLength: 200 })), (query) => {
      const terms = searchTerms(query);
      expect(terms.length).toBeLessThanOrEqual(32);
      for (const { text } of terms) {
        expect(text).toMatch(/^[a-z0-9\u0080-\u{10ffff}]{1,80}$/u);
        expect(text.isWellFormed()).toBe(true);
      }
    }),
  );
});
