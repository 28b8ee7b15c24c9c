import { describe, expect, test } from "bun:test";
import type { Citation } from "../chat/citations.ts";
import { footnotes, withoutFootnotes } from "./footnotes.ts";

const cite = (number: number, more: Partial<Citation> = {}): Citation => ({
  number,
  content: "…",
  score: 0.5,
  doc_id: "d",
  doc_name: "report.docx",
  chunk_id: "c",
  chunk_index: 6,
  ...more,
});

describe("footnotes", () => {
  const citations = [
    cite(1, { page: 3, heading: "Costs > Travel" }),
    cite(2, { page: "Sheet 1" }),
    cite(3, { heading: "第五章" }),
    cite(4),
    cite(5, { doc_name: "a]\n[x](y) *b* <i>`.md" }),
  ];

  test("name what was cited, and where it stands", () => {
    expect(footnotes(citations, new Set([4, 1, 2]), false)).toBe(
      "\n\n[^1]: report.docx, page 3, Costs > Travel\n[^2]: report.docx, Sheet 1\n[^4]: report.docx, passage 7",
    );
    expect(footnotes(citations, new Set([1, 3, 4]), true)).toBe(
      "\n\n[^1]: report.docx · 第 3 页 · Costs > Travel\n[^3]: report.docx · 第五章\n[^4]: report.docx · 第 7 段",
    );
    expect(footnotes(citations, new Set(), true)).toBe("");
  });

  test("take a name for what it is", () => {
    expect(footnotes(citations, new Set([5]), false)).toBe(
      "\n\n[^5]: a\\] \\[x\\](y) \\*b\\* \\<i>\\`.md, passage 7",
    );
  });

  test("can be taken off again", () => {
    for (const notes of [
      footnotes(citations, new Set([1]), false),
      footnotes(citations, new Set([1, 2, 3, 4, 5]), true),
    ]) {
      expect(withoutFootnotes(`An answer[^1].${notes}`)).toBe("An answer[^1].");
      expect(withoutFootnotes(`An answer[^1].${notes}\n`)).toBe("An answer[^1].");
    }
    for (const text of ["", "x", "see [^1]: no", "\n\n[^1]: a\n\nand more", "[^1]: x"]) {
      expect(withoutFootnotes(text)).toBe(text);
    }
    expect(withoutFootnotes("\n\n[^1]: x\n".repeat(20_000)).length).toBeGreaterThan(0);
  });
});
