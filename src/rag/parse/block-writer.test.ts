import { expect, test } from "bun:test";
import fc from "fast-check";
import { BlockWriter, blockText } from "./block-writer.ts";
import { type Block, maxBlockLength } from "./document.ts";

function write(act: (writer: BlockWriter) => void): Block[] {
  const blocks: Block[] = [];
  act(new BlockWriter((block) => blocks.push(block)));
  return blocks;
}

const cells = (block: Block) =>
  block.type === "table" ? [...block.header, ...block.rows.flat()] : [block.text];

test("blocks keep to their bounds and hold no control characters or halves of characters", () => {
  const unit = fc.constantFrom(
    "a",
    "汉",
    "。",
    " ",
    "\n",
    "\0",
    "🚢",
    "\ud83d",
    "\udea2",
    "\u00ad",
  );
  const long = fc
    .tuple(fc.string({ unit, minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 4000 }))
    .map(([text, times]) => text.repeat(times));
  fc.assert(
    fc.property(fc.array(fc.array(long, { maxLength: 4 }), { maxLength: 4 }), (rows) => {
      const blocks = write((writer) => {
        const table = writer.table(rows[0] ?? []);
        for (const row of rows) table.row(row);
        table.end();
        for (const text of rows.flat()) {
          writer.paragraph(text);
          writer.heading(1, text);
          writer.listItem(0, text);
          writer.code(text, "c");
        }
      });
      for (const block of blocks) {
        const texts = cells(block);
        const length = texts.reduce((sum, text) => sum + text.length, 0);
        expect(length).toBeGreaterThan(0);
        expect(length).toBeLessThanOrEqual(maxBlockLength);
        for (const text of texts) {
          expect(text.isWellFormed()).toBe(true);
          expect(text).not.toMatch(/[\0\u00ad]/);
        }
      }
    }),
    { numRuns: 40 },
  );
});

test("a long paragraph is cut after sentences and nothing of it is lost", () => {
  const sentence = "检索增强生成把检索和生成结合起来。";
  const blocks = write((writer) => writer.paragraph(sentence.repeat(3000)));
  expect(blocks.length).toBeGreaterThan(1);
  expect(blocks.map(blockText).join("")).toBe(sentence.repeat(3000));
  for (const block of blocks) expect(blockText(block).endsWith("。")).toBe(true);
});

test("every piece of a long table has the header", () => {
  const blocks = write((writer) => {
    const table = writer.table(["name", "price"]);
    for (let row = 0; row < 1000; row += 1) table.row([`n${row}`, `${row}`]);
    table.end();
  });
  expect(blocks).toHaveLength(5);
  for (const block of blocks) expect(block).toMatchObject({ header: ["name", "price"] });
  expect(blocks.flatMap((block) => (block.type === "table" ? block.rows : []))).toHaveLength(1000);
});

test("a table of a thousand columns names them with every piece of every row", () => {
  const names = Array.from({ length: 1000 }, (_, at) => `column${at}`);
  const rows = [0, 1, 2].map((row) => names.map((_, at) => (at < 900 ? `v${row}.${at}` : "")));
  const blocks = write((writer) => {
    const table = writer.table(names);
    for (const row of rows) table.row(row);
    table.row([...names.map((_, at) => (at === 500 ? "v3.500" : "")), "beyond"]);
    table.end();
  });
  const said: [string, string][] = [];
  const unsaid: string[] = [];
  for (const block of blocks) {
    if (block.type !== "table") throw new Error("no table");
    expect(block.rows).toHaveLength(1);
    const [row = []] = block.rows;
    if (block.header.length === 0) unsaid.push(...row);
    else said.push(...row.map((cell, at): [string, string] => [block.header[at] ?? "", cell]));
    // The first cell tells which row a piece belongs to.
    if (row.length > 1 && block.header.length > 0) expect(row[0]).toMatch(/^v\d\.0$/);
  }
  for (const [name, cell] of said) expect(name).toBe(cell.replace(/^v\d\./, "column"));
  expect(new Set(said.map(([, cell]) => cell)).size).toBe(3 * 900 + 1);
  // What stands under no name, and the names of columns without a cell.
  expect(unsaid).toEqual(["beyond", ...names.slice(900)]);
});

test("a cell of many sentences goes on below, in its column", () => {
  const long = "A sentence of the cell. ".repeat(500).trim();
  const [block] = write((writer) => {
    const table = writer.table(["a", "b"]);
    table.row(["x", long]);
    table.end();
  });
  if (block?.type !== "table") throw new Error("no table");
  expect(block.rows.length).toBe(3);
  expect(block.rows.map((row) => row[1]).join(" ")).toBe(long);
  expect(block.rows.at(-1)?.[0]).toBe("x");
});

test("the page of a block is the one that was set before it", () => {
  const blocks = write((writer) => {
    writer.paragraph("a");
    writer.page = 2;
    writer.paragraph("b");
  });
  expect(blocks).toEqual([
    { type: "paragraph", text: "a" },
    { type: "paragraph", text: "b", page: 2 },
  ]);
});
