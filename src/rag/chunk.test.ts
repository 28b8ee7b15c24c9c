import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { textWidth } from "../text/width.ts";
import { blockText } from "./chunk/block-text.ts";
import { type Chunk, Chunker, chunkBlocks, chunkTitle } from "./chunk.ts";
import type { Block } from "./parse/document.ts";

function chunksOf(blocks: readonly Block[], size = 400): Chunk[] {
  const chunker = new Chunker(size);
  return [...blocks.flatMap((block) => chunker.push(block)), ...chunker.finish()];
}

const heading = (level: number, text: string): Block => ({ type: "heading", level, text });
const paragraph = (text: string, page?: number): Block => ({
  type: "paragraph",
  text,
  ...(page === undefined ? {} : { page }),
});

const words = fc.constantFrom(
  "知识库",
  "检索增强生成。",
  "“你好！”",
  "再见；",
  "plain ",
  "words. ",
  "Dr. Who ",
  "3.14 ",
  "𠮷野家",
  "👨‍👩‍👧 ",
  "e\u0301\u0301",
  "ประเทศไทย",
  "\n",
  ", ",
  "longwordwithoutanyspace",
);
const text = fc.array(words, { minLength: 1, maxLength: 60 }).map((parts) => parts.join(""));
const cells = fc.array(text, { minLength: 0, maxLength: 4 });
const page = fc.integer({ min: 1, max: 9 });
const block: fc.Arbitrary<Block> = fc.oneof(
  fc.record({
    type: fc.constant("heading" as const),
    level: fc.integer({ min: 1, max: 6 }),
    text,
    page,
  }),
  fc.record({ type: fc.constant("paragraph" as const), text }),
  fc.record({
    type: fc.constant("list_item" as const),
    depth: fc.integer({ min: 0, max: 3 }),
    text,
  }),
  fc.record({ type: fc.constant("code" as const), text }),
  fc.record({
    type: fc.constant("table" as const),
    header: cells,
    rows: fc.array(cells, { maxLength: 6 }),
    page,
  }),
);
const document = fc.array(block, { maxLength: 12 });
const size = fc.integer({ min: 8, max: 120 });
const solid = (value: string) => value.replace(/\s/g, "");

