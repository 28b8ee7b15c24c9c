import { getResolvedPDFJS } from "unpdf";
import { AppError } from "../../../errors.ts";
import { readCMap } from "../cmaps/read-cmap.ts";
import type { BytesReader } from "../reader.ts";
import { comparable, writePdfBlocks } from "./pdf-blocks.ts";
import { type Line, readLines } from "./pdf-lines.ts";
import { dropMargins } from "./pdf-margins.ts";
import { readTags, tagRuns } from "./pdf-tags.ts";

/** Where pdfjs gets its data files: from this program and nowhere else. */
class EmbeddedData {
  readonly fetch = async ({ filename }: { filename: string }): Promise<Uint8Array> => {
    const data = readCMap(filename);
    if (!data) throw new Error(`There is no ${filename}.`);
    return data;
  };
}

type Pdfjs = Awaited<ReturnType<typeof getResolvedPDFJS>>;
type PdfDocument = Awaited<ReturnType<Pdfjs["getDocument"]>["promise"]>;

interface OutlineNode {
  readonly title: string;
  readonly items: readonly OutlineNode[];
}

const maxOutline = 5000;

/** The level of each title in the document's outline. */
async function readOutline(pdf: PdfDocument): Promise<Map<string, number>> {
  const levels = new Map<string, number>();
  // The library types the outline's items as `any`; these are the parts of its documented shape.
  const roots = ((await pdf.getOutline().catch(() => null)) ?? []) as readonly OutlineNode[];
  let level = roots;
  for (let depth = 1; depth <= 6 && level.length > 0; depth += 1) {
    const next: OutlineNode[] = [];
    for (const node of level) {
      const title = comparable(node.title);
      if (title !== "" && !levels.has(title) && levels.size < maxOutline) levels.set(title, depth);
      next.push(...node.items);
    }
    level = next;
  }
  return levels;
}

/** What programs put where the title belongs. */
const noTitle =
  /^(untitled|无标题|microsoft (word|powerpoint|excel) - |.*\.(docx?|pptx?|xlsx?|pdf|tex|indd|dvi)$)/i;

async function readTitle(pdf: PdfDocument): Promise<string | undefined> {
  const metadata = await pdf.getMetadata().catch(() => undefined);
  const title = metadata?.info && "Title" in metadata.info ? metadata.info.Title : undefined;
  if (typeof title !== "string" || title.trim() === "" || noTitle.test(title)) return undefined;
  return title;
}

/** `before` are the lines of the page before it. */
async function readPage(
  pdf: PdfDocument,
  number: number,
  before: readonly Line[],
): Promise<readonly Line[]> {
  const page = await pdf.getPage(number);
  try {
    // Tags help where a document has them; one whose tags are broken is read without.
    const root = await page.getStructTree().catch(() => null);
    const { items } = await page.getTextContent({ includeMarkedContent: Boolean(root) });
    // A footer or two may stand behind it.
    const last = before.slice(-3).findLast(({ table }) => table !== undefined)?.table;
    return readLines(tagRuns(items, root ? readTags(root) : new Map()), last?.middles);
  } finally {
    page.cleanup();
  }
}

function translate(error: unknown): unknown {
  if (error instanceof Error && error.name === "PasswordException") {
    return new AppError("document_encrypted", {}, { cause: error });
  }
  return error;
}

/**
 * PDF by pdfjs: paragraphs from the places of their lines, headings by the outline, the size of
 * letters or the words of a chapter, tables where rows align; all of these by the document's tags
 * where it has them; headers and footers left out.
 */
export const readPdf: BytesReader = async ({ source, writer }) => {
  const pdfjs = await getResolvedPDFJS();
  const loading = pdfjs.getDocument({
    data: source.read(0, source.size),
    BinaryDataFactory: EmbeddedData,
    cMapUrl: "cmaps/",
    cMapPacked: true,
    useWorkerFetch: false,
    useSystemFonts: false,
    disableFontFace: true,
    isOffscreenCanvasSupported: false,
    isImageDecoderSupported: false,
    useWasm: false,
    enableXfa: false,
    verbosity: 0,
  });
  let pdf: PdfDocument;
  try {
    pdf = await loading.promise;
  } catch (error) {
    throw translate(error);
  }
  const pages: (readonly Line[])[] = [];
  let fault: unknown;
  for (let number = 1; number <= pdf.numPages; number += 1) {
    // One broken page does not take the others away.
    const page = await readPage(pdf, number, pages.at(-1) ?? []).catch((error: unknown) => {
      fault ??= error;
      return [];
    });
    pages.push(page);
  }
  if (fault !== undefined && pages.every((page) => page.length === 0)) throw translate(fault);
  const outline = await readOutline(pdf);
  const title = await readTitle(pdf);
  await loading.destroy();
  writePdfBlocks(dropMargins(pages), outline, writer);
  return { title, pages: pages.length };
};
