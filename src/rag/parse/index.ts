import { AppError } from "../../errors.ts";
import { BlockWriter } from "./block-writer.ts";
import { Budget, maxNesting, tooComplex } from "./budget.ts";
import type { Block } from "./document.ts";
import type { Format } from "./file-types.ts";
import type { ArchiveReader, BytesReader, DocumentFacts, TextReader } from "./reader.ts";
import { type Content, identify } from "./sniff.ts";
import type { Source } from "./source.ts";

type TextFormat =
  | "text"
  | "markdown"
  | "html"
  | "delimited"
  | "json"
  | "xml"
  | "code"
  | "notebook"
  | "mail";
type BytesFormat = "rtf" | "pdf";
type ArchiveFormat = Exclude<Format, TextFormat | BytesFormat>;

/** The reader of each format, loaded when a document needs it: a text does not wait for pdfjs. */
const textReaders: Readonly<Record<TextFormat, () => Promise<TextReader>>> = {
  text: async () => (await import("./formats/text.ts")).readText,
  markdown: async () => (await import("./formats/markdown.ts")).readMarkdown,
  html: async () => (await import("./formats/html.ts")).readHtml,
  delimited: async () => (await import("./formats/delimited.ts")).readDelimited,
  json: async () => (await import("./formats/json.ts")).readJson,
  xml: async () => (await import("./formats/xml.ts")).readXmlText,
  code: async () => (await import("./formats/code.ts")).readCode,
  notebook: async () => (await import("./formats/notebook.ts")).readNotebook,
  mail: async () => (await import("./formats/mail.ts")).readMail,
};

const archiveReaders: Readonly<Record<ArchiveFormat, () => Promise<ArchiveReader>>> = {
  office: async () => (await import("./formats/office.ts")).readOfficeArchive,
  docx: async () => (await import("./formats/docx.ts")).readDocx,
  xlsx: async () => (await import("./formats/xlsx.ts")).readXlsx,
  ods: async () => (await import("./formats/ods.ts")).readOds,
};

const bytesReaders: Readonly<Record<BytesFormat, () => Promise<BytesReader>>> = {
  rtf: async () => (await import("./formats/office.ts")).readRtf,
  pdf: async () => (await import("./formats/pdf.ts")).readPdf,
};

/** What is known of a document after all of its blocks were sent. */
export interface DocumentSummary {
  readonly title: string | undefined;
  readonly fileType: string;
  readonly pages: number | undefined;
  readonly textLength: number;
}

const maxTitleLength = 500;

async function readContent(
  content: Content,
  document: { source: Source; writer: BlockWriter },
): Promise<DocumentFacts> {
  const { extension, format } = content.type;
  const open = { ...document, extension };
  // `identify` gives each kind of content the formats of its kind and no others.
  if (content.kind === "text") {
    const read = await textReaders[format as TextFormat]();
    return read({ ...open, encoding: content.encoding });
  }
  if (content.kind === "archive") {
    const read = await archiveReaders[format as ArchiveFormat]();
    return read({ ...open, zip: content.zip });
  }
  const read = await bytesReaders[format as BytesFormat]();
  return read(open);
}

/** What a fault inside a reader or its library means to the owner of the document. */
function translate(error: unknown, maxDecompressedBytes: number): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof RangeError && /call stack/i.test(error.message)) {
    return tooComplex("nesting", maxNesting, error);
  }
  if (error instanceof RangeError && /memory|length/i.test(error.message)) {
    return tooComplex("decompressed_size", maxDecompressedBytes, error);
  }
  return new AppError("document_unreadable", {}, { cause: error });
}

/**
 * Reads a document in this very thread: for the process that parses, and for tests of readers.
 * Blocks go to `sink` in reading order, before it is known whether the document is whole.
 *
 * @throws AppError as `DocumentParser.parse` does, `time` and `memory` excepted
 */
export async function readDocument(
  source: Source,
  options: {
    /** What the file's name claims, from `claimedExtension`. */
    claimedExtension: string;
    maxDecompressedBytes: number;
    sink: (block: Block) => void;
  },
): Promise<DocumentSummary> {
  const writer = new BlockWriter(options.sink);
  const budget = new Budget(options.maxDecompressedBytes);
  try {
    const content = await identify(source, options.claimedExtension, budget);
    const { title, pages } = await readContent(content, { source, writer });
    if (writer.textLength === 0) {
      throw new AppError(content.kind === "text" ? "document_empty" : "document_without_text");
    }
    const cleanTitle = title?.replace(/\s+/g, " ").trim().slice(0, maxTitleLength).toWellFormed();
    return {
      title: cleanTitle || undefined,
      fileType: content.type.extension,
      pages,
      textLength: writer.textLength,
    };
  } catch (error) {
    throw translate(error, options.maxDecompressedBytes);
  }
}
