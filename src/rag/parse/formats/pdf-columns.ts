import { isSameSize, type Line } from "./pdf-lines.ts";

/** How far the lines of a column reach to the left and right. */
export interface Column {
  left: number;
  right: number;
}

/** Lines that begin at about the same place are of one column. */
const columnKey = (line: Line) => Math.round(line.left / 36);

/** Lines below each other, and beside them, that make a column of its own. */
const fewestLines = 3;
/** A page of more lines is no text in columns; it is not searched for them. */
const mostLines = 2000;

function findByEdge(lines: readonly Line[]): ReadonlyMap<number, Column> {
  const columns = new Map<number, Column>();
  for (const line of lines) {
    for (const key of [columnKey(line) - 1, columnKey(line), columnKey(line) + 1]) {
      const column = columns.get(key) ?? { left: line.left, right: line.right };
      column.left = Math.min(column.left, line.left);
      column.right = Math.max(column.right, line.right);
      columns.set(key, column);
    }
  }
  return columns;
}

/** Whether the line stands close below the last one, in the same size, at about the same edge. */
function isBelow(line: Line, last: Line): boolean {
  const size = Math.max(line.size, last.size);
  const gap = line.y - last.y;
  return (
    isSameSize(line, last) && gap > 0 && gap < size * 3 && Math.abs(line.left - last.left) < 36
  );
}

/** Stretches of lines below each other that have others beside them, to their right. */
function findStretches(lines: readonly Line[]): ReadonlyMap<Line, Column> {
  const columns = new Map<Line, Column>();
  let stretch: Line[] = [];
  const end = () => {
    const [first] = stretch;
    const last = stretch.at(-1);
    if (first && last && stretch.length >= fewestLines) {
      const left = stretch.reduce((least, line) => Math.min(least, line.left), first.left);
      const right = stretch.reduce((most, line) => Math.max(most, line.right), first.right);
      const beside = lines.filter(
        ({ left: edge, y, size }) =>
          edge > right - size / 2 && y > first.y - size && y < last.y + size,
      );
      if (beside.length >= fewestLines)
        for (const line of stretch) columns.set(line, { left, right });
    }
    stretch = [];
  };
  for (const line of lines) {
    const last = stretch.at(-1);
    if (last && !isBelow(line, last)) end();
    stretch.push(line);
  }
  end();
  return columns;
}

/**
 * The column that each line of a page stands in. Text over the full width begins at the same edge as
 * the left one of two columns: where lines have others beside them, they alone are the column.
 */
export function findColumns(lines: readonly Line[]): (line: Line) => Column {
  const byEdge = findByEdge(lines);
  const stretches = lines.length > mostLines ? undefined : findStretches(lines);
  return (line) => stretches?.get(line) ?? byEdge.get(columnKey(line)) ?? line;
}
