import { BlockWriter, blockText } from "../block-writer.ts";
import { findMainPart, readCoreTitle, readRelationships, targetsOf } from "../ooxml.ts";
import type { ArchiveReader } from "../reader.ts";
import { readXml } from "../xml.ts";
import { WordBody } from "./docx-body.ts";
import { noNotes, readNotes } from "./docx-notes.ts";
import { noNumbering, readNumbering } from "./docx-numbering.ts";
import { readStyles } from "./docx-styles.ts";
import { readChart } from "./ooxml-chart.ts";

/**
 * Word documents: headings by style, lists and headings with the numbers that Word counts for them,
 * tables, notes and comments where they are referred to.
 *
 * Not read by officeparser 8.1.1, though its tree has all of these. It knows a heading by a style
 * whose id begins with "Heading": Word in Chinese gives the same styles the ids 1, 2, 3, so that its
 * documents would have no heading at all. It keeps hidden text and tables of contents. And it holds
 * 1 million characters in 420 MB and 2 million in 750 MB, over the ceiling; this reader both in 80 MB.
 */
export const readDocx: ArchiveReader = async ({ zip, writer }) => {
  const main = await findMainPart(zip, "word/document.xml");
  const relationships = await readRelationships(zip, main);
  const part = (type: string) => targetsOf(relationships, type)[0];
  const styleOf = await readStyles(zip, part("styles") ?? "word/styles.xml");

  /** Headers and footers repeat from section to section: each text is written once. */
  const margins = new Set<string>();
  const readMargins = async (type: "header" | "footer") => {
    for (const target of targetsOf(relationships, type)) {
      const texts: string[] = [];
      const collector = new BlockWriter((block) => texts.push(blockText(block)));
      const body = new WordBody(collector, styleOf, noNotes, noNumbering);
      await readXml(zip.stream(target), body);
      body.end();
      const text = texts.join("\n");
      if (/\p{L}/u.test(text) && !margins.has(text)) writer.paragraph(text);
      margins.add(text);
    }
  };

  await readMargins("header");
  const notes = {
    footnotes: await readNotes(zip, part("footnotes")),
    endnotes: await readNotes(zip, part("endnotes")),
    comments: await readNotes(zip, part("comments")),
  };
  const numbering = await readNumbering(zip, part("numbering"));
  const body = new WordBody(writer, styleOf, notes, numbering);
  await readXml(zip.stream(main), body);
  body.end();
  for (const id of body.charts) {
    const chart = relationships.get(id)?.target;
    if (chart) await readChart(zip, chart, writer);
  }
  await readMargins("footer");
  return { title: (await readCoreTitle(zip)) ?? body.title };
};
