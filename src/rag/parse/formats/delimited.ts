import type { TableWriter } from "../block-writer.ts";
import { decodeText } from "../encoding.ts";
import type { TextReader } from "../reader.ts";

/** A field that runs on for longer has lost its closing quote. */
const maxQuotedLength = 1_048_576;
const maxFieldLength = 16_777_216;

/**
 * Cuts RFC 4180 text into rows as it comes: fields in quotes may hold separators, line ends and
 * doubled quotes. A quote that is never closed ends at the line.
 */
export class RowSplitter {
  private row: string[] = [];
  private field = "";
  private state: "start" | "plain" | "quoted" | "quote_in_quoted" = "start";

  constructor(
    private readonly separator: string,
    private readonly onRow: (cells: readonly string[]) => void,
  ) {}

  write(text: string): void {
    let at = 0;
    while (at < text.length) {
      if (this.state === "quoted") {
        const quote = text.indexOf('"', at);
        const end = quote < 0 ? text.length : quote;
        this.field += text.slice(at, end);
        at = end + 1;
        if (quote >= 0) this.state = "quote_in_quoted";
        else if (this.field.length > maxQuotedLength) this.reopen();
        continue;
      }
      if (this.state === "quote_in_quoted") {
        if (text[at] === '"') {
          this.field += '"';
          this.state = "quoted";
          at += 1;
          continue;
        }
        this.state = "plain";
      }
      if (this.state === "start" && text[at] === '"') {
        this.state = "quoted";
        at += 1;
        continue;
      }
      at = this.plain(text, at);
    }
  }

  end(): void {
    while (this.state === "quoted") this.reopen();
    if (this.state !== "start" || this.field !== "" || this.row.length > 0) this.endRow();
  }

  /** Takes what stands before the next separator or line end, and that; returns what follows. */
  private plain(text: string, from: number): number {
    let at = from;
    for (; at < text.length; at += 1) {
      const character = text[at];
      if (character === this.separator || character === "\n" || character === "\r") break;
    }
    this.field += text.slice(from, at);
    if (this.field.length > maxFieldLength) this.endRow();
    if (at === text.length) {
      if (at > from) this.state = "plain";
      return at;
    }
    if (text[at] === this.separator) this.endField();
    // Of a carriage return and line feed the second ends an empty row, which is dropped.
    else this.endRow();
    return at + 1;
  }

  /** Reads a field in quotes again without them: its quote was a character like any other. */
  private reopen(): void {
    const text = this.field;
    this.field = '"';
    this.state = "plain";
    this.write(text);
  }

  private endField(): void {
    this.row.push(this.field);
    this.field = "";
    this.state = "start";
  }

  private endRow(): void {
    this.endField();
    const row = this.row;
    this.row = [];
    if (row.length > 1 || row[0] !== "") this.onRow(row);
  }
}

const separators = [",", ";", "\t", "|"];

/** The separator that stands most often outside quotes in the first lines, a comma where none does. */
export function guessSeparator(sample: string): string {
  const bare = sample.replace(/"[^"]*"/g, "");
  let best = { separator: ",", count: 0 };
  for (const separator of separators) {
    const count = bare.split(separator).length - 1;
    if (count > best.count) best = { separator, count };
  }
  return best.separator;
}

/** The line that Excel writes and reads before the header, to name the separator. */
const separatorLine = /^sep=([^\r\n"])\r?\n/i;

/** Lines above a table that are looked through for its header. */
const maxTitleLines = 20;

/**
 * CSV and TSV: the first row of several cells is the header of the rest, lines of one cell above it
 * are paragraphs. Where there is no such row, a table of one column.
 */
export const readDelimited: TextReader = ({ source, encoding, writer, extension }) => {
  let table: TableWriter | undefined;
  let rows: RowSplitter | undefined;
  let above: string[] | undefined = [];
  const open = (header: readonly string[]) => {
    table = writer.table(header);
    above = undefined;
  };
  const openColumn = ([name = "", ...texts]: readonly string[]) => {
    open([name]);
    for (const text of texts) table?.row([text]);
  };
  const onRow = (cells: readonly string[]) => {
    const filled = cells.filter((cell) => cell.trim() !== "");
    if (!above) table?.row(cells);
    else if (filled.length > 1) {
      for (const line of above) writer.paragraph(line);
      open(cells);
    } else {
      above.push(...filled);
      if (above.length > maxTitleLines) openColumn(above);
    }
  };
  for (const piece of decodeText(source, encoding)) {
    if (rows !== undefined) {
      rows.write(piece);
      continue;
    }
    const [line = "", stated] = separatorLine.exec(piece) ?? [];
    const text = piece.slice(line.length);
    const sample = () => text.split("\n", 20).join("\n").slice(0, 20_000);
    rows = new RowSplitter(
      stated ?? (extension === "tsv" ? "\t" : guessSeparator(sample())),
      onRow,
    );
    rows.write(text);
  }
  rows?.end();
  if (above?.length) openColumn(above);
  table?.end();
  return {};
};
