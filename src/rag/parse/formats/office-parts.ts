import { strToU8, type Zippable, zipSync } from "fflate";
import { resolvePath } from "../paths.ts";
import { readXml, xmlEncoding } from "../xml.ts";
import type { Zip } from "../zip.ts";
import { withNumbers } from "./odf-numbering.ts";
import { withAutomaticNumbers } from "./pptx-numbers.ts";

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
    const isRunning = /<p:ph\b[^<>]*\btype="(sldNum|dt|ftr|hdr)"/.test(shape.slice(0, end));
    return end >= 0 && isRunning ? shape.slice(end + "</p:sp>".length) : shape;
  });
  return before + kept.join("");
}

/** The placeholder for a slide's content: of its kinds the one without a name of its own. */
const contentPlaceholder = /<p:ph\b(?![^<>]*\btype="(?!obj"))[^<>]*>/;
const slideParagraph = /<a:p(?: [^<>/]*)?>(?:<a:pPr\b([^<>]*?)(?:\/>|>(.*?)<\/a:pPr>))?/gs;
const ownMark = /<a:bu(None|Char|AutoNum|Blip)\b/;

/**
 * A slide whose points bear their numbers and marks: in a content placeholder they have them from the
 * layout, which officeparser does not look at. One paragraph alone is no list.
 */
function withMarks(slide: string): string {
  const [before = "", ...shapes] = slide.split(/(?=<p:sp[ >])/);
  const marked = shapes.map(withAutomaticNumbers).map((shape) => {
    if (!contentPlaceholder.test(shape) || shape.split(/<a:p[ >]/).length < 3) return shape;
    return shape.replace(slideParagraph, (all, attributes = "", properties = "") =>
      ownMark.test(properties)
        ? all
        : `<a:p><a:pPr${attributes}>${properties}<a:buChar char="•"/></a:pPr>`,
    );
  });
  return before + marked.join("");
}

const openDocumentTag =
  /<(\/?)(table:table-cell|text:list(?:-item|-header)?|text:(?:table-of-content|(?:illustration|table|object|alphabetical)-index))(?=[\s/>])[^<>]*>/g; // biome-ignore format: one pattern

/**
 * OpenDocument without tables of contents and other indexes, and with the items of lists in cells as
 * paragraphs: officeparser loses them otherwise.
 */
function withoutIndexes(content: string): string {
  let kept = "";
  let from = 0;
  let indexes = 0;
  let cells = 0;
  for (const { 0: tag, 1: slash, 2: name = "", index } of content.matchAll(openDocumentTag)) {
    if (tag.endsWith("/>")) continue;
    const step = slash === "" ? 1 : -1;
    if (name === "table:table-cell") cells += step;
    else if (!name.startsWith("text:list")) {
      if (indexes === 0) kept += content.slice(from, index);
      indexes = Math.max(0, indexes + step);
      from = index + tag.length;
    } else if (cells > 0 && indexes === 0) {
      kept += content.slice(from, index);
      from = index + tag.length;
    }
  }
  return indexes > 0 ? kept : kept + content.slice(from);
}

/** How a word is read, beside it: no other format gives that either. */
const ruby = /<(rt|rp)(?: [^<>]*)?>[^<>]*<\/\1>/g;

const isText = /(^|\/)mimetype$|\.(xml|rels|opf|x?html?|xht)$/i;
const isChapter = /\.(x?html?|xht)$/i;
const isSlide = /^ppt\/slides\/[^/]+\.xml$/;
const isNotes = /^ppt\/notesSlides\/[^/]+\.xml$/;

async function readable(zip: Zip, name: string, bytes: Uint8Array): Promise<Uint8Array> {
  const encoding = xmlEncoding(bytes);
  const text = () => new TextDecoder(encoding).decode(bytes);
  if (isSlide.test(name)) return strToU8(withMarks(withoutRunningText(text())));
  if (isNotes.test(name)) return strToU8(withoutRunningText(text()));
  if (name === "content.xml") {
    const styles = (await zip.bytes("styles.xml")) ?? new Uint8Array();
    return strToU8(withoutIndexes(await withNumbers(text(), styles)));
  }
  if (isChapter.test(name)) return strToU8(text().replace(ruby, ""));
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
    if (bytes) parts[name] = await readable(zip, name, bytes);
  }
  return zipSync(parts, { level: 0 });
}
