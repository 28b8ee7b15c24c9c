import type { TableWriter } from "./block-writer.ts";

/** UTF-16 units of the names that are written with a piece of a row. */
const groupLength = 256;
/** What is longer is a text rather than the name of a column, or the key of a row. */
const maxNameLength = 300;
const maxKeyLength = 64;
/** Names are written with cells up to so many times the length of these, and so many units in all. */
const mostNames = 32;
const mostNamesInAll = 67_108_864;

const lengthOf = (cells: readonly string[]): number =>
  cells.reduce((sum, cell) => sum + cell.length + 1, 0);

interface Group {
  readonly from: number;
  /** Infinite for the last one: rows may be longer than the header. */
  readonly to: number;
}

function groupColumns(header: readonly string[]): Group[] {
  const groups: Group[] = [];
  for (let from = 0; from < header.length; ) {
    let to = from + 1;
    let length = (header[from] ?? "").length + 1;
    while (to < header.length) {
      length += (header[to] ?? "").length + 1;
      if (length > groupLength) break;
      to += 1;
    }
    const isLast = to === header.length;
    groups.push({ from, to: isLast ? Number.POSITIVE_INFINITY : to });
    from = to;
  }
  return groups;
}

/** Whether these may be the names of columns. */
export const areNames = (header: readonly string[]): boolean =>
  header.every((cell) => cell.length <= maxNameLength);

/**
 * Writes a table of so many columns that their names do not fit a block beside a row: each row in
 * pieces of some columns, each piece a table of its own that `open` begins, with the names of these
 * columns and the row's first cell, which tells what row it is. Empty cells are left out.
 */
export function wideTable(
  header: readonly string[],
  open: (header: readonly string[]) => TableWriter,
): TableWriter {
  const groups = groupColumns(header);
  let said = 0;
  /** Columns whose names were not written: they have no cell so far. */
  const unsaid = new Set(header.keys());
  const write = (names: readonly string[], cells: readonly string[]) => {
    const table = open(names);
    table.row(cells);
    table.end();
  };
  return {
    row(cells) {
      const [key = ""] = cells;
      const isKeyed = key.trim() !== "" && key.length <= maxKeyLength;
      for (const group of groups) {
        const columns: number[] = [];
        const piece: string[] = [];
        for (const [at, cell] of cells.slice(group.from, group.to).entries()) {
          if (cell.trim() === "") continue;
          columns.push(group.from + at);
          piece.push(cell);
        }
        if (piece.length === 0) continue;
        const names = columns.map((column) => header[column] ?? "");
        const length = lengthOf(names);
        if (length > mostNames * lengthOf(piece) || said + length > mostNamesInAll) {
          write([], piece);
          continue;
        }
        for (const column of columns) unsaid.delete(column);
        said += length;
        if (group.from === 0 || !isKeyed) write(names, piece);
        else write([header[0] ?? "", ...names], [key, ...piece]);
      }
    },
    end() {
      write(
        [],
        [...unsaid].map((column) => header[column] ?? ""),
      );
    },
  };
}
