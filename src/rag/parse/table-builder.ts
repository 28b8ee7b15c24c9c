import type { BlockWriter, TableWriter } from "./block-writer.ts";

/** A cell of a table, as office formats and HTML describe it. */
export interface Cell {
  readonly text: string;
  /** Columns and rows that it covers. Default: 1. */
  readonly columns?: number;
  readonly rows?: number;
}

const maxSpan = 200;

/**
 * Builds a table from cells that may span columns and rows. A cell that spans rows is repeated in
 * each, so that every row can be read alone. The first row is the header; a table of one column is
 * written as paragraphs, for it is a frame around text.
 */
export class TableBuilder {
  private table: TableWriter | undefined;
  private first: string[] | undefined;
  /** Texts that hang down into the rows below, by column. */
  private hanging = new Map<number, { text: string; rows: number }>();

  constructor(private readonly writer: BlockWriter) {}

  row(cells: readonly Cell[]): void {
    const texts = this.place(cells);
    if (texts.every((text) => text.trim() === "")) return;
    if (this.table) this.table.row(texts);
    else if (this.first) {
      if (this.first.length === 1 && texts.length === 1) {
        this.writer.paragraph(this.first[0] ?? "");
        this.first = texts;
        return;
      }
      this.table = this.writer.table(this.first);
      this.table.row(texts);
      this.first = undefined;
    } else this.first = texts;
  }

  end(): void {
    if (this.table) this.table.end();
    else if (this.first?.length === 1) this.writer.paragraph(this.first[0] ?? "");
    else if (this.first) {
      const table = this.writer.table([]);
      table.row(this.first);
      table.end();
    }
    this.table = undefined;
    this.first = undefined;
    this.hanging.clear();
  }

  private place(cells: readonly Cell[]): string[] {
    const texts: string[] = [];
    const fillHanging = () => {
      for (;;) {
        const above = this.hanging.get(texts.length);
        if (!above) return;
        if (above.rows <= 1) this.hanging.delete(texts.length);
        else above.rows -= 1;
        texts.push(above.text);
      }
    };
    for (const cell of cells) {
      fillHanging();
      const columns = Math.min(cell.columns ?? 1, maxSpan);
      for (let column = 0; column < columns; column += 1) {
        const text = column === 0 ? cell.text : "";
        if ((cell.rows ?? 1) > 1) {
          this.hanging.set(texts.length, { text, rows: Math.min(cell.rows ?? 1, maxSpan) - 1 });
        }
        texts.push(text);
      }
    }
    fillHanging();
    return texts;
  }
}
