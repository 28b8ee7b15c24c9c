import type { BlockWriter } from "../block-writer.ts";
import { beforeText } from "../number-formats.ts";
import { isOn } from "../ooxml.ts";
import { cleanText } from "../plain-text.ts";
import { type Cell, TableBuilder } from "../table-builder.ts";
import type { Attributes } from "../xml.ts";
import type { Notes } from "./docx-notes.ts";
import type { Numbering } from "./docx-numbering.ts";
import type { ParagraphStyle } from "./docx-styles.ts";

interface Paragraph {
  text: string;
  style: string | undefined;
  outline: number | undefined;
  /** Which numbering it says that it has, if it says so itself; "0" is none. */
  numberId: string | undefined;
  /** The level in its list, if it says so itself. */
  depth: number | undefined;
}

interface OpenTable {
  readonly builder: TableBuilder;
  row: Cell[];
  text: string;
  span: number;
  merge: "none" | "first" | "below";
  /** Texts of the cells that reach down over several rows, by column. */
  readonly merged: Map<number, string>;
}

/** Parts whose text is not the document's: deletions, ruby, drawings for old programs. */
const hidden = new Set(["mc:Fallback", "w:moveFrom", "w:del", "w:rt"]);

/** A paragraph as it is seen, behind its number. */
const numbered = (label: string, text: string): string =>
  text === "" ? label : beforeText(label) + text;

/** Reads a body of WordprocessingML: of the document, of a header, of a note. */
export class WordBody {
  title: string | undefined;
  /** Relationship ids of the charts in the order of their appearance. */
  readonly charts: string[] = [];
  private readonly paragraphs: Paragraph[] = [];
  private readonly tables: OpenTable[] = [];
  private hiddenDepth = 0;
  /** Set between a content control that says that it is a table of contents and its content. */
  private isContents = false;
  private inText = false;
  private inRun = false;
  private vanished = false;
  /** Notes and comments that the open paragraph or table refers to. */
  private pending: string[] = [];

  constructor(
    private readonly writer: BlockWriter,
    private readonly styleOf: (id: string | undefined) => ParagraphStyle,
    private readonly notes: Notes,
    private readonly numbering: Numbering,
  ) {}

  open(name: string, attributes: Attributes): void {
    const isContents = this.isContents && name === "w:sdtContent";
    if (this.hiddenDepth > 0 || isContents || hidden.has(name)) {
      this.isContents = false;
      this.hiddenDepth += 1;
      return;
    }
    const value = attributes["w:val"];
    const paragraph = this.paragraphs.at(-1);
    const table = this.tables.at(-1);
    switch (name) {
      case "w:docPartGallery":
        this.isContents = value === "Table of Contents";
        break;
      case "w:p":
        this.paragraphs.push({
          text: "",
          style: undefined,
          outline: undefined,
          numberId: undefined,
          depth: undefined,
        });
        break;
      case "w:pStyle":
        if (paragraph) paragraph.style = value;
        break;
      case "w:outlineLvl":
        if (paragraph) paragraph.outline = Number(value);
        break;
      case "w:numId":
        if (paragraph) paragraph.numberId = value;
        break;
      case "w:ilvl":
        if (paragraph) paragraph.depth = Number(value) || 0;
        break;
      case "w:r":
        this.inRun = true;
        this.vanished = false;
        break;
      case "w:vanish":
        if (this.inRun) this.vanished = isOn(value);
        break;
      case "w:t":
      case "m:t":
        this.inText = true;
        break;
      case "w:tab":
      case "w:ptab":
        // The same element defines tab stops, outside runs.
        if (this.inRun) this.append("\t");
        break;
      case "w:br":
      case "w:cr":
        this.append("\n");
        break;
      case "w:noBreakHyphen":
        this.append("-");
        break;
      case "w:footnoteReference":
        this.refer(this.notes.footnotes.get(attributes["w:id"] ?? ""));
        break;
      case "w:endnoteReference":
        this.refer(this.notes.endnotes.get(attributes["w:id"] ?? ""));
        break;
      case "w:commentReference":
        this.refer(this.notes.comments.get(attributes["w:id"] ?? ""));
        break;
      case "c:chart":
        if (attributes["r:id"]) this.charts.push(attributes["r:id"]);
        break;
      case "w:tbl":
        this.tables.push({
          builder: new TableBuilder(this.writer),
          row: [],
          text: "",
          span: 1,
          merge: "none",
          merged: new Map(),
        });
        break;
      case "w:gridSpan":
        if (table) table.span = Number(value) || 1;
        break;
      case "w:vMerge":
        if (table) table.merge = value === "restart" ? "first" : "below";
        break;
    }
  }

