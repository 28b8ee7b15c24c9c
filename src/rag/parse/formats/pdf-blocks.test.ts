import { expect, test } from "bun:test";
import { BlockWriter } from "../block-writer.ts";
import type { Block } from "../document.ts";
import { writePdfBlocks } from "./pdf-blocks.ts";
import { readLines, type TextRun } from "./pdf-lines.ts";
import { dropMargins } from "./pdf-margins.ts";

/** A run in 10 points whose letters are half as wide, its baseline so far from the page's top. */
const run = (left: number, top: number, str: string, more: Partial<TextRun> = {}): TextRun => ({
  str,
  transform: [10, 0, 0, 10, left, 800 - top],
  width: str.length * 5,
  ...more,
});

function blocksOf(...pages: readonly (readonly TextRun[])[]): Block[] {
  const blocks: Block[] = [];
  const lines = pages.map((runs) => readLines(runs));
  writePdfBlocks(lines, new Map(), new BlockWriter((block) => blocks.push(block)));
  return blocks;
}
const paragraph = (text: string) => ({ type: "paragraph", text, page: 1 }) as const;

const abstract = [
  "This abstract runs over the full width of the page and says in a few words what the two columns",
  "below it will tell in more detail, namely the history of the piers.",
];
const left = [
  "The west pier was built in 1911 from",
  "granite blocks that were shipped over",
  "the bay by sail. It carries two lamps",
  "and a bell that rings in fog, and all",
  "of it is painted white.",
];
const right = [
  "The east pier is younger and stands on",
  "steel piles. Ferries leave from it at",
  "noon and at midnight, except on Sundays",
  "when only the mail boat runs between",
  "the two islands.",
];
const down = (edge: number, top: number, texts: readonly string[]) =>
  texts.map((text, at) => run(edge, top + 12 * at, text));
const joined = [abstract, left, right].map((texts) => paragraph(texts.join(" ")));

test("two columns below text of the full width keep their paragraphs, in either order of writing", () => {
  const above = down(50, 50, abstract);
  expect(blocksOf([...above, ...down(50, 110, left), ...down(310, 110, right)])).toEqual(joined);
  const across = left.flatMap((text, at) => [
    run(50, 110 + 12 * at, text),
    run(310, 110 + 12 * at, right[at] ?? ""),
  ]);
  expect(blocksOf([...above, ...across])).toEqual(joined);
});

test("short lines with nothing beside them are no column", () => {
  const lines = ["Ann Smith", "Bob Stone", "Cem Yildiz"];
  expect(blocksOf([...down(50, 50, abstract), ...down(50, 110, lines)]).slice(1)).toEqual(
    lines.map(paragraph),
  );
});

test("cells that are marked stand in the columns above them, where some are empty or span several", () => {
  const cell = (left: number, row: number, place: number, cells: number, text: string) =>
    run(left, 50 + 20 * row, text, { tag: { kind: "cell", id: 1, row, place, cells } });
  const rows = [
    [cell(50, 0, 0, 3, "name"), cell(150, 0, 1, 3, "from"), cell(250, 0, 2, 3, "to")],
    [cell(50, 1, 0, 2, "Ann"), cell(250, 1, 1, 2, "9")],
    [cell(150, 2, 0, 1, "8")],
  ];
  expect(blocksOf(rows.flat())).toEqual([
    {
      type: "table",
      page: 1,
      header: ["name", "from", "to"],
      rows: [
        ["Ann", "", "9"],
        ["", "8"],
      ],
    },
  ]);
});

