import ssf from "ssf";
import type { BlockWriter } from "../block-writer.ts";
import { findMainPart, readCoreTitle, readRelationships, targetsOf } from "../ooxml.ts";
import type { ArchiveReader } from "../reader.ts";
import { SheetWriter } from "../sheet-writer.ts";
import { readXml } from "../xml.ts";
import type { Zip } from "../zip.ts";
import { writeDrawing } from "./drawing.ts";
import { MergedRows, placeOf } from "./xlsx-merges.ts";
import { readWorkbook, type Workbook } from "./xlsx-workbook.ts";

const maxColumns = 16_384;

/** Hours, minutes or seconds that are counted beyond a day, an hour or a minute. */
const elapsed = /\[(h+|m+|s+)\]/i;

/**
 * A number as the sheet shows it; whole ones with all their digits. Dates whose format leaves the order
 * open are written by ISO 8601.
 */
export function formatNumber(raw: string, format: string | number, date1904: boolean): string {
  const value = Number(raw);
  if (raw.trim() === "" || !Number.isFinite(value)) return raw;
  try {
    const code = typeof format === "number" ? (ssf.get_table()[format] ?? "General") : format;
    if (code === "General" && Number.isSafeInteger(value)) return String(value);
    const isClear = elapsed.test(code) || (typeof format === "string" && /yyyy|年/i.test(format));
    if (!ssf.is_date(code) || isClear) return ssf.format(format, value, { date1904 });
    const day = value >= 1 ? "yyyy-mm-dd" : "";
    const time = /[hs]/i.test(code) ? "hh:mm:ss" : "";
    return ssf.format(`${day} ${time}`.trim() || "General", value, { date1904 });
  } catch {
    // A format that cannot be understood still has its number.
    return raw;
  }
}

async function readSheet(
  zip: Zip,
  part: string,
  workbook: Workbook,
  sheet: SheetWriter,
): Promise<void> {
  const rows = new MergedRows(sheet);
  let row: string[] = [];
  let number = -1;
  let column = 0;
  let type = "n";
  let style = 0;
  let text = "";
  let capture = false;
  let phonetic = 0;

  const cellText = (): string => {
    if (type === "s") return workbook.strings[Number(text)] ?? "";
    if (type === "b") return text === "1" ? "TRUE" : text === "0" ? "FALSE" : text;
    if (type === "e") return "";
    if (type !== "n") return text;
    return formatNumber(text, workbook.formats[style] ?? 0, workbook.date1904);
  };
  await readXml(zip.stream(part), {
    open(name, attributes) {
      capture = name === "s:v" || name === "s:t";
      if (name === "s:row") {
        row = [];
        // Where it is not said, each stands below the last.
        number = Number(attributes.r ?? number + 2) - 1;
        column = 0;
      } else if (name === "s:c") {
        column = placeOf(attributes.r)?.column ?? column;
        type = attributes.t ?? "n";
        style = Number(attributes.s) || 0;
        text = "";
      } else if (name === "s:mergeCell") rows.merge(attributes.ref ?? "");
      else if (name === "s:rPh") phonetic += 1;
    },
    text(piece) {
      if (capture && phonetic === 0) text += piece;
    },
    close(name) {
      capture = false;
      if (name === "s:rPh") phonetic -= 1;
      else if (name === "s:c") {
        const value = cellText();
        if (value !== "" && column < maxColumns) {
          while (row.length < column) row.push("");
          row[column] = value;
        }
        column += 1;
      } else if (name === "s:row") rows.row(number, row);
    },
  });
  rows.end();
}

/** Notes on cells, each after the reference of its cell. */
async function writeComments(zip: Zip, part: string, writer: BlockWriter): Promise<void> {
  let reference = "";
  let text = "";
  let inText = false;
  await readXml(zip.stream(part), {
    open(name, attributes) {
      inText = name === "s:t";
      if (name !== "s:comment") return;
      reference = attributes.ref ?? "";
      text = "";
    },
    text(piece) {
      if (inText) text += piece;
    },
    close(name) {
      inText = false;
      if (name === "s:comment" && text.trim() !== "") writer.paragraph(`${reference}: ${text}`);
    },
  });
}

/**
 * Excel: each sheet a heading and a table as it is shown, then notes, drawings and charts.
 *
 * Not read by officeparser, which gives dates as numbers, nor by SheetJS (@e965/xlsx), which holds a
 * million cells in 490 MB where this reader takes 137, and hangs on a cell in the last row.
 */
export const readXlsx: ArchiveReader = async ({ zip, writer }) => {
  const main = await findMainPart(zip, "xl/workbook.xml");
  const workbook = await readWorkbook(zip, main);
  for (const [index, { name, part }] of workbook.sheets.entries()) {
    writer.page = index + 1;
    const sheet = new SheetWriter(writer, name);
    await readSheet(zip, part, workbook, sheet);
    sheet.end();
    const beside = await readRelationships(zip, part);
    for (const comments of targetsOf(beside, "comments")) {
      await writeComments(zip, comments, writer);
    }
    for (const target of targetsOf(beside, "drawing")) {
      const relationships = await readRelationships(zip, target);
      await writeDrawing(zip.stream(target), writer, { zip, relationships });
    }
  }
  return { title: await readCoreTitle(zip), pages: workbook.sheets.length };
};
