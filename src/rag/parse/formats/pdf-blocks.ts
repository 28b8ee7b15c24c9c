import type { BlockWriter } from "../block-writer.ts";
import { joinWrapped } from "../plain-text.ts";
import { TableBuilder } from "../table-builder.ts";
import type { Line } from "./pdf-lines.ts";
import { findTable } from "./pdf-tables.ts";
import { chapterLevel } from "./text.ts";

const sentenceEnd = /[.!?:;。！？：；…]["'”’」』）)]*$/;
/** Symbol fonts have theirs among the private characters. */
const bullet = /^[•·▪■□●○◦◆◇➢➤✓–‣*\ue000-\uf8ff]\s*(?=\S)/;
const enumerated =
  /^(\(?\d{1,3}[.)、）]|\(?[a-z][.)]|[（(][一二三四五六七八九十]{1,3}[）)]|[一二三四五六七八九十]{1,3}、|第[一二三四五六七八九十百千\d]+条)\s*\S/;

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

interface OpenParagraph {
  readonly kind: "paragraph" | "heading" | "item";
  readonly level: number;
  readonly page: number;
  readonly first: Line;
  text: string;
  last: Line;
  lineCount: number;
}

/** Puts the lines of a PDF together into paragraphs, headings, list items and tables. */
class PdfBlocks {
  private open: OpenParagraph | undefined;
  private readonly body: number;
  private readonly sizes: ReadonlyMap<number, number>;

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
    const edges = rightEdges(lines);
    for (let at = 0; at < lines.length; ) {
      const line = lines[at];
      if (!line) return;
      const table = findTable(lines, at);
      if (table) {
        this.flush();
        this.writeTable(table.rows, number);
        at += table.lineCount;
        continue;
      }
      this.line(line, number, edges);
      at += 1;
    }
  }

  flush(): void {
    const { open } = this;
    this.open = undefined;
    if (!open) return;
    this.writer.page = open.page;
    if (open.kind === "heading") this.writer.heading(open.level, open.text);
    else if (open.kind === "item") this.writer.listItem(0, open.text.replace(bullet, ""));
    else this.writer.paragraph(open.text);
  }

  private line(line: Line, page: number, edges: ReadonlyMap<number, number>): void {
    const { open } = this;
    const level = this.headingLevel(line);
    if (open && this.joins(open, line, level, page, edges)) {
      open.text = joinWrapped(open.text, line.text);
      open.last = line;
      open.lineCount += 1;
      return;
    }
    this.flush();
    const kind = level !== undefined ? "heading" : bullet.test(line.text) ? "item" : "paragraph";
    this.open = {
      kind,
      level: level ?? 0,
      page,
      first: line,
      text: line.text,
      last: line,
      lineCount: 1,
    };
  }

  private headingLevel(line: Line): number | undefined {
    const inOutline = this.outline.get(comparable(line.text));
    if (inOutline !== undefined) return inOutline;
    const chapter = chapterLevel(line.text);
    if (chapter !== undefined) return chapter;
    if (line.text.length > 80 || !/\p{L}/u.test(line.text)) return undefined;
    return this.sizes.get(roundSize(line.size));
  }

  /** Whether the line goes on with the paragraph. */
  private joins(
    open: OpenParagraph,
    line: Line,
    level: number | undefined,
    page: number,
    edges: ReadonlyMap<number, number>,
  ): boolean {
    const { last, first } = open;
    const size = Math.max(last.size, line.size);
    const isSameSize = Math.abs(last.size - line.size) < size * 0.12;
    if (open.kind === "heading" || level !== undefined) {
      // A heading of two lines has both in the same size, close together.
      const isNext = line.y > last.y && line.y - last.y < size * 1.8 && page === open.page;
      const isSized = this.sizes.has(roundSize(line.size)) && open.lineCount < 3;
      return open.kind === "heading" && level === open.level && isSameSize && isNext && isSized;
    }
    if (!isSameSize || bullet.test(line.text) || enumerated.test(line.text)) return false;
    const edge = edges.get(edgeKey(last)) ?? last.right;
    const isFull = last.right > edge - size * 3;
    const isEnded = sentenceEnd.test(open.text);
    const isBelow = line.y > last.y && page === open.page;
    if (!isBelow) {
      // In the next column or on the next page only a sentence that is cut goes on.
      return !isEnded && isFull && /^[\p{Ll}\p{Lo}\p{N}(（“"]/u.test(line.text);
    }
    if (line.y - last.y > size * 2.1) return false;
    const isIndented = line.left > last.left + size * 0.8;
    // The second line of a hanging indent is indented too.
    if (isIndented && (open.lineCount > 1 || isEnded) && open.kind !== "item") return false;
    if (!isFull && (isEnded || last.right - last.left < (edge - first.left) * 0.7)) return false;
    return true;
  }

  private writeTable(rows: readonly (readonly string[])[], page: number): void {
    this.writer.page = page;
    const table = new TableBuilder(this.writer);
    for (const row of rows) table.row(row.map((text) => ({ text })));
    table.end();
  }
}

/** Lines that begin at about the same place are of one column. */
const edgeKey = (line: Line) => Math.round(line.left / 36);

/** How far to the right the lines of each column reach. */
function rightEdges(lines: readonly Line[]): Map<number, number> {
  const edges = new Map<number, number>();
  for (const line of lines) {
    for (const key of [edgeKey(line) - 1, edgeKey(line), edgeKey(line) + 1]) {
      edges.set(key, Math.max(edges.get(key) ?? 0, line.right));
    }
  }
  return edges;
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