test("a table that goes on on the next page has its header there, once", () => {
  const tag = (id: number, row: number, place: number) =>
    ({ tag: { kind: "cell", id, row, place, cells: 2 } }) as const;
  const pair = (row: number, one: string, two: string) => [
    run(50, 50 + 20 * row, one, tag(1, row, 0)),
    run(150, 50 + 20 * row, two, tag(1, row, 1)),
  ];
  const header = pair(0, "name", "price");
  const pages = [
    [...header, ...pair(1, "Pump", "1")],
    [...pair(0, "Valve", "2"), ...pair(1, "Pipe", "3")],
    [...header, ...pair(1, "Bolt", "4")],
    [run(50, 30, "Something else."), ...pair(0, "colour", "length"), ...pair(1, "red", "5")],
  ];
  const tables = blocksOf(...pages).flatMap((block) =>
    block.type === "table" ? [[block.page, block.header, ...block.rows]] : [],
  );
  expect(tables).toEqual([
    [1, ["name", "price"], ["Pump", "1"]],
    [2, ["name", "price"], ["Valve", "2"], ["Pipe", "3"]],
    [3, ["name", "price"], ["Bolt", "4"]],
    [4, ["colour", "length"], ["red", "5"]],
  ]);
});

test("the number of the only page is left out, and no text goes on from it", () => {
  const pages = [
    [run(280, 780, "Page 1 of 1"), run(50, 50, "Where the text begins, the number has ended.")],
  ];
  const lines = dropMargins(pages.map((runs) => readLines(runs)));
  expect(lines.map((page) => page.map(({ text }) => text))).toEqual([
    ["Where the text begins, the number has ended."],
  ]);
  expect(blocksOf([run(280, 780, "Draft"), run(50, 50, "where the text begins.")])).toEqual([
    paragraph("Draft"),
    paragraph("where the text begins."),
  ]);
});

test("a list whose text stands a tab behind its numbers is no table", () => {
  const row = (top: number, mark: string, text: string) => [run(50, top, mark), run(90, top, text)];
  const list = [
    ["1.", "Open the valve"],
    ["2.", "Start the pump"],
    ["a)", "slowly"],
    ["3.1", "Wait"],
  ];
  expect(
    blocksOf(list.flatMap(([mark = "", text = ""], at) => row(50 + 14 * at, mark, text))),
  ).toEqual(list.map((parts) => paragraph(parts.join(" "))));
  const table = [
    ["No.", "Name"],
    ["1.", "Ann"],
    ["2.", "Bob"],
  ];
  expect(
    blocksOf(table.flatMap(([mark = "", text = ""], at) => row(50 + 14 * at, mark, text))),
  ).toMatchObject([{ type: "table", header: ["No.", "Name"] }]);
});

test("columns close together are a table where nothing is written between them in any line", () => {
  // Names begin at the left of their columns, figures end at the right, as spreadsheets print them.
  const sheet = [
    ["Dept", "Jan", "Feb", "Total"],
    ["North", "1250", "980", "2230"],
    ["West end", "40", "11600", "11640"],
    ["", "7", "8", "15"],
  ];
  const runs = sheet.flatMap((cells, row) =>
    cells.flatMap((text, column) => {
      if (text === "") return [];
      const edge = 50 + column * 50;
      const isFigure = row > 0 && column > 0;
      return [run(isFigure ? edge + 40 - text.length * 5 : edge, 50 + 15 * row, text)];
    }),
  );
  expect(blocksOf([...runs, ...down(50, 150, abstract)])).toEqual([
    { type: "table", header: sheet[0] ?? [], rows: sheet.slice(1), page: 1 },
    paragraph(abstract.join(" ")),
  ]);
});

test("wide gaps between the words of an even line do not make a table", () => {
  const words = (top: number, ...at: [number, string][]) =>
    at.map(([edge, text]) => run(edge, top, text));
  const runs = [
    ...words(50, [50, "Notwithstanding"], [132, "the"], [154, "harbour's"], [206, "uncompromising"]),
    ...words(62, [50, "determination,"], [127, "all"], [149, "of"], [166, "the"], [188, "municipalities now"]),
    ...words(74, [50, "acknowledge"], [113, "extraordinary"], [186, "documentation as it"]),
    ...words(86, [50, "stands."]),
  ]; // biome-ignore format: one line each
  expect(blocksOf(runs)).toEqual([
    paragraph(
      "Notwithstanding the harbour's uncompromising determination, all of the municipalities now acknowledge extraordinary documentation as it stands.",
    ),
  ]);
});
