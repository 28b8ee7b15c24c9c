// biome-ignore-all lint/suspicious/noControlCharactersInRegex: the first bytes of formats are such
import { AppError } from "../../errors.ts";
import type { Budget } from "./budget.ts";
import { detectEncoding, type TextEncoding } from "./encoding.ts";
import { type FileType, isBinaryFormat, typeOfExtension } from "./file-types.ts";
import { latin1 } from "./plain-text.ts";
import type { Source } from "./source.ts";
import { openZip, type Zip } from "./zip.ts";

/** What a file is read as, with what had to be found out on the way. */
export type Content =
  | { readonly kind: "text"; readonly type: FileType; readonly encoding: TextEncoding }
  | { readonly kind: "archive"; readonly type: FileType; readonly zip: Zip }
  | { readonly kind: "bytes"; readonly type: FileType };

/** First bytes of formats that hold no text for us. */
const foreignSignatures: readonly RegExp[] = [
  /^\x89PNG\r\n/,
  /^\xff\xd8\xff/,
  /^GIF8[79]a/,
  /^BM.{4}\0{4}/s,
  /^(II\*\0|MM\0\*)/,
  /^RIFF.{4}(WEBP|WAVE|AVI )/s,
  /^\0\0\0.ftyp/s,
  /^(ID3|OggS|fLaC|\x1aE\xdf\xa3)/,
  /^\xff[\xfb\xf3\xf2]/,
  /^\x7fELF/,
  /^MZ.{30}/s,
  /^(\xca\xfe\xba\xbe|[\xce\xcf]\xfa\xed\xfe|\0asm)/,
  /^(\x1f\x8b|BZh[1-9]|\xfd7zXZ\0|7z\xbc\xaf\x27\x1c|Rar!\x1a\x07|\x28\xb5\x2f\xfd)/,
  /^SQLite format 3\0/,
  /^(wOFF|wOF2|OTTO|\0\x01\0\0\0)/,
  /^%!PS/,
  /^.{257}ustar/s,
];

const openDocumentTypes: Readonly<Record<string, string>> = {
  text: "odt",
  presentation: "odp",
  spreadsheet: "ods",
};

/** The extension of what an archive holds; undefined for an archive that is no document. */
async function typeOfArchive(zip: Zip): Promise<string | undefined> {
  const mimeType = latin1((await zip.bytes("mimetype")) ?? new Uint8Array()).trim();
  if (mimeType.startsWith("application/epub+zip")) return "epub";
  const openDocument = /^application\/vnd\.oasis\.opendocument\.([a-z]+)/.exec(mimeType)?.[1];
  if (openDocument) return openDocumentTypes[openDocument];
  const contentTypes = await zip.bytes("[Content_Types].xml");
  if (contentTypes) {
    const declared = latin1(contentTypes);
    if (/wordprocessingml\.(document|template)\.main|ms-word\.\w+\.macroEnabledTemplate\.main|ms-word\.document\.macroEnabled\.main/i.test(declared)) return "docx"; // biome-ignore format: a table
    if (/presentationml\.(presentation|slideshow|template)\.main|ms-powerpoint\.\w+\.macroEnabled\.main/i.test(declared)) return "pptx"; // biome-ignore format: a table
    if (/spreadsheetml\.(sheet|template)\.main|ms-excel\.(sheet|template)\.macroEnabled\.main/i.test(declared)) return "xlsx"; // biome-ignore format: a table
  }
  if (zip.has("word/document.xml")) return "docx";
  if (zip.has("ppt/presentation.xml")) return "pptx";
  if (zip.has("xl/workbook.xml")) return "xlsx";
  if (zip.has("META-INF/container.xml")) return "epub";
  return undefined;
}

/** Compound files hold encrypted office documents and the office formats of before 2007. */
function rejectCompoundFile(source: Source, claimed: string): never {
  // Names of streams stand in the directory in UTF-16, anywhere in the file.
  const name = Buffer.from("EncryptedPackage", "utf16le");
  for (let at = 0; at < source.size; at += 1_048_576 - name.length) {
    if (Buffer.from(source.read(at, 1_048_576)).includes(name)) {
      throw new AppError("document_encrypted");
    }
  }
  const code = typeOfExtension(claimed) ? "file_type_mismatch" : "unsupported_file_type";
  throw new AppError(code, { type: claimed });
}

/**
 * Decides what a file is read as: by its first bytes where they tell, else by the extension that it
 * claims.
 *
 * @throws AppError `document_empty`, `unsupported_file_type`, `file_type_mismatch`,
 *   `document_encrypted`, `document_unreadable`, `document_too_complex`
 */
export async function identify(source: Source, claimed: string, budget: Budget): Promise<Content> {
  if (source.size === 0) throw new AppError("document_empty");
  const expected = typeOfExtension(claimed);
  const unsupported = () => new AppError("unsupported_file_type", { type: claimed });
  const mismatch = () => new AppError("file_type_mismatch", { type: claimed });

  const head = latin1(source.read(0, 1024));
  if (head.includes("%PDF-") && (head.startsWith("%PDF-") || expected?.format === "pdf")) {
    return { kind: "bytes", type: { format: "pdf", extension: "pdf" } };
  }
  if (/^(\xef\xbb\xbf)?\s*\{\\rtf/.test(head)) {
    return { kind: "bytes", type: { format: "rtf", extension: "rtf" } };
  }
  if (/^PK(\x03\x04|\x05\x06)/.test(head)) {
    if (!expected && claimed === "zip") throw unsupported();
    const zip = openZip(source, budget);
    const type = typeOfExtension((await typeOfArchive(zip)) ?? "zip");
    if (type) return { kind: "archive", type, zip };
    // An office document without its main part is broken rather than something else.
    if (expected && isBinaryFormat(expected.format) && zip.has("[Content_Types].xml")) {
      throw new AppError("document_unreadable");
    }
    throw expected ? mismatch() : unsupported();
  }
  if (head.startsWith("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")) rejectCompoundFile(source, claimed);
  if (!expected) throw unsupported();
  if (foreignSignatures.some((signature) => signature.test(head))) throw mismatch();

  const encoding = detectEncoding(source);
  if (isBinaryFormat(expected.format) || expected.format === "rtf") {
    // Bytes that are nothing known may be what is left of the document; a text is something else.
    throw encoding ? mismatch() : new AppError("document_unreadable");
  }
  if (!encoding) throw mismatch();
  return { kind: "text", type: expected, encoding };
}
