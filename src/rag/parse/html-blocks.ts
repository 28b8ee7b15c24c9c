import type { BlockWriter } from "./block-writer.ts";
import { HtmlLists } from "./html-lists.ts";
import { isUnspaced } from "./plain-text.ts";
import { type Cell, TableBuilder } from "./table-builder.ts";
import type { Attributes } from "./xml.ts";

/** Never text for a reader. */
const invisible = new Set(
  `script style noscript template svg iframe object embed audio video canvas map select textarea
  input datalist dialog rt rp annotation annotation-xml head`.split(/\s+/),
);
/** Parts of a web page around its content. */
const surroundings = new Set(["nav", "footer", "aside", "menu", "search"]);
const surroundingRoles = new Set([
  "navigation",
  "banner",
  "contentinfo",
  "search",
  "complementary",
]);

const blocks = new Set(
  `address article aside blockquote body center dd details div dl dt fieldset figcaption figure
  footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main nav ol p pre section summary
  table ul caption thead tbody tfoot tr td th`.split(/\s+/),
);

const maxInline = 131_072;
const maxFormText = 400;

interface OpenTable {
  readonly builder: TableBuilder;
  row: Cell[] | undefined;
  cell: { text: string; columns: number; rows: number } | undefined;
}

export interface HtmlOptions {
  /** Whether the text comes from a web page, whose navigation and surroundings are left out. */
  readonly isPage: boolean;
  /** Whether `<x/>` is an element without content. Default: false. */
  readonly isXhtml?: boolean;
}

/**
 * Turns the events of an HTML parser into blocks as they come. It holds the text of the block that
 * is open and counters, no tree: nesting costs nothing.
 */
export class HtmlBlocks {
  title: string | undefined;
  private text = "";
  private isLineStart = true;
  private heading: number | undefined;
  private preformatted: { depth: number; language: string | undefined } | undefined;
  private item: number | undefined;
  private readonly lists = new HtmlLists();
  /** The number of the item whose first block is open. */
  private label = "";
  private hidden: { name: string; depth: number } | undefined;
  private titleText: string | undefined;
  private table: OpenTable | undefined;
  private header = 0;
  /** Text of a form, held back until there is too much of it for a search box. */
  private form: (() => void)[] | undefined;
  private formLength = 0;

  constructor(
    private readonly writer: BlockWriter,
    private readonly options: HtmlOptions,
  ) {}

  open(name: string, attributes: Attributes): void {
    if (this.hidden) {
      if (name === this.hidden.name) this.hidden.depth += 1;
      // A title stands in the head, which is hidden otherwise.
      if (name === "title" && this.hidden.name === "head") this.titleText ??= "";
      // Many pages never close their head.
      if (this.hidden.name !== "head" || (name !== "body" && !blocks.has(name))) return;
      this.hidden = undefined;
    }
    if (name === "title" && this.title === undefined) {
      this.titleText = "";
      this.hidden = { name, depth: 1 };
      return;
    }
    if (this.isHidden(name, attributes)) {
      this.hidden = { name, depth: 1 };
      return;
    }
    if (name === "br") this.text += "\n";
    if (this.preformatted) {
      if (name === "pre") this.preformatted.depth += 1;
      if (name === "code") this.preformatted.language ??= languageOf(attributes);
      return;
    }
    if (!blocks.has(name)) return;
    if (this.table && this.openInTable(name, attributes)) return;
    this.flush();
    const level = /^h([1-6])$/.exec(name)?.[1];
    if (level) this.heading = Number(level);
    else if (name === "ul" || name === "ol") this.lists.enter(name, attributes);
    else if (name === "li") {
      this.item = this.lists.depth ?? 0;
      this.label = this.lists.label(attributes);
    } else if (name === "pre") this.preformatted = { depth: 1, language: languageOf(attributes) };
    else if (name === "header") this.header += 1;
    else if (name === "form" && this.options.isPage) this.form ??= [];
    else if (name === "table" && attributes.role !== "presentation") {
      this.releaseForm();
      this.table = { builder: new TableBuilder(this.writer), row: undefined, cell: undefined };
    }
  }

  addText(text: string): void {
    if (this.titleText !== undefined && this.hidden) this.titleText += text;
    if (this.hidden) return;
    if (this.table && !this.table.cell && text.trim() === "") return;
    this.text += this.preformatted ? text : inlineText(text);
    this.isLineStart = false;
    if (this.text.length <= maxInline) return;
    // A cell of this length is a page in a layout, not a cell.
    if (this.table) this.endTable();
    else this.flush();
  }

