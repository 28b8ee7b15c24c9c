import { AppError } from "../../../errors.ts";
import type { BlockWriter } from "../block-writer.ts";
import type { TextReader } from "../reader.ts";
import { RecordWriter } from "../record-writer.ts";
import { pieces } from "../source.ts";
import { type Attributes, readXml, xmlEncoding } from "../xml.ts";
import { writeHtml } from "./html.ts";

interface Frame {
  readonly name: string;
  readonly attributes: Attributes;
  /** 1 for the root. */
  readonly depth: number;
  /** Text of the element, that of inline children included. */
  text: string;
  hasText: boolean;
  /** Children that hold nothing but text, until it is known whether text stands beside them. */
  leaves: { name: string; text: string }[];
  hasChildren: boolean;
}

const headingName = /^(title|head|heading|h[1-6])$/i;
const notShown = /^(xmlns|xml:|xsi:|id$|class$|style$|href$|src$)/;
const maxLabelled = 200;
/** Feeds and exports carry HTML as text, escaped or in a CDATA section. */
const markup =
  /<(p|br|div|span|a|b|i|em|strong|ul|ol|li|h[1-6]|table|img|blockquote|pre)(\s[^<>]*)?\/?>/i;

const localName = (name: string) => name.slice(name.indexOf(":") + 1);

/** Writes what XML of an unknown kind says: records as `name: value`, running text as paragraphs. */
class XmlText {
  private readonly frames: Frame[] = [];
  private readonly records: RecordWriter;

  constructor(private readonly writer: BlockWriter) {
    this.records = new RecordWriter(writer);
  }

  open(name: string, attributes: Attributes): void {
    const grandparent = this.frames.at(-2);
    // What stands before an element that has children of its own comes before them.
    if (grandparent) this.writeLeaves(grandparent);
    const parent = this.frames.at(-1);
    if (parent) parent.hasChildren = true;
    this.frames.push({
      name: localName(name),
      attributes,
      depth: this.frames.length + 1,
      text: "",
      hasText: false,
      leaves: [],
      hasChildren: false,
    });
  }

  text(text: string): void {
    const frame = this.frames.at(-1);
    if (!frame) return;
    const isBlank = text.trim() === "";
    if (isBlank && frame.text === "") return;
    frame.hasText ||= !isBlank;
    if (frame.leaves.length > 0 && !isBlank) {
      frame.text += frame.leaves.map((leaf) => leaf.text).join(" ");
      frame.leaves = [];
    }
    frame.text += text;
    if (frame.text.length > 1_048_576) {
      this.records.end();
      this.writer.paragraph(frame.text);
      frame.text = "";
    }
  }

  close(): void {
    const frame = this.frames.pop();
    if (!frame) return;
    const parent = this.frames.at(-1);
    this.writeLeaves(frame);
    const text = frame.text.trim();
    if (text === "") {
      const values = Object.entries(frame.attributes)
        .filter(([name]) => !notShown.test(name))
        .map(([name, value]) => `${name} ${value}`);
      if (frame.hasChildren) this.records.end();
      else this.addLeaf(parent, frame.name, values.join(", "));
    } else if (!frame.hasChildren && parent && !parent.hasText && markup.test(text)) {
      this.writeLeaves(parent);
      this.records.end();
      writeHtml([text], this.writer, { isPage: false });
    } else if (!parent) this.records.field("", text);
    else if (parent.hasText) parent.text += ` ${text} `;
    else {
      const isLabelled = !frame.hasChildren && text.length <= maxLabelled;
      this.addLeaf(parent, isLabelled ? frame.name : "", text);
    }
  }

  end(): void {
    while (this.frames.length > 0) this.close();
    this.records.end();
  }

  private addLeaf(parent: Frame | undefined, name: string, text: string): void {
    if (!parent || text === "" || parent.hasText) return;
    parent.leaves.push({ name, text });
    if (parent.leaves.length > 100) this.writeLeaves(parent);
  }

  private writeLeaves(frame: Frame): void {
    for (const { name, text } of frame.leaves) {
      if (headingName.test(name)) {
        this.records.end();
        this.writer.heading(frame.depth, text);
      } else this.records.field(name, text);
    }
    frame.leaves = [];
  }
}

export const readXmlText: TextReader = async ({ source, encoding, writer }) => {
  const text = new XmlText(writer);
  let elements = 0;
  const stated = xmlEncoding(source.read(0, 1024));
  await readXml(
    pieces(source),
    {
      open(name, attributes) {
        elements += 1;
        text.open(name, attributes);
      },
      text: (piece) => text.text(piece),
      close: () => text.close(),
    },
    // A file that states UTF-8, or nothing, may still be something else.
    stated === "utf-8" ? encoding.label : stated,
  );
  text.end();
  if (elements === 0) throw new AppError("document_unreadable");
  return {};
};
