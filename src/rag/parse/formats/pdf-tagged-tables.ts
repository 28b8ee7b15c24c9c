import { joinWrapped } from "../plain-text.ts";
import type { Line, TextRun } from "./pdf-lines.ts";

/** Where the middle of each column lies, as far as it is known. */
export type Middles = readonly (number | undefined)[];

export interface TaggedTable {
  readonly rows: readonly (readonly string[])[];
  readonly middles: Middles;
}

interface Cell {
  readonly row: number;
  readonly place: number;
  /** How many cells its row has. */
  readonly cells: number;
  readonly text: string;
  readonly left: number;
  readonly right: number;
}

/** Columns of a table; what is beyond belongs to the last. */
const maxColumns = 1024;

function readCell(runs: readonly TextRun[], lines: readonly Line[]): Cell | undefined {
  const tag = runs[0]?.tag;
  const [first] = lines;
  if (tag?.kind !== "cell" || !first) return undefined;
  return {
    row: tag.row,
    place: Math.min(tag.place, maxColumns - 1),
    cells: Math.min(tag.cells, maxColumns),
    text: lines.reduce((text, line) => joinWrapped(text, line.text), ""),
    left: lines.reduce((least, line) => Math.min(least, line.left), first.left),
    right: lines.reduce((most, line) => Math.max(most, line.right), first.right),
  };
}

/** By the rows that have a cell in each column; there are at least as many as `before` it. */
function findMiddles(cells: readonly Cell[], before: Middles): Middles {
  const columns = cells.reduce((most, cell) => Math.max(most, cell.cells), 0);
  if (before.length > columns) return before;
  const middles: (number | undefined)[] = new Array(columns).fill(undefined);
  for (const { cells: count, place, left, right } of cells) {
    if (count === columns) middles[place] ??= (left + right) / 2;
  }
  return middles;
}

/**
 * The columns of a row's cells. Empty cells have no tag, and tags do not say which ones span rows and
 * columns: where there are fewer than columns, each takes the nearest one that leaves room for those
 * that follow.
 */
function placeCells(row: readonly Cell[], middles: Middles): number[] {
  const places: number[] = [];
  for (const { place, cells, left, right } of row) {
    const from = Math.max((places.at(-1) ?? -1) + 1, place);
    const to = Math.max(from, middles.length - (cells - place));
    let best = { column: from, distance: Number.POSITIVE_INFINITY };
    for (let column = from; column <= to; column += 1) {
      const distance = Math.abs((middles[column] ?? Number.POSITIVE_INFINITY) - (left + right) / 2);
      if (distance < best.distance) best = { column, distance };
    }
    places.push(best.column);
  }
  return places;
}

/**
 * The line that stands for a table which a document has marked as such. The runs are those of its
 * cells; `before` are the columns of the table that it may go on with; `linesOf` reads the lines of one
 * cell. Undefined where there is no text.
 */
export function tableLine(
  runs: readonly TextRun[],
  before: Middles,
  linesOf: (runs: readonly TextRun[]) => readonly Line[],
): Line | undefined {
  const groups = Map.groupBy(runs, ({ tag }) =>
    tag?.kind === "cell" ? tag.row * 2 ** 20 + tag.place : 0,
  );
  const cells: Cell[] = [];
  let first: Line | undefined;
  for (const inside of groups.values()) {
    const lines = linesOf(inside);
    first ??= lines[0];
    const cell = readCell(inside, lines);
    if (cell) cells.push(cell);
  }
  if (!first) return undefined;
  const middles = findMiddles(cells, before);
  const rows: string[][] = [];
  for (const [row, inside] of Map.groupBy(cells, (cell) => cell.row)) {
    const ordered = inside.toSorted((one, other) => one.place - other.place);
    const texts: string[] = new Array(middles.length).fill("");
    for (const [at, column] of placeCells(ordered, middles).entries()) {
      texts[column] = ordered[at]?.text ?? "";
    }
    rows[row] = texts;
  }
  return {
    ...first,
    text: cells.map((cell) => cell.text).join(" "),
    left: cells.reduce((least, cell) => Math.min(least, cell.left), first.left),
    right: cells.reduce((most, cell) => Math.max(most, cell.right), first.right),
    cells: [],
    pieces: [],
    // Rows without text are holes so far.
    table: { rows: rows.filter((row) => row !== undefined), middles },
  };
}
