import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Block } from "../document.ts";
import { readDocument } from "../index.ts";
import { bytesSource } from "../source.ts";
import { guessSeparator, RowSplitter } from "./delimited.ts";

function split(text: string, pieceLength: number, separator = ","): (readonly string[])[] {
  const rows: (readonly string[])[] = [];
  const splitter = new RowSplitter(separator, (row) => rows.push(row));
  for (let at = 0; at < text.length; at += pieceLength) {
    splitter.write(text.slice(at, at + pieceLength));
  }
  splitter.end();
  return rows;
}

const quote = (field: string) =>
  /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;

test("gives back what RFC 4180 wrote, in pieces of any length", () => {
  const field = fc.string({ unit: fc.constantFrom("a", "汉", '"', ",", "\n", "\r", " ", ";") });
  const rows = fc.array(fc.array(field, { minLength: 2, maxLength: 5 }), { maxLength: 6 });
  fc.assert(
    fc.property(
      rows,
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom("\n", "\r\n"),
      (table, length, end) => {
        const text = table.map((row) => row.map(quote).join(",")).join(end);
        expect(split(text, length)).toEqual(table);
      },
    ),
  );
});

test("a quote that is never closed costs its own field alone", () => {
  expect(split('a,"b\nc,d\n', 3)).toEqual([
    ["a", '"b'],
    ["c", "d"],
  ]);
  expect(split('say "hi",x\n', 4)).toEqual([['say "hi"', "x"]]);
});

test("the separator is the one that stands most often outside quotes", () => {
  expect(guessSeparator('a;b;c\n"1,2,3,4,5";2;3')).toBe(";");
  expect(guessSeparator("a\tb\n1\t2")).toBe("\t");
  expect(guessSeparator("one column")).toBe(",");
});

async function read(text: string): Promise<Block[]> {
  const blocks: Block[] = [];
  await readDocument(bytesSource(new TextEncoder().encode(text)), {
    claimedExtension: "csv",
    maxDecompressedBytes: 2 ** 20,
    sink: (block) => blocks.push(block),
  });
  return blocks;
}

test("lines of one cell above a table are no header of it", async () => {
  const rows = [["2025-01-01", "North", "5"]];
  expect(
    await read("Sales by region\n\nCreated today,,\nDate,Region,Sum\n2025-01-01,North,5\n"),
  ).toEqual([
    { type: "paragraph", text: "Sales by region" },
    { type: "paragraph", text: "Created today" },
    { type: "table", header: ["Date", "Region", "Sum"], rows },
  ]);
});

test.each([1, 19, 20, 21, 300])("a column of %d rows is a table", async (count) => {
  const names = Array.from({ length: count }, (_, at) => `n${at}`);
  const blocks = await read(`name\n${names.join("\n")}\n`);
  const rows = blocks.flatMap((block) => (block.type === "table" ? block.rows : []));
  for (const block of blocks) expect(block).toMatchObject({ header: ["name"] });
  expect(rows).toEqual(names.map((name) => [name]));
});
