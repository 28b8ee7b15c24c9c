import { type Span, sentences } from "../../text/sentences.ts";
import { textWidth } from "../../text/width.ts";
import type { Block, Table } from "../parse/document.ts";

/** What a block says, as plain text. */
export interface BlockText {
  /** Empty for a block of nothing but space. */
  readonly text: string;
  /** The line of a table's header, with its line feed, to be repeated; empty where there is none. */
  readonly header: string;
  /** What a chunk should not cut: sentences, lines, the cells of a wide table. In order, without gaps. */
  parts(): Iterable<Span>;
}

const lineBreaks = /\s*[\n\r\u2028\u2029]\s*/g;
const between = " | ";
/** Names of columns are said with each cell up to so many times the width of the cells themselves. */
const mostNames = 16;

/**
 * A block's text where chunks of `size` are cut: list items begin with a dash, indented by their
 * depth; a table is its header and then its rows, a line each, cells parted by ` | `. Where the header
 * is too wide to be repeated in each chunk, every cell says the name of its column instead:
 * `name: cell | name: cell`, empty ones left out.
 */
export function blockText(block: Block, size: number): BlockText {
  if (block.type === "table") return tableText(block, size);
  const text =
    block.type === "list_item" ? `${"  ".repeat(block.depth)}- ${block.text}` : block.text;
  const parts = () => (block.type === "code" ? lines(text) : sentences(text));
  return { text: text.trim() === "" ? "" : text, header: "", parts };
}

const cellText = (cell: string): string => cell.trim().replace(lineBreaks, " ");
const rowText = (cells: readonly string[]): string => cells.map(cellText).join(between);

function tableText(table: Table, size: number): BlockText {
  const header = rowText(table.header);
  const rows = table.rows.map(rowText);
  const hasHeader = table.header.some((cell) => cell.trim() !== "");
  const text = (hasHeader ? [header, ...rows] : rows).join("\n");
  if (text.trim() === "") return { text: "", header: "", parts: () => [] };
  const plain = { text, header: "", parts: () => lines(text) };
  if (!hasHeader) return plain;
  const line = `${header}\n`;
  if (textWidth(line) <= size / 2) return { ...plain, header: line };
  const names = textWidth(header);
  const cells = textWidth(text) - names;
  return names * rows.length > mostNames * cells ? plain : namedCells(table);
}

function namedCells({ header, rows }: Table): BlockText {
  const names = header.map(cellText);
  const spans: Span[] = [];
  let text = "";
  for (const row of rows) {
    const said = row.map(cellText).map((cell, at) => {
      const name = names[at] ?? "";
      return cell === "" || name === "" ? cell : `${name}: ${cell}`;
    });
    const cells = said.filter((cell) => cell !== "");
    for (const [at, cell] of cells.entries()) {
      const start = text.length;
      text += cell + (at < cells.length - 1 ? between : "\n");
      spans.push({ start, end: text.length });
    }
  }
  return { text, header: "", parts: () => spans };
}

function* lines(text: string): Generator<Span> {
  let start = 0;
  while (start < text.length) {
    const found = text.indexOf("\n", start);
    const end = found < 0 ? text.length : found + 1;
    yield { start, end };
    start = end;
  }
}
