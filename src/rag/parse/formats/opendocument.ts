import { AppError } from "../../../errors.ts";
import { BlockWriter, blockText } from "../block-writer.ts";
import type { ArchiveReader } from "../reader.ts";
import { readXml } from "../xml.ts";
import type { Zip } from "../zip.ts";
import { OpenDocumentBody } from "./opendocument-body.ts";
import { SpreadsheetBody } from "./opendocument-sheets.ts";

async function rejectEncrypted(zip: Zip): Promise<void> {
  await readXml(zip.stream("META-INF/manifest.xml"), {
    open(name) {
      if (name.endsWith("encryption-data")) throw new AppError("document_encrypted");
    },
  });
}

async function readTitle(zip: Zip): Promise<string | undefined> {
  let title: string | undefined;
  let inTitle = false;
  await readXml(zip.stream("meta.xml"), {
    open(name) {
      inTitle = name === "dc:title";
    },
    text(text) {
      if (inTitle) title = (title ?? "") + text;
    },
    close() {
      inTitle = false;
    },
  });
  return title?.trim() || undefined;
}

/** Headers and footers of the page styles, each text once. */
async function writeMargins(
  zip: Zip,
  element: "style:header" | "style:footer",
  writer: BlockWriter,
): Promise<void> {
  const written = new Set<string>();
  let texts: string[] = [];
  let depth = 0;
  const collector = new BlockWriter((block) => texts.push(blockText(block)));
  let body = new OpenDocumentBody(collector);
  const isMargin = (name: string) => name === element || name === `${element}-first`;
  await readXml(zip.stream("styles.xml"), {
    open(name, attributes) {
      if (isMargin(name)) {
        depth += 1;
        texts = [];
        body = new OpenDocumentBody(collector);
      } else if (depth > 0) body.open(name, attributes);
    },
    text(text) {
      if (depth > 0) body.text(text);
    },
    close(name) {
      if (!isMargin(name)) {
        if (depth > 0) body.close(name);
        return;
      }
      depth -= 1;
      body.end();
      const text = texts.join("\n");
      if (/\p{L}/u.test(text) && !written.has(text)) writer.paragraph(text);
      written.add(text);
    },
  });
}

/** OpenDocument text, presentations and spreadsheets (OASIS ODF 1.3, part 3). */
export const readOpenDocument: ArchiveReader = async ({ zip, writer, extension }) => {
  await rejectEncrypted(zip);
  if (!zip.has("content.xml")) throw new AppError("document_unreadable");
  const title = await readTitle(zip);
  if (extension === "ods") {
    const sheets = new SpreadsheetBody(writer);
    await readXml(zip.stream("content.xml"), sheets);
    return { title, pages: sheets.count };
  }
  if (extension === "odt") await writeMargins(zip, "style:header", writer);
  const body = new OpenDocumentBody(writer);
  await readXml(zip.stream("content.xml"), body);
  body.end();
  if (extension === "odt") await writeMargins(zip, "style:footer", writer);
  return { title: title ?? body.title, pages: extension === "odp" ? body.slides : undefined };
};
