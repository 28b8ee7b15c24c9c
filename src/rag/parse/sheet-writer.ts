import type { BlockWriter, TableWriter } from "./block-writer.ts";

/**
 * Writes a sheet: its name as a heading, lines above the table as paragraphs, the first row of
 * several cells as the header of the rows below it. A sheet without a cell leaves nothing.
 */
export class SheetWriter {
  private named = false;
  private table: TableWriter | undefined;

  constructor(
    private readonly writer: BlockWriter,
    private readonly name: string,
  ) {}

  row(cells: readonly string[]): void {
    const filled = cells.filter((cell) => cell.trim() !== "");
    const [first] = filled;
    if (first === undefined) return;
    if (!this.named) this.writer.heading(1, this.name);
    this.named = true;
    if (this.table) this.table.row(cells);
    else if (filled.length === 1) this.writer.paragraph(first);
    else this.table = this.writer.table(cells);
  }

  end(): void {
    this.table?.end();
  }
}
