import { expect, test } from "bun:test";
import fc from "fast-check";
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
