import { type Block, maxBlockLength } from "./document.ts";
import { cleanCode, cleanLine, cleanText, splitText } from "./plain-text.ts";
import { areNames, wideTable } from "./wide-table.ts";

const maxCellLength = 4096;
const maxRowsInBlock = 200;
const maxColumns = 1024;

/** A table on its way out: blocks leave as soon as enough rows came. */
export interface TableWriter {
  /** Adds a row; one whose cells are all empty is dropped. */
  row(cells: readonly string[]): void;
  /** Sends what is left. A table without a row sends its header as a row. */
  end(): void;
}

/**
 * Turns what a reader finds into blocks: cleans the texts, drops empty ones, cuts long ones and puts
 * the page in. Blocks go to `sink` in order as they are complete.
 */
export class BlockWriter {
  /** The page, slide or sheet of the blocks that follow. */
  page: number | undefined;
  /** UTF-16 units of text sent so far. */
  textLength = 0;

  constructor(private readonly sink: (block: Block) => void) {}

  heading(level: number, text: string): void {
    const clean = cleanLine(text);
    if (clean === "") return;
    // A heading of a page's length is a paragraph that somebody formatted as one.
    if (clean.length > 300) this.paragraph(text);
    else this.send({ type: "heading", level: Math.min(Math.max(level, 1), 6), text: clean });
  }

  paragraph(text: string): void {
    for (const piece of this.cut(cleanText(text))) this.send({ type: "paragraph", text: piece });
  }

  listItem(depth: number, text: string): void {
    for (const piece of this.cut(cleanText(text))) {
      this.send({ type: "list_item", depth: Math.max(0, depth), text: piece });
    }
  }

  code(text: string, language?: string): void {
    for (const piece of this.cut(cleanCode(text), cleanCode)) {
      this.send({ type: "code", ...(language ? { language } : {}), text: piece });
    }
  }

  table(header: readonly string[]): TableWriter {
    const clean = header.map((cell) => cleanLine(cell).slice(0, maxCellLength).toWellFormed());
    while (clean.at(-1) === "") clean.pop();
    const headerLength = weigh(clean);
    if (headerLength > maxBlockLength / 4) {
      if (areNames(clean)) return wideTable(clean, (names) => this.table(names));
      // Texts that leave no room for rows are a row themselves.
      const table = this.table([]);
      table.row(header);
      return table;
    }
    let rows: string[][] = [];
    let length = headerLength;
    let sent = false;
    const flush = () => {
      if (rows.length === 0) return;
      this.send({ type: "table", header: clean, rows });
      rows = [];
      length = headerLength;
      sent = true;
    };
    const add = (cells: string[]) => {
      while (cells.at(-1) === "") cells.pop();
      if (cells.length === 0) return;
      const rowLength = weigh(cells);
      if (length + rowLength > maxBlockLength) flush();
      rows.push(cells);
      length += rowLength;
      if (rows.length >= maxRowsInBlock) flush();
    };
    return {
      row: (cells) => {
        for (const row of fittingRows(cells)) add(row);
      },
      end: () => {
        flush();
        if (!sent && clean.some((cell) => cell !== "")) {
          this.send({ type: "table", header: [], rows: [clean] });
        }
      },
    };
  }

  private *cut(text: string, clean = cleanText): Generator<string> {
    if (text.length <= maxBlockLength) {
      if (text !== "") yield text;
      return;
    }
    for (const piece of splitText(text, maxBlockLength)) {
      const trimmed = clean(piece);
      if (trimmed !== "") yield trimmed;
    }
  }

  private send(block: Block): void {
    this.textLength +=
      block.type === "table"
        ? block.rows.flat().reduce((sum, cell) => sum + cell.length, 0)
        : block.text.length;
    this.sink(this.page === undefined ? block : { ...block, page: this.page });
  }
}

/** A block's text alone, a table's rows as lines. */
export function blockText(block: Block): string {
  if (block.type !== "table") return block.text;
  return [block.header, ...block.rows].map((row) => row.join(" | ")).join("\n");
}

/** One row, or several when it does not fit a block: what is over goes below, in its column. */
function* fittingRows(cells: readonly string[]): Generator<string[]> {
  let rest = cells.map((cell) => cleanLine(cell));
  // Spreadsheets fill their rows up to the last column that they could have.
  while (rest.at(-1) === "") rest.pop();
  if (rest.length > maxColumns) return yield* wideRows(rest);
  while (rest.some((cell) => cell.length > maxCellLength)) {
    // Only so many long cells leave together, so that no row is longer than a block.
    let taken = 0;
    const row = rest.map((cell) => {
      if (cell.length <= maxCellLength || taken === 2) return "";
      taken += 1;
      return splitText(cell, maxCellLength).next().value ?? "";
    });
    yield row.map((cell) => cell.trim());
    rest = rest.map((cell, column) => cell.slice(row[column]?.length ?? 0).trimStart());
  }
  if (weigh(rest) > maxBlockLength / 2) return yield* wideRows(rest);
  yield rest;
}

/** A row of more cells than a block takes, in pieces that give up the columns. */
function* wideRows(cells: readonly string[]): Generator<string[]> {
  let row: string[] = [];
  let weight = 0;
  for (const cell of cells) {
    for (const piece of splitText(cell, maxCellLength)) {
      if (weight + piece.length + 1 > maxBlockLength / 2) {
        yield row;
        row = [];
        weight = 0;
      }
      row.push(piece);
      weight += piece.length + 1;
    }
  }
  yield row;
}

/** UTF-16 units of the cells, one more for each cell's end. */
function weigh(cells: readonly string[]): number {
  return cells.reduce((sum, cell) => sum + cell.length + 1, 0);
}
