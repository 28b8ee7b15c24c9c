import { deflateSync } from "node:zlib";
import { strToU8, type Zippable, zipSync } from "fflate";

const w = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";

/** A Word file with this body and nothing else. */
export function wordFile(body: string | Uint8Array, parts: Zippable = {}): Uint8Array {
  const head = strToU8(`<?xml version="1.0"?><w:document xmlns:w="${w}"><w:body>`);
  const tail = strToU8("</w:body></w:document>");
  const content = typeof body === "string" ? strToU8(body) : body;
  return zipSync(
    { "word/document.xml": Buffer.concat([head, content, tail]), ...parts },
    { level: 1 },
  );
}

const sheetMain = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const relationships = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/** An Excel file with one sheet that holds these rows. */
export function excelFile(rows: string | Uint8Array, head = "", strings = ""): Uint8Array {
  const sheet = Buffer.concat([
    strToU8(`${head}<worksheet xmlns="${sheetMain}"><sheetData>`),
    typeof rows === "string" ? strToU8(rows) : rows,
    strToU8("</sheetData></worksheet>"),
  ]);
  return zipSync(
    {
      "xl/workbook.xml": strToU8(
        `<workbook xmlns="${sheetMain}" xmlns:r="${relationships}"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>`,
      ),
      "xl/_rels/workbook.xml.rels": strToU8(
        `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="${relationships}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="${relationships}/sharedStrings" Target="sharedStrings.xml"/></Relationships>`,
      ),
      "xl/sharedStrings.xml": strToU8(`<sst xmlns="${sheetMain}">${strings}</sst>`),
      "xl/worksheets/sheet1.xml": sheet,
    },
    { level: 1 },
  );
}

export const nested = (element: string, depth: number): string =>
  `${`<${element}>`.repeat(depth)}${`</${element}>`.repeat(depth)}`;

/** An OpenDocument text with this body. */
export function openDocumentFile(body: string, head = ""): Uint8Array {
  const namespaces = ["office", "text", "table"]
    .map((name) => `xmlns:${name}="urn:oasis:names:tc:opendocument:xmlns:${name}:1.0"`)
    .join(" ");
  return zipSync({
    mimetype: strToU8("application/vnd.oasis.opendocument.text"),
    "content.xml": strToU8(
      `${head}<office:document-content ${namespaces}><office:body><office:text>${body}</office:text></office:body></office:document-content>`,
    ),
  });
}

/** An EPUB of one chapter with this body. */
export function bookFile(body: string): Uint8Array {
  return zipSync({
    mimetype: strToU8("application/epub+zip"),
    "META-INF/container.xml": strToU8(
      '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>',
    ),
    "book.opf": strToU8(
      '<package xmlns="http://www.idpf.org/2007/opf"><metadata/><manifest><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="a"/></spine></package>',
    ),
    "a.xhtml": strToU8(`<html xmlns="http://www.w3.org/1999/xhtml"><body>${body}</body></html>`),
  });
}

/** A PDF of these objects, the first of which is the catalogue. */
export function pdfFile(objects: readonly (string | Uint8Array)[]): Uint8Array {
  const parts: Uint8Array[] = [strToU8("%PDF-1.4\n")];
  const offsets: number[] = [];
  let length = parts[0]?.length ?? 0;
  const push = (bytes: Uint8Array) => {
    parts.push(bytes);
    length += bytes.length;
  };
  for (const [index, object] of objects.entries()) {
    offsets.push(length);
    push(strToU8(`${index + 1} 0 obj\n`));
    push(typeof object === "string" ? strToU8(object) : object);
    push(strToU8("\nendobj\n"));
  }
  const table = offsets.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`).join("");
  const size = objects.length + 1;
  push(
    strToU8(
      `xref\n0 ${size}\n0000000000 65535 f \n${table}trailer\n<< /Size ${size} /Root 1 0 R >>\nstartxref\n${length}\n%%EOF\n`,
    ),
  );
  return Buffer.concat(parts);
}

/** A stream that unfolds to `megabytes` of spaces, deflated twice. */
export function pdfBomb(megabytes: number): Uint8Array {
  const packed = deflateSync(deflateSync(Buffer.alloc(megabytes * 2 ** 20, 0x20), { level: 1 }));
  return Buffer.concat([
    strToU8(`<< /Length ${packed.length} /Filter [/FlateDecode /FlateDecode] >>\nstream\n`),
    packed,
    strToU8("\nendstream"),
  ]);
}
