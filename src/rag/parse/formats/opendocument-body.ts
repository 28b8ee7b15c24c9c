import type { BlockWriter } from "../block-writer.ts";
import { cleanText } from "../plain-text.ts";
import { type Cell, TableBuilder } from "../table-builder.ts";
import type { Attributes } from "../xml.ts";

interface Paragraph {
  text: string;
  /** The level of a heading, from 1. */
  readonly heading: number | undefined;
  readonly style: string | undefined;
}

interface OpenTable {
  readonly builder: TableBuilder;
  row: Cell[];
  cell: { text: string; columns: number; rows: number } | undefined;
}

/** Elements whose text is not the document's. */
const hidden = new Set([
  "text:tracked-changes",
  "text:table-of-content",
  "text:illustration-index",
  "text:table-index",
  "text:object-index",
  "text:alphabetical-index",
  "text:note-citation",
  "text:page-number",
  "text:page-count",
  "text:ruby-text",
  "text:sequence-decls",
  "office:forms",
  "svg:desc",
  "svg:title",
  "dc:creator",
  "dc:date",
  "meta:date-string",
  "math",
  "office:event-listeners",
]);

const maxSpaces = 100;

/** Reads the text of OpenDocument text and presentations, block by block. */
export class OpenDocumentBody {
  /** The text of the first paragraph in the style for titles. */
  title: string | undefined;
  slides = 0;
  private readonly paragraphs: Paragraph[] = [];
  private readonly tables: OpenTable[] = [];
  /** Styles that a document makes for itself, with the style that each builds on. */
  private readonly parents = new Map<string, string>();
  private listDepth = 0;
  private hiddenDepth = 0;
  /** Depth of elements since a note or comment began, whose text follows the open block. */
  private noteDepth = 0;
  private note: string[] = [];
  private pending: string[] = [];
  private frame: string | undefined;
  private isSlideEmpty = false;

  constructor(private readonly writer: BlockWriter) {}

  open(name: string, attributes: Attributes): void {
    if (this.hiddenDepth > 0 || hidden.has(name)) {
      this.hiddenDepth += 1;
      return;
    }
    if (this.noteDepth > 0) this.noteDepth += 1;
    const paragraph = this.paragraphs.at(-1);
    switch (name) {
      case "style:style":
        if (attributes["style:name"] && attributes["style:parent-style-name"]) {
          this.parents.set(attributes["style:name"], attributes["style:parent-style-name"]);
        }
        break;
      case "draw:page":
        this.slides += 1;
        this.isSlideEmpty = true;
        this.writer.page = this.slides;
        break;
      case "draw:frame":
      case "draw:custom-shape":
        this.frame = attributes["presentation:class"];
        break;
      case "text:h":
        this.paragraphs.push({
          text: "",
          heading: Number(attributes["text:outline-level"]) || 1,
          style: attributes["text:style-name"],
        });
        break;
      case "text:p":
        this.paragraphs.push({
          text: "",
          heading: undefined,
          style: attributes["text:style-name"],
        });
        break;
      case "text:s":
        if (paragraph) {
          paragraph.text += " ".repeat(Math.min(Number(attributes["text:c"]) || 1, maxSpaces));
        }
        break;
      case "text:tab":
        if (paragraph) paragraph.text += "\t";
        break;
      case "text:line-break":
        if (paragraph) paragraph.text += "\n";
        break;
      case "text:list":
        this.listDepth += 1;
        break;
      case "text:note":
      case "office:annotation":
        if (this.noteDepth === 0) {
          this.noteDepth = 1;
          this.note = [];
        }
        break;
      case "table:table":
        this.tables.push({ builder: new TableBuilder(this.writer), row: [], cell: undefined });
        break;
      case "table:table-cell": {
        const table = this.tables.at(-1);
        if (!table) break;
        table.cell = {
          text: "",
          columns: Number(attributes["table:number-columns-spanned"]) || 1,
          rows: Number(attributes["table:number-rows-spanned"]) || 1,
        };
        break;
      }
    }
  }

  text(text: string): void {
    const paragraph = this.paragraphs.at(-1);
    // Spaces that count are elements; line ends within a paragraph are the file's.
    if (paragraph && this.hiddenDepth === 0) paragraph.text += text.replace(/\s+/g, " ");
  }

  close(name: string): void {
    if (this.hiddenDepth > 0) {
      this.hiddenDepth -= 1;
      return;
    }
    if (name === "text:p" || name === "text:h") this.endParagraph();
    else if (name === "text:list") this.listDepth -= 1;
    else if (name === "draw:frame" || name === "draw:custom-shape") this.frame = undefined;
    else if (name === "table:table-cell") this.endCell();
    else if (name === "table:table-row") this.endRow();
    else if (name === "table:table") this.endTable();
    if (this.noteDepth > 0) {
      this.noteDepth -= 1;
      if (this.noteDepth === 0) this.endNote();
    }
  }

  end(): void {
    while (this.paragraphs.length > 0) this.endParagraph();
    while (this.tables.length > 0) {
      this.endCell();
      this.endRow();
      this.endTable();
    }
    this.writePending();
  }

  private isTitle(style: string | undefined): boolean {
    const base = this.parents.get(style ?? "") ?? style;
    return base === "Title";
  }

  private endParagraph(): void {
    const paragraph = this.paragraphs.pop();
    if (!paragraph) return;
    const { text, heading, style } = paragraph;
    if (this.noteDepth > 0) {
      this.note.push(text);
      return;
    }
    const cell = this.tables.at(-1)?.cell;
    if (cell) {
      cell.text += cell.text === "" ? text : `\n${text}`;
      return;
    }
    // A slide without a title has one all the same: its first line, if that is short.
    const isTitleLine = this.isSlideEmpty && this.listDepth === 0 && text.length <= 80;
    if (text.trim() !== "") this.isSlideEmpty = false;
    if (heading !== undefined) this.writer.heading(heading, text);
    else if (isTitleLine) this.writer.heading(1, text);
    else if (this.frame === "title" || this.isTitle(style)) {
      this.writer.heading(1, text);
      this.title ??= text.trim() || undefined;
    } else if (this.listDepth > 0) this.writer.listItem(this.listDepth - 1, text);
    else this.writer.paragraph(text);
    if (this.paragraphs.length === 0) this.writePending();
  }

  private endNote(): void {
    this.pending.push(this.note.join("\n"));
    this.note = [];
    if (this.paragraphs.length === 0 && this.tables.length === 0) this.writePending();
  }

  private writePending(): void {
    for (const note of this.pending) this.writer.paragraph(note);
    this.pending = [];
  }

  private endCell(): void {
    const table = this.tables.at(-1);
    if (!table?.cell) return;
    table.row.push(table.cell);
    table.cell = undefined;
  }

  private endRow(): void {
    const table = this.tables.at(-1);
    if (!table || table.row.length === 0) return;
    const outer = this.tables.at(-2)?.cell;
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
    if (this.paragraphs.length === 0) this.writePending();
  }
}
