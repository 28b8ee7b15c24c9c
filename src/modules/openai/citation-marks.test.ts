import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CitationMarks } from "./citation-marks.ts";

function turn(pieces: readonly string[], count = 5): { text: string; cited: number[] } {
  const marks = new CitationMarks(count);
  const text = pieces.map((piece) => marks.push(piece)).join("") + marks.end();
  return { text, cited: [...marks.cited] };
}

describe("marks", () => {
  test.each([
    ["一次[1]。", "一次[^1]。", [1]],
    ["both [2][3].", "both [^2][^3].", [2, 3]],
    ["both [2, 3] or [4，1]", "both [^2][^3] or [^4][^1]", [2, 3, 4, 1]],
    ["already [^1] so", "already [^1] so", [1]],
    ["全角【1】【2、3】", "全角[^1][^2][^3]", [1, 2, 3]],
    ["at the end [5]", "at the end [^5]", [5]],
    ["as [1]: it says", "as [^1]: it says", [1]],
    ["spaced [ 1 ]", "spaced [^1]", [1]],
  ])("%j become references", (sent, text, cited) => {
    expect(turn([sent])).toEqual({ text, cited });
  });

  test.each([
    "a [link](https://example.com), [1](https://example.com)",
    "no such passage [6] [0] [1, 9] [99]",
    "[a] [1a] [] [ ] [1 2] [1",
    "`a[1]` and ``b ` [2]``",
    "```js\nx = a[1];\n```\n",
    "````md\n```\na[1]\n```\n[2]\n````",
    "[1]: https://example.com\n[^2]: a footnote of its own",
    "an end [",
    "an end [1",
    "`open [1]",
  ])("stay as they are in %j", (sent) => {
    expect(turn([sent])).toEqual({ text: sent, cited: [] });
  });

  test("count again where code has ended", () => {
    expect(turn(["`a[1]` then [1], and an `open one [2]\n\nthen [3]"])).toEqual({
      text: "`a[1]` then [^1], and an `open one [2]\n\nthen [^3]",
      cited: [1, 3],
    });
  });

  test("are the same however the text is cut", () => {
    const piece = fc.constantFrom(
      "[",
      "]",
      "1",
      "23",
      ", ",
      "^",
      "`",
      "```",
      "\n",
      "(",
      ":",
      "x",
      "【",
      "】",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        expect(turn(pieces)).toEqual(turn([pieces.join("")]));
        expect(turn([...pieces.join("")])).toEqual(turn([pieces.join("")]));
      }),
      { numRuns: 2000 },
    );
  });

  test("hold nothing else back", () => {
    const marks = new CitationMarks(3);
    expect(marks.push("Hello ")).toBe("Hello ");
    expect(marks.push("[")).toBe("");
    expect(marks.push("x] ")).toBe("[x] ");
    expect(marks.push("so [1")).toBe("so ");
    expect(marks.push("]")).toBe("");
    expect(marks.push(".")).toBe("[^1].");
    expect(marks.push(`[${"1,".repeat(40)}`)).toBe(`[${"1,".repeat(40)}`);
    expect(marks.end()).toBe("");
  });
});
