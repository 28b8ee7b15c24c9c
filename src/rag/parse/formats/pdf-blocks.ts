import type { BlockWriter } from "../block-writer.ts";
import { joinWrapped } from "../plain-text.ts";
import { TableBuilder } from "../table-builder.ts";
import { findAlignedTable } from "./pdf-aligned-tables.ts";
import { type Column, findColumns } from "./pdf-columns.ts";
import { areParted, isSameSize, type Line } from "./pdf-lines.ts";
import { type FoundTable, findTable, isLabelled } from "./pdf-tables.ts";
import { chapterLevel } from "./text.ts";

const sentenceEnd = /[.!?:;。！？：；…]["'”’」』）)]*$/;
/** What ends a sentence at the end of a column; a semicolon may stand within one. */
const cutEnd = /[.!?。！？…]["'”’」』）)]*$/;
/** What is shorter does not go on in another column or on another page. */
const shortestProse = 12;
/** Symbol fonts have theirs among the private characters. */
const bullet = /^[•·▪■□●○◦◆◇➢➤✓–‣*\ue000-\uf8ff]\s*(?=\S)/;
const enumerated =
  /^(\(?\d{1,3}[.)、）](?!\d)|\(?[a-z][.)]|[（(][一二三四五六七八九十]{1,3}[）)]|[一二三四五六七八九十]{1,3}、|第[一二三四五六七八九十百千\d]+条)\s*\S/;

/** The font size in which most of the text is set, to half a point. */
function bodySize(pages: readonly (readonly Line[])[]): number {
  const weights = new Map<number, number>();
  for (const line of pages.flat()) {
    const size = roundSize(line.size);
    weights.set(size, (weights.get(size) ?? 0) + line.text.length);
  }
  let best = 10;
  for (const [size, weight] of weights) if (weight > (weights.get(best) ?? 0)) best = size;
  return best;
}

const roundSize = (size: number) => Math.round(size * 2) / 2;

/** Levels of headings by font size: the largest is 1. */
function headingSizes(pages: readonly (readonly Line[])[], body: number): Map<number, number> {
  const sizes = new Set<number>();
  for (const line of pages.flat()) {
    const size = roundSize(line.size);
    if (size >= body * 1.15 && line.text.length <= 80 && /\p{L}/u.test(line.text)) sizes.add(size);
  }
  const ranked = [...sizes].sort((a, b) => b - a).slice(0, 6);
  return new Map(ranked.map((size, index) => [size, index + 1]));
}

/** A title as it is compared: without spaces and numbering. */
export function comparable(title: string): string {
  return title.replace(/\s+/g, "").toLowerCase();
}

/** Of two tables that begin at the same line, the one that tells more columns apart. */
function wider(one: FoundTable | undefined, other: FoundTable | undefined): FoundTable | undefined {
  const columns = (table: FoundTable | undefined) => table?.rows[0]?.length ?? 0;
  return columns(other) > columns(one) ? other : one;
}

interface OpenParagraph {
  readonly kind: "paragraph" | "heading" | "item";
  /** Of a heading from 1, of an item from 0. */
  readonly level: number;
  readonly page: number;
  readonly first: Line;
  text: string;
  last: Line;
  lastPage: number;
  /** The column in which the last line stands. */
  column: Column;
  lineCount: number;
}

/** Puts the lines of a PDF together into paragraphs, headings, list items and tables. */
class PdfBlocks {
  private open: OpenParagraph | undefined;
  private readonly body: number;
  private readonly sizes: ReadonlyMap<number, number>;
  /** The table that was written last, as long as nothing followed it. */
  private table: { readonly header: readonly string[]; readonly page: number } | undefined;

  constructor(
    private readonly writer: BlockWriter,
    pages: readonly (readonly Line[])[],
    /** Levels of the titles in the document's outline, by `comparable`. */
    private readonly outline: ReadonlyMap<string, number>,
  ) {
    this.body = bodySize(pages);
    this.sizes = headingSizes(pages, this.body);
  }

  page(lines: readonly Line[], number: number): void {
    const columnOf = findColumns(lines);
    for (let at = 0; at < lines.length; ) {
      const line = lines[at];
      if (!line) return;
      if (line.table) {
        this.flush();
        this.writeTable(line.table.rows, number);
        at += 1;
        continue;
      }
      const table = wider(findTable(lines, at), findAlignedTable(lines, at));
      if (table) {
        this.flush();
        this.writeTable(table.rows, number);
        at += table.lineCount;
        continue;
      }
      this.line(line, number, columnOf(line));
      at += 1;
    }
  }

  flush(): void {
    const { open } = this;
    this.open = undefined;
    if (!open) return;
    this.table = undefined;
    this.writer.page = open.page;
    if (open.kind === "heading") this.writer.heading(open.level, open.text);
    else if (open.kind === "item") this.writer.listItem(open.level, open.text.replace(bullet, ""));
    else this.writer.paragraph(open.text);
  }

  private line(line: Line, page: number, column: Column): void {
    const { open } = this;
    const level = this.headingLevel(line);
    if (open && this.joins(open, line, level, page)) {
      open.text = joinWrapped(open.text, line.text);
      open.last = line;
      open.lastPage = page;
      open.column = column;
      open.lineCount += 1;
      return;
    }
    this.flush();
    const isItem = line.tag?.kind === "item" || bullet.test(line.text);
    const depth = line.tag?.kind === "item" ? line.tag.level : 0;
    this.open = {
      kind: level !== undefined ? "heading" : isItem ? "item" : "paragraph",
      level: level ?? depth,
      page,
      first: line,
      text: line.text,
      last: line,
      lastPage: page,
      column,
      lineCount: 1,
    };
  }

  private headingLevel(line: Line): number | undefined {
    if (line.tag?.kind === "heading") return line.tag.level;
    if (line.tag?.kind === "item") return undefined;
    const inOutline = this.outline.get(comparable(line.text));
    if (inOutline !== undefined) return inOutline;
    const chapter = chapterLevel(line.text);
    if (chapter !== undefined) return chapter;
    if (line.text.length > 80 || !/\p{L}/u.test(line.text)) return undefined;
    return this.sizes.get(roundSize(line.size));
  }

  /** Whether the line goes on with the paragraph. */
  private joins(open: OpenParagraph, line: Line, level: number | undefined, page: number): boolean {
    const { last, first, column } = open;
    const size = Math.max(last.size, line.size);
    const isBelow = line.y > last.y && page === open.lastPage;
    const gap = line.y - last.y;
    // Some programs tag every line as a paragraph: that two are different says nothing.
    if (page === open.lastPage && last.tag !== undefined && line.tag !== undefined) {
      if (areParted(last.tag, line.tag)) return false;
      const isClose = isSameSize(last, line) && (!isBelow || gap <= size * 2.1);
      if (last.tag.id === line.tag.id && (isClose || last.tag.kind !== "paragraph")) return true;
    }
    if (open.kind === "heading" || level !== undefined) {
      // A heading of two lines has both in the same size, close together.
      const isSized = this.sizes.has(roundSize(line.size)) && open.lineCount < 3;
      const isNext = isBelow && gap < size * 1.8 && isSameSize(last, line);
      return open.kind === "heading" && level === open.level && isNext && isSized;
    }
    if (!isSameSize(last, line) || bullet.test(line.text) || isLabelled(line)) return false;
    // A line is full if the next one's first word had no room in it.
    const word = /^[^\s\p{Script=Han}]{0,20}/u.exec(line.text)?.[0] ?? "";
    const isFull = last.right > column.right - size * Math.max(3, 1 + word.length * 0.6);
    if (!isBelow) {
      // A few words are a header, a number of the page, a caption.
      if (open.text.length < shortestProse) return false;
      // In the next column or on the next page only a sentence that is cut goes on.
      const goesOn = /[，,、；;]$/.test(open.text) || /^[\p{Ll}\p{Lo}\p{N}(（“"]/u.test(line.text);
      return isFull && goesOn && !cutEnd.test(open.text);
    }
    const isEnded = sentenceEnd.test(open.text);
    if (enumerated.test(line.text) && (isEnded || !isFull)) return false;
    if (gap > size * 2.1) return false;
    const isIndented = line.left > last.left + size * 0.8;
    // The second line of a hanging indent is indented too.
    if (isIndented && (open.lineCount > 1 || isEnded) && open.kind !== "item") return false;
    // Below a paragraph of one line the next one begins with the same indent.
    const isInset = line.left > column.left + size * 0.8;
    if (isInset && isEnded && open.lineCount === 1) return false;
    return isFull || (!isEnded && last.right - last.left >= (column.right - first.left) * 0.7);
  }

  /** One that goes on with that of the page before has its header. */
  private writeTable(rows: readonly (readonly string[])[], page: number): void {
    const [first = []] = rows;
    const { table: before } = this;
    const goesOn = before?.page === page - 1 && before.header.length === first.length;
    const header = goesOn ? before.header : first;
    const isRepeated = first.every((cell, column) => cell === header[column]);
    this.writer.page = page;
    const table = new TableBuilder(this.writer);
    for (const row of isRepeated ? rows : [header, ...rows]) {
      table.row(row.map((text) => ({ text })));
    }
    table.end();
    this.table = { header, page };
  }
}

/** Writes the blocks of a PDF, whose pages come as lines in reading order. */
export function writePdfBlocks(
  pages: readonly (readonly Line[])[],
  outline: ReadonlyMap<string, number>,
  writer: BlockWriter,
): void {
  const blocks = new PdfBlocks(writer, pages, outline);
  for (const [index, lines] of pages.entries()) blocks.page(lines, index + 1);
  blocks.flush();
}
