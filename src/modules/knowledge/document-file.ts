import { encodeExtended } from "../../http/content-disposition.ts";

/** Types that no browser runs; whatever else was uploaded is bytes. */
const contentTypes: ReadonlyMap<string, string> = new Map([
  ["pdf", "application/pdf"],
  ["docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"],
  ["pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"],
  ["xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
  ["odt", "application/vnd.oasis.opendocument.text"],
  ["odp", "application/vnd.oasis.opendocument.presentation"],
  ["ods", "application/vnd.oasis.opendocument.spreadsheet"],
  ["rtf", "application/rtf"],
  ["epub", "application/epub+zip"],
]);

/** RFC 6266: the name in ASCII for old readers, and as it is. */
function contentDisposition(name: string): string {
  const ascii = name.replace(/[^\x20-\x7e]/g, "_").replace(/["\\%]/g, "_");
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encodeExtended(name)}`;
}

/** The headers under which a document's own bytes go out: to be saved, never to be shown. */
export const fileHeaders = (name: string, fileType: string): Record<string, string> => ({
  "Content-Type": contentTypes.get(fileType) ?? "application/octet-stream",
  "Content-Disposition": contentDisposition(name),
  "X-Content-Type-Options": "nosniff",
  "Content-Security-Policy": "sandbox; default-src 'none'",
  "Cache-Control": "private, no-store",
});
