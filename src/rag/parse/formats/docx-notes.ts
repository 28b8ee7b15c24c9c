import { readXml } from "../xml.ts";
import type { Zip } from "../zip.ts";

/** What paragraphs refer to, by the id of the reference. */
export interface Notes {
  readonly footnotes: ReadonlyMap<string, string>;
  readonly endnotes: ReadonlyMap<string, string>;
  readonly comments: ReadonlyMap<string, string>;
}

export const noNotes: Notes = { footnotes: new Map(), endnotes: new Map(), comments: new Map() };

/** The texts of footnotes, endnotes or comments by id. */
export async function readNotes(zip: Zip, part: string | undefined): Promise<Map<string, string>> {
  const notes = new Map<string, string>();
  if (part === undefined) return notes;
  let id = "";
  let text = "";
  let inText = false;
  await readXml(zip.stream(part), {
    open(name, attributes) {
      if (/^w:(footnote|endnote|comment)$/.test(name)) {
        id = attributes["w:id"] ?? "";
        text = "";
      } else if (name === "w:p" && text !== "") text += "\n";
      inText = name === "w:t";
    },
    text(piece) {
      if (inText) text += piece;
    },
    close(name) {
      inText = false;
      if (/^w:(footnote|endnote|comment)$/.test(name)) notes.set(id, text);
    },
  });
  return notes;
}