  text(text: string): void {
    if (this.inText && this.hiddenDepth === 0) this.append(text);
  }

  close(name: string): void {
    if (this.hiddenDepth > 0) {
      this.hiddenDepth -= 1;
      return;
    }
    if (name === "w:t" || name === "m:t") this.inText = false;
    else if (name === "w:r") this.inRun = false;
    else if (name === "w:p") this.endParagraph();
    else if (name === "w:tc") this.endCell();
    else if (name === "w:tr") this.endRow();
    else if (name === "w:tbl") this.endTable();
  }

  end(): void {
    while (this.paragraphs.length > 0) this.endParagraph();
    while (this.tables.length > 0) {
      this.endRow();
      this.endTable();
    }
  }

  private append(text: string): void {
    const paragraph = this.paragraphs.at(-1);
    if (paragraph && !this.vanished) paragraph.text += text;
  }

  private refer(note: string | undefined): void {
    if (note) this.pending.push(note);
  }

  private endParagraph(): void {
    const paragraph = this.paragraphs.pop();
    if (!paragraph) return;
    const style = this.styleOf(paragraph.style);
    const numberId = paragraph.numberId ?? style.numberId ?? "0";
    const depth = paragraph.depth ?? style.numberLevel;
    const label = numberId === "0" ? "" : this.numbering.label(numberId, depth, style.numberedBy);
    const table = this.tables.at(-1);
    if (table) {
      // A cell may hold nothing but its number.
      const text = numbered(label, paragraph.text);
      if (table.text !== "" && text !== "") table.text += "\n";
      table.text += text;
      return;
    }
    if (style.isContents) return;
    const text = paragraph.text.trim() === "" ? "" : numbered(label, paragraph.text);
    const level = paragraph.outline === undefined ? style.heading : paragraph.outline + 1;
    if (style.isTitle) {
      this.writer.heading(1, text);
      this.title ??= paragraph.text.trim() || undefined;
    } else if (level !== undefined && level <= 9) this.writer.heading(level, text);
    else if (numberId !== "0") this.writer.listItem(depth ?? 0, text);
    else this.writer.paragraph(text);
    this.writePending();
  }

  private writePending(): void {
    for (const note of this.pending) this.writer.paragraph(note);
    this.pending = [];
  }

  private endCell(): void {
    const table = this.tables.at(-1);
    if (!table) return;
    const column = table.row.reduce((sum, cell) => sum + (cell.columns ?? 1), 0);
    if (table.merge === "first") table.merged.set(column, table.text);
    const text = table.merge === "below" ? (table.merged.get(column) ?? "") : table.text;
    const isContinued = table.merge === "below";
    if (column < 16_384) table.row.push({ text, columns: table.span, isContinued });
    table.text = "";
    table.span = 1;
    table.merge = "none";
  }

  private endRow(): void {
    const table = this.tables.at(-1);
    if (!table || table.row.length === 0) return;
    const outer = this.tables.at(-2);
    if (outer) {
      // A table in a cell is a part of that cell's text.
      const row = table.row.map((cell) => cleanText(cell.text)).join(" | ");
      outer.text += outer.text === "" ? row : `\n${row}`;
    } else table.builder.row(table.row);
    table.row = [];
  }

  private endTable(): void {
    const table = this.tables.pop();
    if (!table || this.tables.length > 0) return;
    table.builder.end();
    this.writePending();
  }
}
