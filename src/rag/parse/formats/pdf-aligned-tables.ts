import { joinWrapped } from "../plain-text.ts";
import type { Line } from "./pdf-lines.ts";
import { type FoundTable, maxRowGap, maxWrapGap } from "./pdf-tables.ts";

interface Column {
  readonly left: number;
  readonly right: number;
}

const fewestRows = 3;
/** Lines that are looked through at once; what is longer comes as several tables. */
const mostLines = 500;
const fewestColumns = 3;
/** The part of its cells that such a table fills at least. */
const minFilled = 0.6;
/** What parts two columns at least, in font sizes. */
const minGap = 0.1;

/** The columns when a line's pieces are added: what lies over each other is one. */
function widen(columns: readonly Column[], line: Line): readonly Column[] {
  const all = [...columns, ...line.pieces].sort((a, b) => a.left - b.left);
  const merged: Column[] = [];
  for (const { left, right } of all) {
    const last = merged.at(-1);
    if (last && left < last.right + line.size * minGap) {
      merged[merged.length - 1] = { left: last.left, right: Math.max(last.right, right) };
    } else merged.push({ left, right });
  }
  return merged;
}

function readRow(line: Line, columns: readonly Column[]): string[] {
  return columns.map(({ left, right }) => {
    const inside = line.pieces.filter((piece) => piece.left >= left && piece.right <= right);
    return inside.map((piece) => piece.text).join(" ");
  });
}

/**
 * Makes one column of two that are never filled in the same row: the name of figures stands to the
 * left of them where they are set to the right.
 */
function joinComplements(rows: readonly string[][]): void {
  for (let at = (rows[0]?.length ?? 0) - 1; at > 0; at -= 1) {
    if (rows.some((row) => row[at] !== "" && row[at - 1] !== "")) continue;
    for (const row of rows) row.splice(at - 1, 2, `${row[at - 1]}${row[at]}`);
  }
}

/**
 * The table that begins at a line, by what no line of it writes on: columns closer together than a
 * table's usually are, sheets as spreadsheet programs print them for example. In prose the gaps
 * between words do not stand below each other, so three such columns in three lines are one.
 */
export function findAlignedTable(lines: readonly Line[], from: number): FoundTable | undefined {
  const first = lines[from];
  if (!first || first.pieces.length < fewestColumns) return undefined;
  let columns = widen([], first);
  let previous = first;
  let to = from + 1;
  for (; to < Math.min(lines.length, from + mostLines); to += 1) {
    const line = lines[to];
    if (!line || line.table || line.y <= previous.y) break;
    const gap = (line.y - previous.y) / Math.max(line.size, previous.size);
    const wider = widen(columns, line);
    const [piece] = line.pieces;
    const isWrapped = gap < maxWrapGap && (piece?.left ?? 0) > (columns[0]?.right ?? 0);
    const isRow = line.pieces.length > 1 || (isWrapped && wider.length >= columns.length);
    if (gap > maxRowGap || !isRow || wider.length < fewestColumns) break;
    columns = wider;
    previous = line;
  }
  const rows: string[][] = [];
  for (const line of lines.slice(from, to)) {
    const row = readRow(line, columns);
    const above = rows.at(-1);
    if (line.pieces.length > 1 || !above) rows.push(row);
    else for (const [at, text] of row.entries()) above[at] = joinWrapped(above[at] ?? "", text);
  }
  joinComplements(rows);
  const cells = rows.flat();
  const filled = cells.filter((cell) => cell !== "").length;
  const isTable = (rows[0]?.length ?? 0) >= fewestColumns && filled >= cells.length * minFilled;
  if (rows.length < fewestRows || !isTable) return undefined;
  return { rows, lineCount: to - from };
}
