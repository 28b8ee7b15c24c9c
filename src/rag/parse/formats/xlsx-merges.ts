import type { SheetWriter } from "../sheet-writer.ts";

/** Cells that are held until the end of a sheet, where it says which of them are merged. */
const maxHeldCells = 200_000;
/** Rows that merged cells are looked for in, all of them together. */
const maxSteps = 1_000_000;

/** Where a cell stands, by a reference such as `AB12`, counted from 0; undefined for anything else. */
export function placeOf(
  reference: string | undefined,
): { column: number; row: number } | undefined {
  const [, letters = "", digits = "1"] = /^([A-Z]{1,3})(\d{1,7})?$/.exec(reference ?? "") ?? [];
  if (letters === "") return undefined;
  let column = 0;
  for (const letter of letters) column = column * 26 + letter.charCodeAt(0) - 64;
  return { column: column - 1, row: Number(digits) - 1 };
}

/**
 * Repeats a cell that spans rows in each of them, so that every row can be read alone. The ranges come
 * behind the rows: those of a sheet of usual size wait for them, a larger one is written as it comes.
 */
export class MergedRows {
  private held: Map<number, string[]> | undefined = new Map();
  private heldCells = 0;
  private readonly ranges: string[] = [];

  constructor(private readonly sheet: SheetWriter) {}

  /** `number` counts from 0 and grows from row to row. */
  row(number: number, cells: string[]): void {
    if (!this.held) {
      this.sheet.row(cells);
      return;
    }
    this.held.set(number, cells);
    this.heldCells += cells.length;
    if (this.heldCells > maxHeldCells) this.release();
  }

  /** A range of cells that are one, `A2:B5` for example. */
  merge(range: string): void {
    if (this.held) this.ranges.push(range);
  }

  end(): void {
    let steps = 0;
    for (const range of this.ranges) {
      const [first, last] = range.split(":").map(placeOf);
      const text = first && this.held?.get(first.row)?.[first.column];
      if (!text || !last) continue;
      for (let row = first.row + 1; row <= last.row && steps < maxSteps; row += 1) {
        steps += 1;
        const cells = this.held?.get(row);
        // What says nothing else is a taller row.
        if (!cells?.some((cell) => cell !== "")) continue;
        while (cells.length <= first.column) cells.push("");
        cells[first.column] ||= text;
      }
    }
    this.release();
  }

  private release(): void {
    for (const cells of this.held?.values() ?? []) this.sheet.row(cells);
    this.held = undefined;
  }
}
