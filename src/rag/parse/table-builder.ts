import type { BlockWriter, TableWriter } from "./block-writer.ts";

/** A cell of a table, as office formats and HTML describe it. */
export interface Cell {
  readonly text: string;
  /** Columns and rows that it covers. Default: 1. */
  readonly columns?: number;
  readonly rows?: number;
  /** Whether it is the rest of a cell above, whose text it repeats. Default: false. */
  readonly isContinued?: boolean;
}

interface Row {
  readonly texts: string[];
  /** The texts with those of wide cells in each of their columns. */
  readonly spread: readonly string[];
  readonly hasWide: boolean;
  readonly isContinued: boolean;
}

const maxSpan = 200;

/**
 * Builds a table from cells that may span columns and rows. A cell that spans rows is repeated in
 * each, so that every row can be read alone. The first row is the header, with those that its cells
 * reach down into beside names for several columns; a table of one column is written as paragraphs, for
 * it is a frame around text.
 */
export class TableBuilder {
  private table: TableWriter | undefined;
  private first: Row | undefined;
  /** Texts that hang down into the rows below, by column. */
  private hanging = new Map<number, { text: string; rows: number }>();

  constructor(private readonly writer: BlockWriter) {}

  row(cells: readonly Cell[]): void {
    const row = this.place(cells);
    const { texts } = row;
    if (texts.every((text) => text.trim() === "")) return;
    if (this.table) this.table.row(texts);
    else if (this.first) {
      if (this.first.hasWide && row.isContinued) {
        this.first = joinHeaders(this.first, row);
        return;
      }
      if (this.first.texts.length === 1 && texts.length === 1) {
        this.writer.paragraph(this.first.texts[0] ?? "");
        this.first = row;
        return;
      }
      this.table = this.writer.table(this.first.texts);
      this.table.row(texts);
      this.first = undefined;
    } else this.first = row;
  }

  end(): void {
    if (this.table) this.table.end();
    else if (this.first?.texts.length === 1) this.writer.paragraph(this.first.texts[0] ?? "");
    else if (this.first) {
      const table = this.writer.table([]);
      table.row(this.first.texts);
      table.end();
    }
    this.table = undefined;
    this.first = undefined;
    this.hanging.clear();
  }

  private place(cells: readonly Cell[]): Row {
    const texts: string[] = [];
    const spread: string[] = [];
    let isContinued = false;
    const fillHanging = () => {
      for (;;) {
        const above = this.hanging.get(texts.length);
        if (!above) return;
        if (above.rows <= 1) this.hanging.delete(texts.length);
        else above.rows -= 1;
        texts.push(above.text);
        spread.push(above.text);
        isContinued = true;
      }
    };
    for (const cell of cells) {
      fillHanging();
      const columns = Math.min(cell.columns ?? 1, maxSpan);
      isContinued ||= cell.isContinued ?? false;
      for (let column = 0; column < columns; column += 1) {
        const text = column === 0 ? cell.text : "";
        if ((cell.rows ?? 1) > 1) {
          this.hanging.set(texts.length, { text, rows: Math.min(cell.rows ?? 1, maxSpan) - 1 });
        }
        texts.push(text);
        spread.push(cell.text);
      }
    }
    fillHanging();
    const hasWide = cells.some(({ columns = 1 }) => columns > 1);
    return { texts, spread, hasWide, isContinued };
  }
}

/** A header of two rows as one: the names of several columns before those of each. */
function joinHeaders(above: Row, below: Row): Row {
  const length = Math.max(above.spread.length, below.spread.length);
  const texts = Array.from({ length }, (_, column) => {
    const name = above.spread[column] ?? "";
    const text = below.spread[column] ?? "";
    return text === name || text === "" ? name : `${name} ${text}`.trim();
  });
  return { ...below, texts, spread: texts };
}
