import {
  type OfficeError,
  type OfficeParserAST,
  parseOffice,
  type SupportedFileType,
} from "officeparser";
import { AppError } from "../../../errors.ts";
import { BlockWriter, blockText } from "../block-writer.ts";
import { maxEntries, maxNesting, tooComplex } from "../budget.ts";
import { latin1 } from "../plain-text.ts";
import type { ArchiveReader, BytesReader, DocumentFacts } from "../reader.ts";
import { textParts } from "./office-parts.ts";
import { nodeText, OfficeTreeWriter } from "./office-tree.ts";
import { withListNumbers } from "./rtf-lists.ts";

/** What officeparser's own faults mean; it has found them before a ceiling of ours was reached. */
function translate(error: unknown): unknown {
  // The library says that its errors are such, those of the engine excepted.
  switch ((error as OfficeError).officeIssue?.code) {
    case "PASSWORD_REQUIRED":
    case "DOCUMENT_DECRYPTION_FAILED":
      return new AppError("document_encrypted", {}, { cause: error });
    // It gives up before our own readers do, at a depth that differs from format to format.
    case "MAX_NESTING_DEPTH_EXCEEDED":
      return tooComplex("nesting", maxNesting, error);
    default:
      return error;
  }
}

async function parse(content: Uint8Array, extension: string): Promise<OfficeParserAST> {
  try {
    return await parseOffice(Buffer.from(content.buffer, content.byteOffset, content.byteLength), {
      // Only formats that it knows come here.
      fileType: extension as SupportedFileType,
      ocr: false,
      // Charts are attachments to it; RTF holds pictures alone, which would cut paragraphs in two.
      extractAttachments: extension !== "rtf",
      ignoreInternalLinks: true,
      ignorePageGeometry: true,
      ignoreSlideMasters: true,
      // What an archive unfolds to was counted before; the memory of the tree is limited as a whole.
      decompressionLimits: {
        maxUncompressedBytes: Number.MAX_SAFE_INTEGER,
        maxZipEntries: maxEntries,
        maxXmlElements: Number.MAX_SAFE_INTEGER,
      },
    });
  } catch (error) {
    throw translate(error);
  }
}

/** Writes the tree, with headers before it and footers behind it, each text of these once. */
function writeTree(
  tree: OfficeParserAST,
  writer: BlockWriter,
  title: string | undefined,
): DocumentFacts {
  const margin = (nodes: OfficeParserAST["content"] = []) => {
    const texts = new Set<string>();
    const collector = new BlockWriter((block) => texts.add(blockText(block)));
    new OfficeTreeWriter(collector, tree).writeAll(nodes);
    // A number of the page alone says nothing.
    for (const text of texts) if (/\p{L}/u.test(text)) writer.paragraph(text);
  };
  margin(tree.auxiliary?.headers);
  const body = new OfficeTreeWriter(writer, tree);
  const [first, ...rest] = tree.content;
  // Some formats have no style for a title that officeparser knows.
  if (title && first?.type === "paragraph" && nodeText(first).trim() === title) {
    writer.heading(1, title);
    body.writeAll(rest);
  } else body.writeAll(tree.content);
  margin(tree.auxiliary?.footers);
  const isShown = tree.type === "pptx" || tree.type === "odp";
  return { title, pages: isShown ? tree.content.length : undefined };
}

/**
 * PowerPoint, OpenDocument texts and presentations, EPUB: read by officeparser. A slide's points are
 * list items where they bear a mark of their own or stand in the placeholder for content.
 */
export const readOfficeArchive: ArchiveReader = async ({ zip, extension, writer }) => {
  const tree = await parse(await textParts(zip), extension);
  return writeTree(tree, writer, tree.metadata.title?.trim());
};

/** The title among a file's properties; in Unicode where it stands there twice. */
async function rtfTitle(head: string): Promise<string | undefined> {
  const titles = head.matchAll(/\{\\title\s((?:[^{}\\]|\\.)*)\}/gs);
  const title = [...titles].at(-1)?.[1];
  if (title === undefined) return undefined;
  // Officeparser passes the properties over, but knows how to read their text.
  const codePage = /\\ansicpg\d+/.exec(head)?.[0] ?? "";
  const tree = await parse(Buffer.from(`{\\rtf1\\ansi${codePage} ${title}\\par}`, "latin1"), "rtf");
  return tree.content.map(nodeText).join("").trim();
}

/** Rich Text Format, read by officeparser. Text that the author has hidden is kept. */
export const readRtf: BytesReader = async ({ source, extension, writer }) => {
  const title = await rtfTitle(latin1(source.read(0, 262_144)));
  const content = withListNumbers(latin1(source.read(0, source.size)));
  return writeTree(await parse(Buffer.from(content, "latin1"), extension), writer, title);
};
