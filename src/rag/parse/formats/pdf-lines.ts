import { isUnspaced } from "../plain-text.ts";
import { type Middles, type TaggedTable, tableLine } from "./pdf-tagged-tables.ts";
import type { Tag } from "./pdf-tags.ts";

/** A run of text as pdfjs gives it. */
export interface TextRun {
  readonly str: string;
  /** The text matrix: a, b, c, d, e, f. */
  readonly transform: readonly number[];
  readonly width: number;
  /** What the document says that it belongs to. */
  readonly tag?: Tag;
}

/** A part of a line. */
interface Part {
  text: string;
  left: number;
  right: number;
}

/** Text on one baseline. Distances are in points, measured along and across the writing direction. */
export interface Line {
  text: string;
  left: number;
  right: number;
  /** The baseline, growing downwards. */
  y: number;
  /** Font size. */
  size: number;
  /** The parts that wide gaps divide it into: columns of a table. */
  cells: Part[];
  /** The parts that gaps wider than a space divide it into. */
  pieces: Part[];
  /** What the document says that it belongs to. */
  readonly tag: Tag | undefined;
  /** Set where it stands for a whole table, which the document has marked as such. */
  readonly table?: TaggedTable;
}

interface Placed {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly y: number;
  readonly size: number;
  readonly spaceBefore: boolean;
  readonly tag: Tag | undefined;
}

/** A gap in ems that parts two cells or columns. */
const cellGap = 1.6;
/** A gap in ems that is wider than a space is set where lines are even. */
const pieceGap = 0.6;

/** The direction in which most of a page is written, in quarter turns; a slanted stamp has none. */
function quarterTurn(run: TextRun): number | undefined {
  const [a = 1, b = 0] = run.transform;
  const turns = Math.atan2(b, a) / (Math.PI / 2);
  const rounded = Math.round(turns);
  return Math.abs(turns - rounded) > 0.06 ? undefined : ((rounded % 4) + 4) % 4;
}

function mainTurn(runs: readonly TextRun[]): number {
  const weights = [0, 0, 0, 0];
  for (const run of runs) {
    const turn = quarterTurn(run);
    if (turn !== undefined) weights[turn] = (weights[turn] ?? 0) + run.str.trim().length;
  }
  return weights.indexOf(Math.max(...weights));
}

/** Turns a page's coordinates so that its main direction runs to the right and lines go down. */
function place(run: TextRun, turn: number, spaceBefore: boolean): Placed {
  const [a = 1, b = 0, c = 0, d = 1, e = 0, f = 0] = run.transform;
  const [x = 0, y = 0] = [
    [e, f],
    [f, -e],
    [-e, -f],
    [-f, e],
  ][turn] ?? [e, f];
  const size = Math.hypot(c, d) || Math.hypot(a, b) || 1;
  const right = x + Math.abs(run.width);
  return { text: run.str, left: x, right, y: -y, size, spaceBefore, tag: run.tag };
}

/** Whether a gap between two runs is a space: scripts without spaces are set with gaps too. */
function isSpace(before: string, after: string, gap: number, hadSpace: boolean): boolean {
  const last = before.at(-1) ?? "";
  const first = after.at(0) ?? "";
  if (/\s/.test(last) || /\s/.test(first)) return false;
  const unspaced = Number(isUnspaced(last)) + Number(isUnspaced(first));
  if (unspaced === 2) return gap > 0.9;
  // A digit is set apart from a Chinese character without a space between them.
  if (unspaced === 1) return gap > (hadSpace && !/\d/.test(last + first) ? 0.2 : 0.45);
  return hadSpace || gap > 0.15;
}

/** The raised number of a note after a word, which is no part of that word. */
function isNoteMark(line: Line, run: Placed): boolean {
  const isRaised = run.size < line.size * 0.8 && run.y < line.y - line.size * 0.1;
  return isRaised && /^\d+$/.test(run.text) && /(\p{L}{3}|[\p{P}\p{Script=Han}])$/u.test(line.text);
}

function startLine(run: Placed): Line {
  const { text, left, right, y, size, tag } = run;
  const part = { text, left, right };
  return { text, left, right, y, size, cells: [part], pieces: [{ ...part }], tag };
}

/** Whether the document says that these are two items or headings, or one and something else. */
export function areParted(one: Tag | undefined, other: Tag | undefined): boolean {
  if (one === undefined || other === undefined || one.id === other.id) return false;
  return one.kind !== "paragraph" || other.kind !== "paragraph";
}

/** Whether two lines are printed in one size, but for the rounding of the program that made them. */
export const isSameSize = (one: Line, other: Line): boolean =>
  Math.abs(one.size - other.size) < Math.max(one.size, other.size) * 0.12;

