import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { anyText } from "../../test/any-text.ts";
import { type Excerpt, excerpt, marked } from "./excerpt.ts";
import { searchTerms } from "./search-terms.ts";
import { textWidth } from "./width.ts";

const parts = ({ text, highlights }: Excerpt): string[] =>
  highlights.map(([start, end]) => text.slice(start, end));

const marks = (text: string, query: string): string[] => parts(marked(text, searchTerms(query)));

test.each([
  ["合同中的不可抗力条款", "不可抗力", ["不可抗力"]],
  ["合同中的不可抗力條款", "条款", ["條款"]],
  ["抗争与抵抗", "抗", ["抗", "抗"]],
  ["不可能、可抗力", "不可抗力", ["不可", "可抗力"]],
  ["Running programs, RUN!", "runs", ["Running", "RUN"]],
  ["Café au lait", "cafe", ["Café"]],
  ["Cafe\u0301 au lait", "cafe", ["Cafe\u0301"]],
  ["ＲＵＳＴ １２３", "rust 123", ["ＲＵＳＴ", "１２３"]],
  ["使用Rust语言", "rust 语言", ["Rust语言"]],
  ["an e-mail, my email", "email", ["e-mail", "email"]],
  ["about 1,000,000 times", "1000000", ["1,000,000"]],
  ["C, C++ and C#", "c#", ["C#"]],
  ["snake_case", "case", ["case"]],
  ["ｶﾞﾗｽ", "ガラス", ["ｶﾞﾗｽ"]],
  [
    "한국어\u1112\u1161\u11ab\u1100\u116e\u11a8",
    "한국",
    ["한국", "\u1112\u1161\u11ab\u1100\u116e\u11a8"],
  ],
  ["ภาษาไทยง่าย", "ไทย", ["ไทย"]],
  ["𠮷野家", "𠮷野", ["𠮷野"]],
  ["co\u00adoperation", "cooperation", ["co\u00adoperation"]],
  ["nothing here", "rust", []],
])("in %j for %j is marked %j", (text, query, expected) => {
  expect(marks(text, query)).toEqual(expected);
});

describe("an excerpt", () => {
  const far = `${"前文说明。".repeat(100)}不可抗力\n是指${"后文解释。".repeat(100)}`;

  test("is the place that was found, in one line, with ellipses", () => {
    const found = excerpt(far, searchTerms("不可抗力"));
    expect(found.text).toMatch(/^….{8}不可抗力 是指.{26}…$/);
    expect(parts(found)).toEqual(["不可抗力"]);
  });

  test("prefers the place that has more of the words", () => {
    const text = `rust ${"filler ".repeat(60)}rust ownership ${"filler ".repeat(60)}`;
    const found = excerpt(text, searchTerms("rust ownership"));
    expect(parts(found)).toEqual(["rust", "ownership"]);
    expect(found.text).toStartWith("…filler ");
  });

  test("of a short text is the text, and of one without marks its beginning", () => {
    expect(excerpt("a\nb", [])).toEqual({ text: "a b", highlights: [] });
    expect(excerpt("汉".repeat(50), searchTerms("字"))).toEqual({
      text: `${"汉".repeat(40)}…`,
      highlights: [],
    });
  });

  test("of any text has marks in order, inside it, on whole characters", () => {
    const word = fc.constantFrom(
      "不可抗力",
      "Rust",
      "C++",
      "ไทย",
      "😀",
      "e\u0301",
      " ",
      "\n",
      "-",
      "。",
    );
    const texts = fc.oneof(
      anyText,
      fc.array(word, { maxLength: 60 }).map((all) => all.join("")),
    );
    fc.assert(
      fc.property(texts, fc.oneof(word, anyText), (text, query) => {
        const found = excerpt(text, searchTerms(query));
        expect(textWidth(found.text)).toBeLessThan(45);
        expect(found.text).not.toMatch(/[\n\r\u2028\u2029]/);
        if (text.isWellFormed()) expect(found.text.isWellFormed()).toBe(true);
        let last = -1;
        for (const [start, end] of found.highlights) {
          expect(start).toBeGreaterThan(last);
          expect(end).toBeGreaterThan(start);
          expect(end).toBeLessThanOrEqual(found.text.length);
          last = end;
        }
      }),
    );
  });

  test("of a text that has the words marks them", () => {
    const words = ["不可抗力", "所有权", "Rust", "ownership", "email", "C++", "ไทย", "한국어"];
    const separators = [" ", "，", "\n", "。", " - "];
    const one = fc.constantFrom(...words);
    const text = fc.array(fc.tuple(one, fc.constantFrom(...separators)), { minLength: 1 });
    fc.assert(
      fc.property(text, fc.nat(), (pieces, at) => {
        const whole = pieces.flat().join("");
        const wanted = pieces[at % pieces.length]?.[0] ?? "";
        const found = parts(excerpt(whole, searchTerms(wanted))).join("|");
        expect(found).toContain(wanted);
      }),
    );
  });
});
