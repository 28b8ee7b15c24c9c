import { type Span, sentences } from "../../text/sentences.ts";
import type { Block, Table } from "../parse/document.ts";

const lineBreaks = /\s*[\n\r\u2028\u2029]\s*/g;

const rowText = (cells: readonly string[]): string =>
  cells.map((cell) => cell.trim().replace(lineBreaks, " ")).join(" | ");

/** The line that a table's header makes; empty where it has none. */
export function headerText(table: Table): string {
  return table.header.some((cell) => cell.trim() !== "") ? rowText(table.header) : "";
}

/**
 * What a block says, as plain text: list items begin with a dash, indented by their depth; a table is
 * its header and then its rows, a line each, cells parted by ` | `. Empty for a block of nothing but
 * space.
 */
export function blockText(block: Block): string {
  const text = rawText(block);
  return text.trim() === "" ? "" : text;
}

function rawText(block: Block): string {
  if (block.type === "list_item") return `${"  ".repeat(block.depth)}- ${block.text}`;
  if (block.type !== "table") return block.text;
  const rows = block.rows.map(rowText);
  const header = headerText(block);
  return (header === "" ? rows : [header, ...rows]).join("\n");
}

/**
 * The parts of a block's text that a chunk should not cut: sentences, or the lines of code and
 * tables. In order and without gaps.
 */
export function blockParts(block: Block, text: string): Iterable<Span> {
  return block.type === "code" || block.type === "table" ? lines(text) : sentences(text);
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