  close(name: string): void {
    if (name === "title" && this.titleText !== undefined) {
      this.title ??= this.titleText;
      this.titleText = undefined;
    }
    if (this.hidden) {
      if (name === this.hidden.name) this.hidden.depth -= 1;
      if (this.hidden.depth === 0) this.hidden = undefined;
      return;
    }
    if (this.preformatted) {
      if (name !== "pre") return;
      this.preformatted.depth -= 1;
      if (this.preformatted.depth > 0) return;
      this.flush();
      this.preformatted = undefined;
      return;
    }
    if (!blocks.has(name)) return;
    if (this.table && this.closeInTable(name)) return;
    this.flush();
    if (/^h[1-6]$/.test(name)) this.heading = undefined;
    else if (name === "ul" || name === "ol") {
      this.lists.leave();
      // What follows in the outer item belongs to it.
      this.item = this.lists.depth;
    } else if (name === "li") this.item = undefined;
    else if (name === "header") this.header = Math.max(0, this.header - 1);
    else if (name === "form") {
      this.form = undefined;
      this.formLength = 0;
    }
  }

  end(): void {
    if (this.table) this.endTable();
    this.flush();
    this.form = undefined;
  }

  private isHidden(name: string, attributes: Attributes): boolean {
    if (invisible.has(name)) return true;
    // A heading that unfolds what is below it is a button: so are the questions of many a FAQ.
    if (name === "button" && this.heading === undefined) return true;
    if ("hidden" in attributes || attributes["aria-hidden"] === "true") return name !== "body";
    if (/(^|;)\s*display\s*:\s*none/i.test(attributes.style ?? "")) return true;
    if (!this.options.isPage) return false;
    return surroundings.has(name) || surroundingRoles.has(attributes.role ?? "");
  }

  /** Whether the element belongs to the table; false where the table turned out to be none. */
  private openInTable(name: string, attributes: Attributes): boolean {
    const table = this.table;
    if (!table) return false;
    if (name === "table" || /^h[1-6]$/.test(name)) {
      // A table around tables or sections lays out a page: its cells are plain blocks.
      this.endTable();
      return false;
    }
    if (name === "tr") this.endRow(table);
    else if (name === "td" || name === "th") {
      this.endCell(table);
      table.cell = {
        text: "",
        columns: span(attributes.colspan),
        rows: span(attributes.rowspan),
      };
    } else this.breakLine();
    return true;
  }

  private closeInTable(name: string): boolean {
    const table = this.table;
    if (!table) return false;
    if (name === "td" || name === "th") this.endCell(table);
    else if (name === "tr") this.endRow(table);
    else if (name === "caption") {
      this.writer.paragraph(this.text);
      this.text = "";
    } else if (name === "table") this.endTable();
    else this.breakLine();
    return true;
  }

  /** Begins a line within a cell. */
  private breakLine(): void {
    if (this.text !== "" && !this.isLineStart) this.text += "\n";
    this.isLineStart = true;
  }

  private endCell(table: OpenTable): void {
    if (!table.cell) {
      // Text between cells is misplaced: it is kept, before the row.
      this.writer.paragraph(this.text);
    } else {
      const { columns, rows } = table.cell;
      table.row ??= [];
      if (table.row.length < 4096) table.row.push({ text: this.text, columns, rows });
    }
    this.text = "";
    table.cell = undefined;
  }

  private endRow(table: OpenTable): void {
    this.endCell(table);
    if (table.row) table.builder.row(table.row);
    table.row = undefined;
  }

  private endTable(): void {
    const table = this.table;
    if (!table) return;
    this.endRow(table);
    table.builder.end();
    this.table = undefined;
  }

  /** Writes the open block. */
  private flush(): void {
    const { text, heading, item, preformatted, label } = this;
    this.text = "";
    if (text.trim() === "") return;
    this.label = "";
    // Of a page's header the headings are kept: the title of an article often stands there.
    if (this.header > 0 && this.options.isPage && heading === undefined) return;
    this.hold(text.length, () => {
      if (preformatted) this.writer.code(text, preformatted.language);
      else if (heading !== undefined) this.writer.heading(heading, text);
      else if (item !== undefined) this.writer.listItem(item, label + text.trimStart());
      else this.writer.paragraph(text);
    });
  }

  /** Within a form, waits until there is more text than a search box or a login has. */
  private hold(length: number, write: () => void): void {
    if (!this.form) {
      write();
      return;
    }
    this.form.push(write);
    this.formLength += length;
    if (this.formLength >= maxFormText) this.releaseForm();
  }

  private releaseForm(): void {
    for (const write of this.form ?? []) write();
    this.form = undefined;
    this.formLength = 0;
  }
}

const span = (value: string | undefined) => Math.max(1, Number.parseInt(value ?? "1", 10) || 1);

function languageOf(attributes: Attributes): string | undefined {
  return /(?:^|\s)(?:lang|language|highlight-source)-([\w+#-]{1,20})/.exec(
    attributes.class ?? "",
  )?.[1];
}

/** White space collapses; a line end between two Chinese characters is none of the text's. */
function inlineText(text: string): string {
  if (!/[\n\r]/.test(text)) return text;
  return text.replace(/[ \t]*[\n\r][\s]*/g, (gap, at: number) => {
    const before = text[at - 1] ?? "";
    const after = text[at + gap.length] ?? "";
    return isUnspaced(before) && isUnspaced(after) ? "" : " ";
  });
}
