import type { BlockWriter } from "../block-writer.ts";
import type { Relationship } from "../ooxml.ts";
import { type Cell, TableBuilder } from "../table-builder.ts";
import { type Attributes, readXml } from "../xml.ts";
import type { Zip } from "../zip.ts";
import { readChart } from "./ooxml-chart.ts";

/** A block of a drawing, kept until the whole drawing was read: a slide's title may come last. */
type Piece =
  | { readonly kind: "title"; readonly text: string }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "item"; readonly text: string; readonly depth: number }
  | { readonly kind: "table"; readonly rows: readonly (readonly Cell[])[] }
  | { readonly kind: "chart" | "diagram"; readonly relationship: string };

/** Placeholders that every slide repeats. */
const repeated = new Set(["sldNum", "dt", "ftr", "hdr", "sldImg"]);

/** Collects the text of DrawingML: of a slide, its notes, or the drawings on a sheet. */
export class Drawing {
  readonly pieces: Piece[] = [];
  private shape: { placeholder: string | undefined } = { placeholder: undefined };
  private paragraph: { text: string; depth: number; bullet: boolean | undefined } | undefined;
  private inText = false;
  private field = false;
  private hiddenDepth = 0;
  private table: { readonly rows: Cell[][]; row: Cell[] } | undefined;
  private cell: { text: string; columns: number; rows: number; covered: boolean } | undefined;

  open(name: string, attributes: Attributes): void {
    if (this.hiddenDepth > 0 || name === "mc:Fallback") {
      this.hiddenDepth += 1;
      return;
    }
    switch (name) {
      case "p:sp":
        this.shape = { placeholder: undefined };
        break;
      case "p:ph":
        // A placeholder without a type holds the slide's content.
        this.shape = { placeholder: attributes.type ?? "body" };
        break;
      case "a:p":
        this.paragraph = { text: "", depth: 0, bullet: undefined };
        break;
      case "a:pPr":
        if (this.paragraph) this.paragraph.depth = Number(attributes.lvl) || 0;
        break;
      case "a:buNone":
        if (this.paragraph) this.paragraph.bullet = false;
        break;
      case "a:buChar":
      case "a:buAutoNum":
        if (this.paragraph) this.paragraph.bullet = true;
        break;
      case "a:fld":
        // Page numbers and dates are put in by the program.
        this.field = /^(slidenum|datetime)/.test(attributes.type ?? "");
        break;
      case "a:t":
        this.inText = true;
        break;
      case "a:br":
        if (this.paragraph) this.paragraph.text += "\n";
        break;
      case "a:tbl":
        this.table = { rows: [], row: [] };
        break;
      case "a:tc":
        this.cell = {
          text: "",
          columns: Number(attributes.gridSpan) || 1,
          rows: Number(attributes.rowSpan) || 1,
          covered: attributes.hMerge === "1" || attributes.vMerge === "1",
        };
        break;
      case "c:chart":
        this.pieces.push({ kind: "chart", relationship: attributes["r:id"] ?? "" });
        break;
      case "dgm:relIds":
        this.pieces.push({ kind: "diagram", relationship: attributes["r:dm"] ?? "" });
        break;
    }
  }

  text(text: string): void {
    if (this.inText && !this.field && this.paragraph) this.paragraph.text += text;
  }

  close(name: string): void {
    if (this.hiddenDepth > 0) {
      this.hiddenDepth -= 1;
      return;
    }
    if (name === "a:t") this.inText = false;
    else if (name === "a:fld") this.field = false;
    else if (name === "a:p") this.endParagraph();
    else if (name === "a:tc") this.endCell();
    else if (name === "a:tr" && this.table) {
      this.table.rows.push(this.table.row);
      this.table.row = [];
    } else if (name === "a:tbl" && this.table) {
      this.pieces.push({ kind: "table", rows: this.table.rows });
      this.table = undefined;
    } else if (name === "p:sp") this.shape = { placeholder: undefined };
  }

  private endParagraph(): void {
    const { paragraph } = this;
    this.paragraph = undefined;
    if (!paragraph) return;
    const { text, depth, bullet } = paragraph;
    if (this.cell) {
      if (this.cell.text !== "") this.cell.text += "\n";
      this.cell.text += text;
      return;
    }
    const placeholder = this.shape.placeholder ?? "";
    if (text.trim() === "" || repeated.has(placeholder)) return;
    if (placeholder === "title" || placeholder === "ctrTitle") {
      const last = this.pieces.at(-1);
      // A title of several paragraphs is one title.
      if (last?.kind === "title") {
        this.pieces[this.pieces.length - 1] = { kind: "title", text: `${last.text} ${text}` };
      } else this.pieces.push({ kind: "title", text });
    } else if (bullet ?? (placeholder === "body" || placeholder === "obj")) {
      this.pieces.push({ kind: "item", text, depth });
    } else this.pieces.push({ kind: "text", text });
  }

  private endCell(): void {
    const { cell, table } = this;
    this.cell = undefined;
    // A cell that another one covers is there all the same; the one that covers it fills its place.
    if (!cell || !table || cell.covered) return;
    table.row.push({ text: cell.text, columns: cell.columns, rows: cell.rows });
  }
}

/** Writes what a drawing holds, its title first. */
export async function writeDrawing(
  drawing: Drawing,
  writer: BlockWriter,
  parts: { zip: Zip; relationships: Map<string, Relationship>; isSlide?: boolean },
): Promise<void> {
  const { isSlide = false } = parts;
  const titles = drawing.pieces.filter((piece) => piece.kind === "title");
  const others = drawing.pieces.filter((piece) => piece.kind !== "title");
  const [first] = others;
  // A slide without a title has one all the same: its first line, if that is short.
  if (titles.length === 0 && isSlide && first?.kind === "text" && first.text.length <= 80) {
    titles.push({ kind: "title", text: first.text });
    others.shift();
  }
  for (const title of titles) writer.heading(1, title.text);
  for (const piece of others) {
    if (piece.kind === "text") writer.paragraph(piece.text);
    else if (piece.kind === "item") writer.listItem(piece.depth, piece.text);
    else if (piece.kind === "table") {
      const builder = new TableBuilder(writer);
      for (const row of piece.rows) builder.row(row);
      builder.end();
    } else {
      const part = parts.relationships.get(piece.relationship)?.target;
      if (part === undefined) continue;
      if (piece.kind === "chart") await readChart(parts.zip, part, writer);
      else await writeDiagram(parts.zip, part, writer);
    }
  }
}

/** SmartArt: the text of each of its points. */
async function writeDiagram(zip: Zip, part: string, writer: BlockWriter): Promise<void> {
  let text = "";
  let inText = false;
  await readXml(zip.stream(part), {
    open(name) {
      inText = name === "a:t";
      if (name === "dgm:pt") text = "";
    },
    text(piece) {
      if (inText) text += piece;
    },
    close(name) {
      inText = false;
      if (name === "dgm:pt") writer.listItem(0, text);
    },
  });
}
