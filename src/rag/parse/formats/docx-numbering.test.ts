import { expect, test } from "bun:test";
import { strToU8, zipSync } from "fflate";
import { blockText } from "../block-writer.ts";
import { readDocument } from "../index.ts";
import { countIn } from "../number-formats.ts";
import { bytesSource } from "../source.ts";

const word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
const office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const package_ = "http://schemas.openxmlformats.org/package/2006/relationships";

/** The texts of a document's blocks. */
async function read(parts: { numbering: string; styles?: string; body: string }) {
  const files = {
    "word/_rels/document.xml.rels": `<Relationships xmlns="${package_}"><Relationship Id="n" Type="${office}/numbering" Target="numbering.xml"/></Relationships>`,
    "word/document.xml": `<w:document xmlns:w="${word}"><w:body>${parts.body}</w:body></w:document>`,
    "word/numbering.xml": `<w:numbering xmlns:w="${word}">${parts.numbering}</w:numbering>`,
    "word/styles.xml": `<w:styles xmlns:w="${word}">${parts.styles ?? ""}</w:styles>`,
  };
  const entries = Object.entries(files).map(([name, text]) => [name, strToU8(text)] as const);
  const texts: string[] = [];
  await readDocument(bytesSource(zipSync(Object.fromEntries(entries))), {
    claimedExtension: "docx",
    maxDecompressedBytes: 2 ** 26,
    sink: (block) => texts.push(blockText(block)),
  });
  return texts;
}

const level = (at: number, format: string, text: string, more = "") =>
  `<w:lvl w:ilvl="${at}"><w:start w:val="1"/><w:numFmt w:val="${format}"/>${more}<w:lvlText w:val="${text}"/></w:lvl>`;
const list = (id: number, ...levels: string[]) =>
  `<w:abstractNum w:abstractNumId="${id}">${levels.join("")}</w:abstractNum>`;
const use = (id: number, of: number, overrides = "") =>
  `<w:num w:numId="${id}"><w:abstractNumId w:val="${of}"/>${overrides}</w:num>`;
const paragraph = (text: string, properties = "") =>
  `<w:p><w:pPr>${properties}</w:pPr><w:r><w:t>${text}</w:t></w:r></w:p>`;
const item = (id: number, depth: number, text: string) =>
  paragraph(text, `<w:numPr><w:ilvl w:val="${depth}"/><w:numId w:val="${id}"/></w:numPr>`);

test("items have the numbers that Word counts for them, deeper ones anew below each", async () => {
  const numbering =
    list(
      0,
      level(0, "decimal", "%1."),
      level(1, "lowerLetter", "%2)"),
      level(2, "decimal", "%1.%2.%3"),
    ) +
    list(1, level(0, "bullet", "•")) +
    use(1, 0) +
    use(2, 0) +
    use(3, 0, '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="7"/></w:lvlOverride>') +
    use(4, 1);
  const body =
    item(1, 0, "one") + item(1, 1, "a") + item(1, 1, "b") + item(1, 2, "deep") + item(2, 0, "two") +
    item(1, 1, "again a") + item(4, 0, "bullet") + item(3, 0, "seven") + item(3, 0, "eight") +
    item(9, 0, "unknown"); // biome-ignore format: the items as they follow
  expect(await read({ numbering, body })).toEqual([
    "1. one",
    "a) a",
    "b) b",
    "1.b.1 deep",
    "2. two",
    "a) again a",
    "bullet",
    "7. seven",
    "8. eight",
    "unknown",
  ]);
});

test("headings and articles are numbered by their styles, cells by their paragraphs", async () => {
  const ofStyle = (id: string) => `<w:pStyle w:val="${id}"/>`;
  const numbering =
    list(
      0,
      level(0, "chineseCountingThousand", "第%1章", ofStyle("1")),
      level(1, "decimal", "%1.%2", `<w:isLgl/>${ofStyle("2")}`),
      level(2, "chineseCounting", "（%3）"),
    ) +
    list(1, level(0, "decimal", "%1")) +
    use(1, 0) +
    use(2, 1);
  const styles =
    '<w:style w:styleId="1"><w:name w:val="heading 1"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>' +
    '<w:style w:styleId="2"><w:name w:val="heading 2"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>' +
    '<w:style w:styleId="3"><w:name w:val="Based"/><w:basedOn w:val="2"/></w:style>';
  const none = '<w:numPr><w:numId w:val="0"/></w:numPr>';
  const cell = (content: string) => `<w:tc>${content}</w:tc>`;
  const row = (name: string) => `<w:tr>${cell(item(2, 0, ""))}${cell(paragraph(name))}</w:tr>`;
  const body =
    paragraph("总则", ofStyle("1")) + paragraph("范围", ofStyle("2")) + paragraph("定义", ofStyle("3")) +
    item(1, 2, "甲方") + paragraph("没有编号", ofStyle("1") + none) + paragraph("", ofStyle("1")) +
    paragraph("价格", ofStyle("1")) + `<w:tbl>${row("泵")}${row("阀")}</w:tbl>`; // biome-ignore format: as they follow
  expect(await read({ numbering, styles, body })).toEqual([
    "第一章 总则",
    "1.1 范围",
    "1.2 定义",
    "（一）甲方",
    "没有编号",
    "第三章 价格",
    "1 | 泵\n2 | 阀",
  ]);
});

test("a list that a style defines is counted as that one is", async () => {
  const numbering =
    '<w:abstractNum w:abstractNumId="0"><w:numStyleLink w:val="Own"/></w:abstractNum>' +
    `<w:abstractNum w:abstractNumId="1"><w:styleLink w:val="Own"/>${level(0, "upperRoman", "§ %1")}</w:abstractNum>` +
    use(1, 0) +
    use(2, 1);
  const body = item(1, 0, "first") + item(2, 0, "second");
  expect(await read({ numbering, body })).toEqual(["§ I first", "§ II second"]);
});

test.each([
  ["lowerRoman", [1, 4, 9, 14, 1999, 4000], ["i", "iv", "ix", "xiv", "mcmxcix", "4000"]],
  ["upperLetter", [1, 26, 27, 79], ["A", "Z", "AA", "79"]],
  [
    "chineseCounting",
    [1, 10, 11, 20, 105, 110, 1001, 10_000],
    ["一", "十", "十一", "二十", "一百零五", "一百一十", "一千零一", "10000"],
  ],
  ["chineseLegalSimplified", [10, 25], ["壹拾", "贰拾伍"]],
  ["decimalEnclosedCircle", [1, 20, 21], ["①", "⑳", "21"]],
  ["ideographTraditional", [3, 11], ["丙", "11"]],
  ["decimalZero", [7, 12], ["07", "12"]],
  ["none", [5], [""]],
  ["somethingElse", [5, 0, -1], ["5", "0", "-1"]],
])("%s", (format, counts, expected) => {
  expect(counts.map((count) => countIn(format, count))).toEqual(expected);
});
