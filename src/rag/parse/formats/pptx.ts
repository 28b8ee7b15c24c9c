import type { BlockWriter } from "../block-writer.ts";
import { findMainPart, readCoreTitle, readRelationships, targetsOf } from "../ooxml.ts";
import type { ArchiveReader } from "../reader.ts";
import { readXml } from "../xml.ts";
import type { Zip } from "../zip.ts";
import { Drawing, writeDrawing } from "./drawing.ts";

/** The slides' relationship ids in the order in which they are shown. */
async function readSlideOrder(zip: Zip, part: string): Promise<string[]> {
  const ids: string[] = [];
  await readXml(zip.stream(part), {
    open(name, attributes) {
      if (name === "p:sldId" && attributes["r:id"]) ids.push(attributes["r:id"]);
    },
  });
  return ids;
}

async function writePart(
  zip: Zip,
  part: string,
  writer: BlockWriter,
  isSlide: boolean,
): Promise<void> {
  const drawing = new Drawing();
  await readXml(zip.stream(part), drawing);
  const relationships = await readRelationships(zip, part);
  await writeDrawing(drawing, writer, { zip, relationships, isSlide });
}

/** Comments of old files are in `p:text`, those of new ones in DrawingML. */
async function writeComments(zip: Zip, part: string, writer: BlockWriter): Promise<void> {
  let text = "";
  let inText = false;
  await readXml(zip.stream(part), {
    open(name) {
      inText = /^(p|p188):text$|^a:t$/.test(name);
    },
    text(piece) {
      if (inText) text += piece;
    },
    close(name) {
      inText = false;
      if (!/^p(188)?:(cm|reply)$/.test(name)) return;
      writer.paragraph(text);
      text = "";
    },
  });
}

/** PowerPoint: slide by slide its title, texts, tables and charts, then its notes and comments. */
export const readPptx: ArchiveReader = async ({ zip, writer }) => {
  const main = await findMainPart(zip, "ppt/presentation.xml");
  const relationships = await readRelationships(zip, main);
  const slides = (await readSlideOrder(zip, main)).flatMap(
    (id) => relationships.get(id)?.target ?? [],
  );
  for (const [index, slide] of slides.entries()) {
    writer.page = index + 1;
    await writePart(zip, slide, writer, true);
    const beside = await readRelationships(zip, slide);
    for (const notes of targetsOf(beside, "notesSlide")) await writePart(zip, notes, writer, false);
    for (const comments of targetsOf(beside, "comments")) {
      await writeComments(zip, comments, writer);
    }
  }
  return { title: await readCoreTitle(zip), pages: slides.length };
};
