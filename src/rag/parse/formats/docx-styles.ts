import { readXml } from "../xml.ts";
import type { Zip } from "../zip.ts";

interface Style {
  name: string;
  basedOn: string | undefined;
  outline: number | undefined;
  numberId: string | undefined;
  numberLevel: number | undefined;
}

/** What a paragraph style means for a reader of the text. */
export interface ParagraphStyle {
  /** The level of a heading, from 1. */
  readonly heading: number | undefined;
  readonly isTitle: boolean;
  /** A line of a table of contents or of an index. */
  readonly isContents: boolean;
  /** The numbering that its paragraphs have; "0" is none. */
  readonly numberId: string | undefined;
  readonly numberLevel: number | undefined;
  /** The style that the numbering comes from: this one or one that it is based on. */
  readonly numberedBy: string | undefined;
}

const plain: ParagraphStyle = {
  heading: undefined,
  isTitle: false,
  isContents: false,
  numberId: undefined,
  numberLevel: undefined,
  numberedBy: undefined,
};
const contents = /^(toc \d|toc heading|contents \d|contents heading|table of figures|index \d)/i;
const maxInheritance = 32;

/** Reads a document's styles; answers what each means, by its id. */
export async function readStyles(
  zip: Zip,
  part: string,
): Promise<(id: string | undefined) => ParagraphStyle> {
  const styles = new Map<string, Style>();
  let style: Style | undefined;
  await readXml(zip.stream(part), {
    open(name, attributes) {
      const value = attributes["w:val"];
      if (name === "w:style") {
        style = {
          name: "",
          basedOn: undefined,
          outline: undefined,
          numberId: undefined,
          numberLevel: undefined,
        };
        styles.set(attributes["w:styleId"] ?? "", style);
      } else if (!style) return;
      else if (name === "w:name") style.name = value ?? "";
      else if (name === "w:basedOn") style.basedOn = value;
      else if (name === "w:outlineLvl") style.outline = Number(value);
      else if (name === "w:numId") style.numberId = value;
      else if (name === "w:ilvl") style.numberLevel = Number(value) || 0;
    },
    close(name) {
      if (name === "w:style") style = undefined;
    },
  });

  const resolve = (id: string): ParagraphStyle => {
    const result: { -readonly [Key in keyof ParagraphStyle]: ParagraphStyle[Key] } = { ...plain };
    let next: string | undefined = id;
    for (let step = 0; next !== undefined && step < maxInheritance; step += 1) {
      const found: Style | undefined = styles.get(next);
      const name = found?.name ?? next;
      if (step === 0) result.isTitle = /^title$/i.test(name);
      result.isContents ||= contents.test(name);
      if (result.numberId === undefined && found?.numberId !== undefined) {
        result.numberId = found.numberId;
        result.numberedBy = next;
      }
      result.numberLevel ??= found?.numberLevel;
      // Levels count from 0; 9 is body text.
      const outline = found?.outline ?? Number(/^heading ?([1-9])$/i.exec(name)?.[1] ?? 10) - 1;
      if (outline < 9) result.heading ??= outline + 1;
      next = found?.basedOn;
    }
    return result;
  };
  const known = new Map<string, ParagraphStyle>();
  return (id) => {
    if (id === undefined) return plain;
    const found = known.get(id) ?? resolve(id);
    known.set(id, found);
    return found;
  };
}
