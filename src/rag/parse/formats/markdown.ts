import type { BlockWriter, TableWriter } from "../block-writer.ts";
import { maxBlockLength } from "../document.ts";
import { decodeText } from "../encoding.ts";
import { beforeText } from "../number-formats.ts";
import { joinWrapped } from "../plain-text.ts";
import type { TextReader } from "../reader.ts";
import { lines } from "../text-lines.ts";
import { writeHtml } from "./html.ts";
import { FrontMatter } from "./markdown-front-matter.ts";
import { stripInlineMarkdown } from "./markdown-inline.ts";

/** Chinese authors often leave out the space. */
const heading = /^ {0,3}(#{1,6})(?:[ \t]+|(?=\p{Script=Han}))(.*)$/u;
const closingMarks = /(?<![ \t])[ \t]+#+[ \t]*$/;
/** Names and classes of a heading, for links to it. */
const headingId = /(?<!\s)\s*\{[#.:][^{}]*\}\s*$/;
/** The begin or end of a box, with its title; in a quotation GitHub's mark of one. */
const box = /^ {0,3}:{3,}\s*(?:\{[^{}]*\}|[\w-]+)?\s*(.*)$|^\[!\w+\]\s*$/;
const underline = /^ {0,3}(=+|-{2,})\s*$/;
const rule = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const fence = /^(\s*)(`{3,}|~{3,})\s*([^\s`{]*)[^`]*$/;
/** A number of three digits is a year or the like: nobody counts a list so far. */
const listMark = /^(\s*)(?:([-*+]|\d{1,2}[.)])(?:\s+|$)|(\d{1,2}、)(?=\S))(?:\[[ xX]\]\s+)?(.*)$/;
/** No two runs of space meet in it: of a line of spaces each would be tried in every length. */
const tableRule = /^\s*(?:\|\s*)?:?-+:?(?:\s*\|\s*:?-+:?)*\s*(?:\|\s*)?$/;
const linkDefinition = /^ {0,3}\[(?!\^)[^\]]+\]:\s*\S+/;
const footnote = /^ {0,3}\[\^[^\]]+\]:\s*/;
const quote = /^ {0,3}(>\s?)+/;
const htmlBlock = /^\s*<\/?[a-z][\w-]*(\s|\/?>)/i;

/** The cells of a table's row; a bar after a backslash is text. */
function splitCells(line: string): string[] {
  const inner = line
    .trim()
    .replace(/^\|/, "")
    .replace(/(?<!\\)\|$/, "");
  return inner
    .split(/(?<!\\)\|/)
    .map((cell) => stripInlineMarkdown(cell.trim().replaceAll("\\|", "|")));
}

/** A block of code that is open. */
interface OpenCode {
  /** What ends it; empty for one that indentation makes. */
  readonly fence: string;
  /** Characters that stand before the fence. */
  readonly indent: number;
  readonly language: string;
  lines: string[];
  length: number;
}

/**
 * Reads Markdown (CommonMark with tables, task lists, footnotes and front matter) line by line.
 * Texts lose their markup; links keep their text, images their description.
 */
class MarkdownBlocks {
  private firstHeading: string | undefined;
  private paragraph: string[] = [];
  private length = 0;
  /** Set while the paragraph is an item of a list. */
  private item: number | undefined;
  /** Indentations of the lists that are open, outermost first. */
  private indents: number[] = [];
  private code: OpenCode | undefined;
  private table: TableWriter | undefined;
  private comment = false;
  private readonly frontMatter = new FrontMatter();
  private afterBlank = true;

  constructor(private readonly writer: BlockWriter) {}

  /** The title of the front matter, else the first heading of level 1. */
  get title(): string | undefined {
    return this.frontMatter.title ?? this.firstHeading;
  }

  line(raw: string): void {
    if (this.frontMatter.takes(raw)) return;
    if (this.code) {
      this.readCode(raw);
      return;
    }
    const line = this.withoutComment(raw).replace(quote, "");
    if (line.trim() === "") {
      this.flush();
      this.afterBlank = true;
      return;
    }
    this.readLine(line);
    this.afterBlank = false;
  }

  end(): void {
    if (this.code) this.endCode();
    this.flush();
  }

  private readLine(line: string): void {
    if (this.table) {
      if (line.includes("|")) {
        this.table.row(splitCells(line));
        return;
      }
      this.flush();
    }
    const opening = fence.exec(line);
    if (opening) {
      this.flush();
      const [, indent = "", mark = "", language = ""] = opening;
      this.code = { fence: mark, indent: indent.length, language, lines: [], length: 0 };
      return;
    }
    const title = heading.exec(line);
    if (title) {
      this.flush();
      const text = (title[2] ?? "").replace(closingMarks, "").replace(headingId, "");
      this.writeHeading(title[1]?.length ?? 1, text);
      return;
    }
    const boxed = box.exec(line);
    if (boxed) {
      this.flush();
      if (boxed[1]) this.add(boxed[1]);
      this.flush();
      return;
    }
    const previous = this.paragraph.at(-1);
    if (tableRule.test(line) && line.includes("|") && previous?.includes("|")) {
      this.paragraph.pop();
      this.flush();
      this.table = this.writer.table(splitCells(previous));
      return;
    }
    const under = underline.exec(line)?.[1];
    if (under && this.paragraph.length > 0 && this.item === undefined) {
      const text = joinWrapped(...this.paragraph);
      this.paragraph = [];
      this.writeHeading(under.startsWith("=") ? 1 : 2, text);
      return;
    }
    if (rule.test(line)) {
      this.flush();
      return;
    }
    if (this.readListItem(line)) return;
    if (linkDefinition.test(line) && this.paragraph.length === 0) return;
    const indent = line.search(/\S/);
    if (this.afterBlank) {
      if (indent === 0) this.indents = [];
      else if (this.indents.length === 0 && /^( {4}|\t)/.test(line)) {
        this.code = { fence: "", indent: 0, language: "", lines: [], length: 0 };
        this.readCode(line);
        return;
      }
    }
    this.add(line.replace(footnote, ""));
  }

  private readListItem(line: string): boolean {
    const match = listMark.exec(line);
    if (!match) return false;
    const [, space = "", western = "", chinese = "", text = ""] = match;
    const mark = western + chinese;
    // Within a paragraph only a bullet or a 1 starts a list: a line may begin with "1986. ".
    const interrupts = this.item !== undefined || /^([-*+]|1[.)]|\d+、)$/.test(mark);
    if (this.paragraph.length > 0 && (!interrupts || text === "")) return false;
    this.flush();
    const indent = space.replaceAll("\t", "    ").length;
    while (this.indents.length > 0 && indent < (this.indents.at(-1) ?? 0)) this.indents.pop();
    if (this.indents.length === 0 || indent > (this.indents.at(-1) ?? 0) + 1) {
      this.indents.push(indent);
    }
    this.item = this.indents.length - 1;
    // Others refer to a number.
    this.add(/\d/.test(mark) ? beforeText(mark) + text : text);
    return true;
  }

  private add(line: string): void {
    // Two spaces or a backslash at the end break the line.
    const broken = / {2,}$|\\$/.test(line);
    this.paragraph.push(broken ? `${line.replace(/\\$/, "").trim()}<br>` : line.trim());
    this.length += line.length;
    if (this.length > maxBlockLength) this.flush();
  }

  /** Writes the open paragraph, item or table. */
  private flush(): void {
    this.table?.end();
    this.table = undefined;
    const first = this.paragraph[0];
    const { item } = this;
    if (first !== undefined) {
      if (htmlBlock.test(first) && item === undefined) {
        writeHtml([this.paragraph.join("\n")], this.writer, { isPage: false });
      } else {
        const text = stripInlineMarkdown(joinWrapped(...this.paragraph));
        if (item === undefined) this.writer.paragraph(text);
        else this.writer.listItem(item, text);
      }
    }
    this.paragraph = [];
    this.length = 0;
    this.item = undefined;
  }

  private writeHeading(level: number, raw: string): void {
    const text = stripInlineMarkdown(raw).trim();
    this.indents = [];
    this.length = 0;
    this.writer.heading(level, text);
    if (level === 1 && text !== "") this.firstHeading ??= text;
  }

  private readCode(line: string): void {
    const { code } = this;
    if (!code) return;
    if (code.fence === "") {
      if (line.trim() !== "" && !/^( {4}|\t)/.test(line)) {
        this.endCode();
        this.line(line);
        return;
      }
      code.lines.push(line.replace(/^( {4}|\t)/, ""));
    } else {
      const closing = line.trim();
      const isClosed =
        closing.length >= code.fence.length && closing === closing.charAt(0).repeat(closing.length);
      if (isClosed && closing.startsWith(code.fence)) {
        this.endCode();
        return;
      }
      // Within a list the code is indented as its fence is.
      const indent = Math.max(0, line.search(/\S/));
      code.lines.push(line.slice(Math.min(indent, code.indent)));
    }
    code.length += line.length;
    if (code.length > maxBlockLength) {
      this.writer.code(code.lines.join("\n"), code.language);
      code.lines = [];
      code.length = 0;
    }
  }

  private endCode(): void {
    const { code } = this;
    this.code = undefined;
    if (code) this.writer.code(code.lines.join("\n"), code.language);
  }

  private withoutComment(raw: string): string {
    let line = raw;
    if (this.comment) {
      const end = line.indexOf("-->");
      if (end < 0) return "";
      this.comment = false;
      line = line.slice(end + 3);
    }
    line = line.replace(/<!--.*?-->/g, "");
    const start = line.indexOf("<!--");
    if (start < 0) return line;
    this.comment = true;
    return line.slice(0, start);
  }
}

/** Writes the blocks of Markdown; returns its title. */
export function writeMarkdown(pieces: Iterable<string>, writer: BlockWriter): string | undefined {
  const blocks = new MarkdownBlocks(writer);
  for (const line of lines(pieces)) blocks.line(line);
  blocks.end();
  return blocks.title;
}

export const readMarkdown: TextReader = ({ source, encoding, writer }) => ({
  title: writeMarkdown(decodeText(source, encoding), writer),
});
