import type { BlockWriter } from "../block-writer.ts";
import { type Cell, TableBuilder } from "../table-builder.ts";

interface Style {
  name: string;
  outline: number | undefined;
}

const isContents = (name: string) => /^(toc|contents|index) \d/i.test(name);

/** Puts the text of RTF together into blocks. */
export class RtfText {
  private paragraph = "";
  private style: number | undefined;
  private outline: number | undefined;
  private isItem = false;
  private depth = 0;
  private inTable = false;
  private table: TableBuilder | undefined;
  private cell = "";
  private row: Cell[] = [];
  /** For each cell of the row whether it goes on from the one above. */
  private merged: boolean[] = [];
  private nextIsMerged = false;
  private above: string[] = [];
  private readonly styles = new Map<number, Style>();
  private styleNumber = 0;
  private openStyle: Style = { name: "", outline: undefined };
  /** The paragraph in which a note stands, while the note is read. */
  private interrupted: string | undefined;
  private notes: string[] = [];

  constructor(private readonly writer: BlockWriter) {}

  write(text: string): void {
    this.paragraph += text;
  }

  markListItem(): void {
    this.isItem = true;
  }

  control(word: string, parameter: number | undefined): void {
    switch (word) {
      case "par":
      case "sect":
      case "page":
        this.endParagraph();
        break;
      case "pard":
        this.style = undefined;
        this.outline = undefined;
        this.isItem = false;
        this.depth = 0;
        this.inTable = false;
        break;
      case "s":
        this.style = parameter;
        break;
      case "outlinelevel":
        this.outline = parameter;
        break;
      case "ls":
        this.isItem = (parameter ?? 0) > 0;
        break;
      case "ilvl":
        this.depth = parameter ?? 0;
        break;
      case "intbl":
        this.inTable = true;
        break;
      case "trowd":
        this.merged = [];
        this.nextIsMerged = false;
        break;
      case "clvmrg":
        this.nextIsMerged = true;
        break;
      case "cellx":
        if (this.merged.length < 4096) this.merged.push(this.nextIsMerged);
        this.nextIsMerged = false;
        break;
      case "cell":
        this.endCell();
        break;
      case "nestcell":
        this.paragraph += " | ";
        break;
      case "nestrow":
        this.paragraph += "\n";
        break;
      case "row":
        this.endRow();
        break;
    }
  }

  styleControl(word: string, parameter: number | undefined): void {
    if (word === "s") this.styleNumber = parameter ?? 0;
    else if (word === "outlinelevel") this.openStyle.outline = parameter;
  }

  styleName(text: string): void {
    this.openStyle.name += text;
  }

  endStyle(): void {
    this.openStyle.name = this.openStyle.name.replace(/;.*$/s, "").trim();
    this.styles.set(this.styleNumber, this.openStyle);
    this.openStyle = { name: "", outline: undefined };
    this.styleNumber = 0;
  }

  startNote(): void {
    this.interrupted ??= this.paragraph;
    this.paragraph = "";
  }

  endNote(): void {
    if (this.interrupted === undefined) return;
    this.notes.push(this.paragraph);
    this.paragraph = this.interrupted;
    this.interrupted = undefined;
  }

  end(): void {
    this.endNote();
    if (this.row.length > 0) this.endRow();
    this.inTable = false;
    this.endParagraph();
  }

  private endParagraph(): void {
    if (this.interrupted !== undefined) {
      this.paragraph += "\n";
      return;
    }
    const text = this.paragraph;
    this.paragraph = "";
    if (this.inTable) {
      this.cell += `${text}\n`;
      return;
    }
    this.endTable();
    const style = this.style === undefined ? undefined : this.styles.get(this.style);
    const name = style?.name ?? "";
    if (isContents(name)) return;
    const outline = this.outline ?? style?.outline;
    const level = /^heading ([1-9])/i.exec(name)?.[1];
    if (/^title$/i.test(name)) this.writer.heading(1, text);
    else if (level !== undefined) this.writer.heading(Number(level), text);
    else if (outline !== undefined && outline < 9) this.writer.heading(outline + 1, text);
    else if (this.isItem) this.writer.listItem(this.depth, text);
    else this.writer.paragraph(text);
    this.writeNotes();
  }

  private writeNotes(): void {
    for (const note of this.notes) this.writer.paragraph(note);
    this.notes = [];
  }

  private endCell(): void {
    const column = this.row.length;
    const own = this.cell + this.paragraph;
    const text = this.merged[column] ? (this.above[column] ?? "") : own;
    this.above[column] = text;
    if (column < 4096) this.row.push({ text });
    this.cell = "";
    this.paragraph = "";
  }

  private endRow(): void {
    this.table ??= new TableBuilder(this.writer);
    this.table.row(this.row);
    this.row = [];
    this.cell = "";
    this.paragraph = "";
  }

  private endTable(): void {
    if (!this.table) return;
    this.table.end();
    this.table = undefined;
    this.above = [];
    this.writeNotes();
  }
}
