import { expect, test } from "bun:test";
import { type Block, maxBlockLength } from "../document.ts";
import { readDocument } from "../index.ts";
import { bytesSource } from "../source.ts";

async function read(content: string) {
  const blocks: Block[] = [];
  const { title } = await readDocument(bytesSource(Buffer.from(content, "latin1")), {
    claimedExtension: "rtf",
    maxDecompressedBytes: 2 ** 26,
    sink: (block) => blocks.push(block),
  });
  return { title, blocks };
}

const paragraph = (text: string): Block => ({ type: "paragraph", text });

test("bytes are read in the code page of their font, else of the file", async () => {
  const { blocks } = await read(
    String.raw`{\rtf1\ansi\ansicpg936\deff0{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset136 MingLiU;}{\f2\fcharset128 MS;}}` +
      String.raw`\'ba\'cf\'cd\'ac\par{\f1 \'bbO\'a5_}\par{\f2 \'82\'b1\'82\'f1}\'ba\'cf\par}`,
  );
  expect(blocks).toEqual([paragraph("合同"), paragraph("臺北"), paragraph("こん合")]);
});

test("Unicode stands for as many characters as the group says", async () => {
  const { blocks } = await read(
    String.raw`{\rtf1\ansi\uc1 \u21512?\u21516\'3f{\uc2 \u-10179 ab\u-8506 cd}{\uc0 \u26465}x\par}`,
  );
  expect(blocks).toEqual([paragraph("合同\ud83d\udec6条x")]);
});

test("pictures, fields' instructions and unknown groups are left out", async () => {
  const { blocks } = await read(
    String.raw`{\rtf1 a{\pict\pngblip 89504e47}{\*\unknown{\b text}}{\field{\*\fldinst HYPERLINK "x"}{\fldrslt link}}\bin4 {}}\ b\{c\}\par}`,
  );
  expect(blocks).toEqual([paragraph("alink b{c}")]);
});

test("headings by style, a table, a footnote after its paragraph, the title", async () => {
  const { title, blocks } = await read(
    String.raw`{\rtf1{\info{\title The title}{\author Somebody}}{\stylesheet{\s1 heading 1;}{\s2 heading 2;}}` +
      String.raw`\pard\s1 One\par\pard\s2 Two\par\pard Text{\footnote Note.} goes on.\par` +
      String.raw`\trowd\cellx1\cellx2\pard\intbl h1\cell h2\cell\row\trowd\cellx1\cellx2\pard\intbl a\par b\cell c\cell\row\pard end\par}`,
  );
  expect(title).toBe("The title");
  expect(blocks).toEqual([
    { type: "heading", level: 1, text: "One" },
    { type: "heading", level: 2, text: "Two" },
    paragraph("Text goes on."),
    paragraph("Note."),
    { type: "table", header: ["h1", "h2"], rows: [["a b", "c"]] },
    paragraph("end"),
  ]);
});

test("a file that breaks off gives what it has, in pieces that fit", async () => {
  const { blocks } = await read(String.raw`{\rtf1 start {\b ${"word ".repeat(10_000)}`);
  const texts = blocks.map((block) => (block.type === "table" ? "" : block.text));
  expect(texts.join(" ").match(/word/g)).toHaveLength(10_000);
  expect(texts.every((text) => text.length <= maxBlockLength)).toBe(true);
});

test("items and headings bear the numbers that they were shown with, and no bullets", async () => {
  const listed = (label: string, text: string) =>
    String.raw`\pard\plain {\listtext\pard\plain \f1 ${label}\tab}\ls1 ${text}\par`;
  const { blocks } = await read(
    String.raw`{\rtf1\ansi\ansicpg936{\stylesheet{\s1 heading 1;}}\pard\s1 {\listtext\pard\plain 1.2\tab}Fees\par` +
      listed("1.", "Towing") +
      listed("(iv)", "Mooring") +
      listed(String.raw`\u31532\'3f\u19968\'3f\u26465\'3f`, "Scope") +
      listed(String.raw`\'b5\'da\'b6\'fe\'cc\'f5`, "Term") +
      listed(String.raw`\u8226\'95`, "bullet") +
      listed("o", "deeper bullet") +
      "}",
  );
  expect(blocks.map((block) => (block.type === "table" ? "" : block.text))).toEqual([
    "1.2 Fees",
    "1. Towing",
    "(iv) Mooring",
    "第一条 Scope",
    "第二条 Term",
    "bullet",
    "deeper bullet",
  ]);
});
