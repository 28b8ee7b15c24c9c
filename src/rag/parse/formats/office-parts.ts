import { strToU8, type Zippable, zipSync } from "fflate";
import { resolvePath } from "../paths.ts";
import { readXml, xmlEncoding } from "../xml.ts";
import type { Zip } from "../zip.ts";

/** The documents of a book that list its chapters. */
async function contentsOfBook(zip: Zip): Promise<Set<string>> {
  const contents = new Set<string>();
  for (const name of zip.names.filter((one) => one.endsWith(".opf"))) {
    await readXml(zip.stream(name), {
      open(_element, { properties = "", href }) {
        if (href && properties.split(/\s+/).includes("nav")) contents.add(resolvePath(name, href));
      },
    });
  }
  return contents;
}

/** A slide without what every slide repeats: its number, the date, headers and footers. */
function withoutRunningText(slide: string): string {
  const [before = "", ...shapes] = slide.split(/(?=<p:sp[ >])/);
  const kept = shapes.map((shape) => {
    const end = shape.indexOf("</p:sp>");
    const isRunning = /<p:ph\b[^>]*\btype="(sldNum|dt|ftr|hdr)"/.test(shape.slice(0, end));
    return isRunning ? shape.slice(end + "</p:sp>".length) : shape;
  });
  return before + kept.join("");
}

/**
 * OpenDocument without tables of contents and other indexes, and with the items of lists in cells as
 * paragraphs: officeparser loses them otherwise.
 */
function withoutIndexes(content: string): string {
  const index = /<text:((?:table-of-content|illustration-index|table-index|object-index|alphabetical-index))[ >].*?<\/text:\1>/gs; // biome-ignore format: one pattern
  const tag = /<(\/?)(table:table-cell|text:list(?:-item|-header)?)(?=[\s/>])[^>]*>/g;
  let cells = 0;
  return content.replace(index, "").replace(tag, (whole, slash: string, name: string) => {
    if (name !== "table:table-cell") return cells > 0 ? "" : whole;
    if (!whole.endsWith("/>")) cells += slash === "" ? 1 : -1;
    return whole;
  });
}

const isText = /(^|\/)mimetype$|\.(xml|rels|opf|x?html?|xht)$/i;
const isSlide = /^ppt\/(slides|notesSlides)\/[^/]+\.xml$/;

function readable(name: string, bytes: Uint8Array): Uint8Array {
  const encoding = xmlEncoding(bytes);
  const text = () => new TextDecoder(encoding).decode(bytes);
  if (isSlide.test(name)) return strToU8(withoutRunningText(text()));
  if (name === "content.xml") return strToU8(withoutIndexes(text()));
  return encoding === "utf-8" ? bytes : strToU8(text());
}

/**
 * The parts of an archive that hold text, in UTF-8, as an archive of their own that officeparser
 * reads well. It would hold pictures in memory; and what is unfolded here is counted.
 */
export async function textParts(zip: Zip): Promise<Uint8Array> {
  const contents = await contentsOfBook(zip);
  const parts: Zippable = {};
  for (const name of zip.names) {
    const bytes = isText.test(name) && !contents.has(name) && (await zip.bytes(name));
    if (bytes) parts[name] = readable(name, bytes);
  }
  return zipSync(parts, { level: 0 });
}
