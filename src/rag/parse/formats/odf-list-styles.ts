import { countIn } from "../number-formats.ts";
import { type Attributes, readXml } from "../xml.ts";

/** How one level of a list is numbered. */
interface Level {
  /** As `countIn` names it. */
  readonly format: string;
  /** `%1%.%2%` for example: the counts of the levels up to this one. */
  readonly pattern: string;
  readonly start: number;
}

/** The levels of a list that have numbers, from 1. */
export type ListStyle = ReadonlyMap<number, Level>;

export interface OdfStyles {
  readonly lists: ReadonlyMap<string, ListStyle>;
  /** Of headings that stand in no list. */
  readonly outline: ListStyle;
  /** Whether a paragraph style, or one that it comes from, says that its paragraphs have no number. */
  isUnnumbered(style: string | undefined): boolean;
}

const maxInheritance = 32;

/** ODF 1.3 part 3, 20.322, with the lists of LibreOffice, which are named by how they begin. */
const formats: Readonly<Record<string, string>> = {
  "1": "decimal",
  a: "lowerLetter",
  A: "upperLetter",
  i: "lowerRoman",
  I: "upperRoman",
  一: "chineseCounting",
  壹: "chineseLegalSimplified",
  甲: "ideographTraditional",
  子: "ideographZodiac",
  "①": "decimalEnclosedCircle",
  가: "ganada",
  а: "russianLower",
  А: "russianUpper",
};

function readLevel(at: number, attributes: Attributes): Level {
  const { "style:num-prefix": prefix = "", "style:num-suffix": suffix = "" } = attributes;
  const shown = Math.min(Number(attributes["text:display-levels"]) || 1, at);
  const counts = Array.from({ length: shown }, (_, index) => `%${at - shown + 1 + index}%`);
  const format = attributes["style:num-format"] ?? "";
  // The newer attribute says where each number stands; its namespace differs from version to version.
  const stated = attributes["loext:num-list-format"] ?? attributes["style:num-list-format"];
  return {
    format: formats[format.split(",", 1)[0] ?? ""] ?? "decimal",
    pattern: stated ?? `${prefix}${counts.join(".")}${suffix}`,
    start: Number(attributes["text:start-value"] ?? 1) || 0,
  };
}

/** Reads how lists and headings are numbered in the parts of a document that hold its styles. */
export async function readOdfStyles(parts: readonly Uint8Array[]): Promise<OdfStyles> {
  const lists = new Map<string, Map<number, Level>>();
  const outline = new Map<number, Level>();
  const paragraphs = new Map<string, { parent: string | undefined; list: string | undefined }>();
  let list: Map<number, Level> | undefined;
  for (const part of parts) {
    await readXml([part], {
      open(name, attributes) {
        if (name === "style:style" && attributes["style:family"] === "paragraph") {
          paragraphs.set(attributes["style:name"] ?? "", {
            parent: attributes["style:parent-style-name"],
            list: attributes["style:list-style-name"],
          });
        } else if (name === "text:outline-style") list = outline;
        else if (name === "text:list-style") {
          list = new Map();
          lists.set(attributes["style:name"] ?? "", list);
        } else if (name === "text:list-level-style-number" || name === "text:outline-level-style") {
          const at = Number(attributes["text:level"]) || 1;
          if (attributes["style:num-format"]) list?.set(at, readLevel(at, attributes));
        }
      },
    });
  }
  return {
    lists,
    outline,
    isUnnumbered(style) {
      let next = style;
      for (let step = 0; next !== undefined && step < maxInheritance; step += 1) {
        const found = paragraphs.get(next);
        if (found?.list !== undefined) return found.list === "";
        next = found?.parent;
      }
      return false;
    },
  };
}

const maxLabelLength = 40;

/** Counts the items of one list. */
export class ListCounter {
  private readonly counts = new Map<number, number>();

  /** What stands before the next item of a level, from 1; empty where it has no number. */
  next(style: ListStyle | undefined, at: number, start: number | undefined): string {
    const before = this.counts.get(at);
    const first = start ?? style?.get(at)?.start ?? 1;
    this.counts.set(at, start === undefined && before !== undefined ? before + 1 : first);
    for (const level of [...this.counts.keys()]) if (level > at) this.counts.delete(level);
    const label = style?.get(at)?.pattern.replace(/%(\d{1,2})%/g, (_, digits: string) => {
      const { format = "decimal", start = 1 } = style.get(Number(digits)) ?? {};
      return countIn(format, this.counts.get(Number(digits)) ?? start);
    });
    return (label ?? "").trim().slice(0, maxLabelLength);
  }
}
