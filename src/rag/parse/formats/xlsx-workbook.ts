import { readRelationships, targetsOf } from "../ooxml.ts";
import { readXml } from "../xml.ts";
import type { Zip } from "../zip.ts";

export interface Sheet {
  readonly name: string;
  readonly part: string;
}

export interface Workbook {
  /** The sheets in order, those left out that only a macro can show. */
  readonly sheets: readonly Sheet[];
  /** Whether days count from 1904 instead of 1900. */
  readonly date1904: boolean;
  readonly strings: readonly string[];
  /** The number format of each cell style: its code, or the number of a built-in one. */
  readonly formats: readonly (string | number)[];
}

async function readStrings(zip: Zip, part: string | undefined): Promise<string[]> {
  const strings: string[] = [];
  if (part === undefined) return strings;
  let text = "";
  let inText = false;
  let phonetic = 0;
  await readXml(zip.stream(part), {
    open(name) {
      inText = name === "s:t";
      if (name === "s:si") text = "";
      // How a Japanese word is read stands beside it.
      else if (name === "s:rPh") phonetic += 1;
    },
    text(piece) {
      if (inText && phonetic === 0) text += piece;
    },
    close(name) {
      inText = false;
      if (name === "s:si") strings.push(text);
      else if (name === "s:rPh") phonetic -= 1;
    },
  });
  return strings;
}

async function readFormats(zip: Zip, part: string | undefined): Promise<(string | number)[]> {
  const codes = new Map<number, string>();
  const formats: (string | number)[] = [];
  if (part === undefined) return formats;
  let inCells = false;
  await readXml(zip.stream(part), {
    open(name, attributes) {
      const id = Number(attributes.numFmtId);
      if (name === "s:numFmt") codes.set(id, attributes.formatCode ?? "General");
      else if (name === "s:cellXfs") inCells = true;
      else if (name === "s:xf" && inCells) formats.push(codes.get(id) ?? (id || 0));
    },
    close(name) {
      if (name === "s:cellXfs") inCells = false;
    },
  });
  return formats;
}

/** Reads what the sheets of a workbook share. */
export async function readWorkbook(zip: Zip, main: string): Promise<Workbook> {
  const relationships = await readRelationships(zip, main);
  const sheets: Sheet[] = [];
  let date1904 = false;
  await readXml(zip.stream(main), {
    open(name, attributes) {
      if (name === "s:workbookPr") date1904 = /^(1|true)$/.test(attributes.date1904 ?? "");
      if (name !== "s:sheet" || attributes.state === "veryHidden") return;
      const target = relationships.get(attributes["r:id"] ?? "");
      if (target?.type !== "worksheet") return;
      sheets.push({ name: attributes.name ?? "", part: target.target });
    },
  });
  return {
    sheets,
    date1904,
    strings: await readStrings(zip, targetsOf(relationships, "sharedStrings")[0]),
    formats: await readFormats(zip, targetsOf(relationships, "styles")[0]),
  };
}