describe("chunks", () => {
  test("hold every character of the document that is not space, in order and once", () => {
    fc.assert(
      fc.property(document, size, (blocks, width) => {
        const plain = blocks.map((each) => blockText(each, width).text).join("\n");
        const chunks = chunksOf(blocks, width);
        expect(solid(chunks.map(({ start, end }) => plain.slice(start, end)).join(""))).toBe(
          solid(plain),
        );
        for (const [i, chunk] of chunks.entries()) {
          expect(chunk.index).toBe(i);
          expect(chunk.start).toBeGreaterThanOrEqual(chunks[i - 1]?.end ?? 0);
        }
      }),
    );
  });

  test("say what stands between their offsets, a repeated table header aside", () => {
    fc.assert(
      fc.property(document, size, (blocks, width) => {
        const plain = blocks.map((each) => blockText(each, width).text).join("\n");
        const headers = blocks.flatMap((b) =>
          b.type === "table" ? [blockText(b, width).header] : [],
        );
        for (const chunk of chunksOf(blocks, width)) {
          const slice = plain.slice(chunk.start, chunk.end);
          expect(chunk.content.endsWith(slice)).toBe(true);
          const prefix = chunk.content.slice(0, chunk.content.length - slice.length);
          expect(prefix === "" || headers.includes(prefix)).toBe(true);
        }
      }),
    );
  });

  test("stay within the size, and keep characters whole", () => {
    fc.assert(
      fc.property(document, size, (blocks, width) => {
        for (const { content } of chunksOf(blocks, width)) {
          expect(content.trim()).not.toBe("");
          expect(textWidth(content)).toBeLessThanOrEqual(width * 1.2);
          expect(content.isWellFormed()).toBe(true);
        }
      }),
    );
  });

  test("are the same when they are cut again, and when blocks arrive one by one", async () => {
    await fc.assert(
      fc.asyncProperty(document, size, async (blocks, width) => {
        const arriving = (async function* () {
          yield* blocks;
        })();
        expect(await Array.fromAsync(chunkBlocks(arriving, width))).toEqual(
          chunksOf(blocks, width),
        );
      }),
      { numRuns: 30 },
    );
  });

  test("follow headings and carry their path", () => {
    const chunks = chunksOf([
      heading(1, "手册"),
      heading(2, "安装"),
      paragraph("先下载。", 2),
      paragraph("再运行。"),
      heading(2, "使用"),
      paragraph("打开网页。"),
      heading(1, "附录"),
    ]);
    expect(chunks.map(({ content, headings }) => [content, headings])).toEqual([
      ["手册\n安装\n先下载。\n再运行。", ["手册", "安装"]],
      ["使用\n打开网页。\n附录", ["手册", "使用"]],
    ]);
  });

  test("take a letterhead along with the first section, not a whole introduction", () => {
    const [first, second] = chunksOf([
      paragraph("港务局 — 内部"),
      heading(1, "年报"),
      heading(2, "船舶"),
      paragraph("去年有四千艘船到港。"),
      heading(2, "起重机"),
      paragraph("五月启用。"),
    ]);
    expect(first?.content).toBe("港务局 — 内部\n年报\n船舶\n去年有四千艘船到港。");
    expect(first?.headings).toEqual(["年报", "船舶"]);
    expect(second?.headings).toEqual(["年报", "起重机"]);
    const introduction = "这是很长的引言。".repeat(20);
    const chunks = chunksOf([paragraph(introduction), heading(1, "年报"), paragraph("正文。")]);
    expect(chunks.map(({ content }) => content)).toEqual([introduction, "年报\n正文。"]);
    const only = chunksOf([paragraph("港务局 — 内部"), heading(1, "年报")]);
    expect(only.map(({ content }) => content)).toEqual(["港务局 — 内部\n年报"]);
  });

  test("begin on the page of their first block", () => {
    const chunks = chunksOf([paragraph("甲".repeat(300), 3), paragraph("乙".repeat(300), 4)]);
    expect(chunks.map((chunk) => chunk.page)).toEqual([3, 4]);
  });

  test("end between whole sentences, spread evenly", () => {
    const sentence = "这是一个不长不短的句子，用来检查切分。";
    const chunks = chunksOf([paragraph(sentence.repeat(30))]);
    expect(chunks.length).toBe(2);
    for (const { content } of chunks) expect(content.endsWith("切分。")).toBe(true);
    expect(chunks.map(({ content }) => content.length)).toEqual([285, 285]);
  });

  test("give Latin text four times the letters", () => {
    const chunks = chunksOf([paragraph("Seven words make up this one sentence. ".repeat(80))]);
    for (const { content } of chunks) {
      expect(content.length).toBeGreaterThan(1000);
      expect(content.length).toBeLessThanOrEqual(1600);
    }
  });

  test("repeat a table's header with every piece", () => {
    const rows = Array.from({ length: 40 }, (_, i) => [`商品${i}`, `${i * 10}元`]);
    const chunks = chunksOf([{ type: "table", header: ["名称", "价格"], rows }], 60);
    expect(chunks.length).toBeGreaterThan(3);
    for (const { content } of chunks) expect(content.startsWith("名称 | 价格\n商品")).toBe(true);
  });

  test("name the column of every cell where the header is too wide to be repeated", () => {
    const columns = Array.from({ length: 60 }, (_, at) => `第${at}项指标的名称`);
    const rows = [0, 1, 2].map((row) => columns.map((_, at) => (at === 7 ? "" : `值${row}.${at}`)));
    const chunks = chunksOf([{ type: "table", header: columns, rows }]);
    expect(chunks[0]?.content).toStartWith("第0项指标的名称: 值0.0 | 第1项指标的名称: 值0.1 | ");
    for (const { content } of chunks) {
      for (const cell of content.split(/ \| |\n| \|$/).filter((each) => each !== "")) {
        const [, column, of] = /^第(\d+)项指标的名称: 值\d\.(\d+)$/.exec(cell) ?? [];
        expect({ cell, column }).toEqual({ cell, column: of });
      }
    }
    const all = chunks.map(({ content }) => content).join("\n");
    expect(all.match(/值/g)).toHaveLength(3 * 59);
    // Names that would be most of the text are left out.
    const short = rows.map((row) => row.map(() => "1"));
    const long = columns.map((name) => name.repeat(8));
    const table = chunksOf([{ type: "table", header: long, rows: [...short, ...short, ...short] }]);
    expect(table.map(({ content }) => content).join("")).not.toContain(": ");
  });

  test("cut code between lines and keep its indentation", () => {
    const line = "    return value;";
    const chunks = chunksOf([{ type: "code", text: Array(40).fill(line).join("\n") }], 50);
    for (const { content } of chunks) {
      expect(content.split("\n").every((each) => each === line)).toBe(true);
    }
  });

  test("take the small rest of a section along", () => {
    const [only, ...others] = chunksOf([
      paragraph("句子。".repeat(130)),
      paragraph("完了。".repeat(10)),
    ]);
    expect(others).toEqual([]);
    expect(only?.content.endsWith("完了。")).toBe(true);
  });

  test("cut four million characters without a break, in bounded pieces", () => {
    const long = `${"x".repeat(2_000_000)}${"字".repeat(1_000_000)}${"👍".repeat(500_000)}`;
    const chunks = chunksOf([paragraph(long)]);
    expect(chunks.map(({ content }) => content).join("")).toBe(long);
    for (const { content } of chunks) {
      expect(textWidth(content)).toBeLessThanOrEqual(480);
      expect(content.isWellFormed()).toBe(true);
    }
  });

  test("take a hundred thousand headings in a row", () => {
    const chunks = chunksOf(
      Array.from({ length: 100_000 }, (_, i) => heading(1 + (i % 6), `第${i}节`)),
    );
    for (const { content } of chunks) expect(textWidth(content)).toBeLessThanOrEqual(480);
  });
});

test("a chunk's title names the document and the headings, each once", () => {
  const [chunk] = chunksOf([heading(1, "手册"), heading(2, "安装"), paragraph("先下载。")]);
  expect(chunk && chunkTitle(chunk, "手册")).toBe("手册\n安装");
  expect(chunk && chunkTitle(chunk, "")).toBe("手册\n安装");
});
