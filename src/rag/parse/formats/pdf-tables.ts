import { joinWrapped } from "../plain-text.ts";
import type { Line } from "./pdf-lines.ts";

interface Column {
  left: number;
  right: number;
}

export interface FoundTable {
  readonly rows: readonly (readonly string[])[];
  /** How many lines of the page it takes. */
  readonly lineCount: number;
}

/** Baselines of two rows are no farther apart, in font sizes. */
export const maxRowGap = 4;
/** A line that goes on with the cell above is closer. */
export const maxWrapGap = 1.6;

/** What stands before the items of a list, with a tab's gap behind it. */
const label =
  /^([•·▪■□●○◦◆◇➢➤✓–‣*\ue000-\uf8ff]|\(?(\d{1,3}(\.\d{1,3})*|[a-zA-Z]|[ivxIVX]{1,5})[.)、）]|\d{1,3}(\.\d{1,3})+|[（(]?[一二三四五六七八九十]{1,3}[）)、.]|第[一二三四五六七八九十百千\d]+[条章节款])$/;

/** Whether the line begins with the number or mark of an item, a tab before its text. */
export const isLabelled = ({ cells }: Line): boolean =>
  cells.length > 1 && label.test(cells[0]?.text ?? "");

/** The column of each cell; undefined where a cell stands in none, or two stand in one. */
function placeCells(line: Line, columns: readonly Column[]): number[] | undefined {
  const places: number[] = [];
  for (const cell of line.cells) {
    const place = columns.findIndex(
      (column, index) =>
        index > (places.at(-1) ?? -1) &&
        cell.left < column.right + 1 &&
        cell.right > column.left - 1,
    );
    if (place < 0) return undefined;
    places.push(place);
  }
  return places;
}

/**
 * The table that begins at a line: lines of several cells whose cells stand below those of the first
 * one. Cells may be missing, and texts in other columns than the first may take several lines.
 */
export function findTable(lines: readonly Line[], from: number): FoundTable | undefined {
  const first = lines[from];
  if (!first || first.cells.length < 2) return undefined;
  const columns: Column[] = first.cells.map(({ left, right }) => ({ left, right }));
  const rows: string[][] = [first.cells.map((cell) => cell.text)];
  let full = 1;
  let previous = first;
  let lineCount = 1;
  let pending = 0;
  for (let at = from + 1; at < lines.length; at += 1) {
    const line = lines[at];
    if (!line || line.y <= previous.y) break;
    const gap = (line.y - previous.y) / Math.max(line.size, previous.size);
    const places = gap > maxRowGap ? undefined : placeCells(line, columns);
    const [place] = places ?? [];
    if (!places || place === undefined) break;
    const isWrapped = line.cells.length === 1 && place > 0 && gap < maxWrapGap;
    if (line.cells.length < 2 && !isWrapped) break;
    let row = rows.at(-1);
    if (!isWrapped || !row) {
      row = columns.map(() => "");
      rows.push(row);
    }
    for (const [index, cell] of line.cells.entries()) {
      const column = places[index] ?? 0;
      row[column] = joinWrapped(row[column] ?? "", cell.text);
      const range = columns[column];
      if (!range) continue;
      // A column is as wide as its widest cell, up to its neighbours.
      range.left = Math.max(
        Math.min(range.left, cell.left),
        (columns[column - 1]?.right ?? -1e9) + 1,
      );
      range.right = Math.min(
        Math.max(range.right, cell.right),
        (columns[column + 1]?.left ?? 1e9) - 1,
      );
    }
    if (line.cells.length === columns.length) full += 1;
    previous = line;
    pending += 1;
    if (!isWrapped) {
      lineCount += pending;
      pending = 0;
    }
  }
  // Lines that go on with the last row belong to it.
  lineCount += pending;
  // A list, whatever the width of its tabs.
  if (columns.length === 2 && rows.every(([mark = ""]) => label.test(mark))) return undefined;
  const isTable = rows.length >= 3 || (rows.length === 2 && columns.length >= 3);
  return isTable && full >= 2 ? { rows, lineCount } : undefined;
}