function continues(line: Line, run: Placed): boolean {
  if (areParted(line.tag, run.tag)) return false;
  const size = Math.max(line.size, run.size);
  const isLevel = Math.abs(run.y - line.y) < size * 0.45;
  return isLevel && run.left > line.right - size && run.right > line.left;
}

/** Adds a run to the last part, behind `space`; without one, as a part of its own. */
function extend(parts: Part[], { text, left, right }: Placed, space: string | undefined): void {
  const last = parts.at(-1);
  if (last && space !== undefined) {
    last.text += space + text;
    last.right = Math.max(last.right, right);
  } else parts.push({ text, left, right });
}

function append(line: Line, run: Placed): void {
  const size = Math.max(line.size, run.size);
  const gap = (run.left - line.right) / size;
  const isParted = isNoteMark(line, run) || isSpace(line.text, run.text, gap, run.spaceBefore);
  const space = gap > cellGap || isParted ? " " : "";
  line.text += space + run.text;
  extend(line.cells, run, gap > cellGap ? undefined : space);
  extend(line.pieces, run, gap > pieceGap ? undefined : space);
  // A superscript does not make the line smaller.
  if (run.size > line.size) line.y = run.y;
  line.size = size;
  line.right = Math.max(line.right, run.right);
}

/** One cell of a line as a line of its own. */
function partOf(line: Line, cell: Part): Line {
  const pieces = line.pieces.filter(({ left, right }) => left >= cell.left && right <= cell.right);
  return { ...line, ...cell, cells: [cell], pieces };
}

/** Prose on both sides of a gutter, for so many of the lines, is a page in two columns. */
const columnShare = 0.5;
const proseLength = 12;

/**
 * Where a page of two columns was written across both, line by line, parts the lines at the gutter
 * and puts the left column before the right one. Most programs write column by column: then there
 * is nothing to do.
 */
function partColumns(lines: readonly Line[]): readonly Line[] {
  const across = lines.filter(
    (line) =>
      line.cells.length === 2 && line.cells.every((cell) => cell.text.length >= proseLength),
  );
  if (across.length < 5 || across.length < lines.length * columnShare) return lines;
  const starts = across.map((line) => line.cells[1]?.left ?? 0).sort((a, b) => a - b);
  const gutter = starts[starts.length >> 1] ?? 0;
  const size = across[0]?.size ?? 10;
  const fits = (line: Line) => Math.abs((line.cells[1]?.left ?? 0) - gutter) < size;
  if (across.filter(fits).length < across.length * 0.8) return lines;

  const ordered: Line[] = [];
  let right: Line[] = [];
  const flush = () => {
    ordered.push(...right);
    right = [];
  };
  for (const line of lines) {
    const isWide = line.left < gutter - size && line.right > gutter + size;
    if (line.cells.length === 2 && fits(line)) {
      const [first, second] = line.cells;
      if (first) ordered.push(partOf(line, first));
      if (second) right.push(partOf(line, second));
    } else if (line.left >= gutter - size) right.push(line);
    else {
      // A line across both columns ends them.
      if (isWide) flush();
      ordered.push(line);
    }
  }
  flush();
  return ordered;
}

/** The lines of a page in reading order. `before` are the columns of a table that may go on here. */
export function readLines(runs: readonly TextRun[], before: Middles = []): readonly Line[] {
  const main = mainTurn(runs);
  const lines: Line[] = [];
  let loose: TextRun[] = [];
  const flush = () => {
    lines.push(...linesOf(loose, main));
    loose = [];
  };
  const tables = Map.groupBy(runs, ({ tag }) => (tag?.kind === "cell" ? tag.id : undefined));
  for (const run of runs) {
    if (run.tag?.kind !== "cell") {
      loose.push(run);
      continue;
    }
    // All of a table stands where its first cell does.
    const table = tables.get(run.tag.id);
    if (table === undefined) continue;
    tables.delete(run.tag.id);
    flush();
    const columns = lines.length === 0 ? before : [];
    const line = tableLine(table, columns, (cell) => linesOf(cell, main));
    if (line) lines.push(line);
  }
  flush();
  return lines;
}

function linesOf(runs: readonly TextRun[], main: number): readonly Line[] {
  const lines: Line[] = [];
  // What is written in another direction, such as a label at the margin, follows the page.
  for (const turn of [main, (main + 1) % 4, (main + 2) % 4, (main + 3) % 4]) {
    const turned: Line[] = [];
    let spaceBefore = false;
    for (const run of runs) {
      if (run.str.trim() === "") {
        spaceBefore ||= run.str !== "";
        continue;
      }
      if (quarterTurn(run) !== turn) continue;
      const placed = place(run, turn, spaceBefore);
      spaceBefore = false;
      const line = turned.at(-1);
      if (line && continues(line, placed)) append(line, placed);
      else turned.push(startLine(placed));
    }
    lines.push(...partColumns(turned));
  }
  return lines;
}
