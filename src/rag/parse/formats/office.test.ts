import { describe, expect, test } from "bun:test";
import { strToU8, zipSync } from "fflate";
import type { Block } from "../document.ts";
import { readDocument } from "../index.ts";
import { bytesSource } from "../source.ts";
import { withAutomaticNumbers } from "./pptx-numbers.ts";
import { formatNumber } from "./xlsx.ts";

async function read(parts: Readonly<Record<string, string>>): Promise<Block[]> {
  const files = Object.entries(parts).map(([name, content]) => [name, strToU8(content)] as const);
  const blocks: Block[] = [];
  await readDocument(bytesSource(zipSync(Object.fromEntries(files))), {
    claimedExtension: "docx",
    maxDecompressedBytes: 2 ** 26,
    sink: (block) => blocks.push(block),
  });
  return blocks;
}

const office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const package_ = "http://schemas.openxmlformats.org/package/2006/relationships";
const relations = (targets: Readonly<Record<string, string>>) => {
  const entries = Object.entries(targets).map(
    ([type, target]) => `<Relationship Id="${type}" Type="${office}/${type}" Target="${target}"/>`,
  );
  return `<Relationships xmlns="${package_}">${entries.join("")}</Relationships>`;
};

describe("Word", () => {
  const namespace = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
  const compatibility = "http://schemas.openxmlformats.org/markup-compatibility/2006";
  const word = (body: string, prefix = "w") =>
    `<${prefix}:document xmlns:${prefix}="${namespace}" xmlns:mc="${compatibility}"><${prefix}:body>${body}</${prefix}:body></${prefix}:document>`;
  const run = (text: string, properties = "") =>
    `<w:r><w:rPr>${properties}</w:rPr><w:t>${text}</w:t></w:r>`;
  const paragraph = (content: string, properties = "") =>
    `<w:p><w:pPr>${properties}</w:pPr>${content}</w:p>`;
  const texts = async (body: string) =>
    (await read({ "word/document.xml": word(body) })).map((block) =>
      block.type === "table" ? [block.header, ...block.rows] : block.text,
    );

  test("deleted, moved away and hidden text is left out, inserted text is kept", async () => {
    const body = paragraph(
      `${run("A")}<w:del><w:r><w:delText>B</w:delText></w:r></w:del><w:ins>${run("C")}</w:ins>` +
        `<w:moveFrom>${run("D")}</w:moveFrom>${run("E", "<w:vanish/>")}${run("F", '<w:vanish w:val="0"/>')}`,
    );
    expect(await texts(body)).toEqual(["ACF"]);
  });

  test("a text box is read once, before the paragraph it is anchored in", async () => {
    const box = (text: string) => `<w:txbxContent>${paragraph(run(text))}</w:txbxContent>`;
    const body = paragraph(
      `<w:r><mc:AlternateContent><mc:Choice>${box("new")}</mc:Choice><mc:Fallback>${box("old")}</mc:Fallback></mc:AlternateContent></w:r>${run("anchor")}`,
    );
    expect(await texts(body)).toEqual(["new", "anchor"]);
  });

  test("merged cells are repeated down and nested tables stay in their cell", async () => {
    const cell = (content: string, properties = "") =>
      `<w:tc><w:tcPr>${properties}</w:tcPr>${content}</w:tc>`;
    const row = (...cells: string[]) => `<w:tr>${cells.join("")}</w:tr>`;
    const nested = `<w:tbl>${row(cell(paragraph(run("n1"))), cell(paragraph(run("n2"))))}</w:tbl>`;
    const table =
      row(cell(paragraph(run("h1"))), cell(paragraph(run("h2")), '<w:gridSpan w:val="2"/>')) +
      row(
        cell(paragraph(run("a")), '<w:vMerge w:val="restart"/>'),
        cell(paragraph(run("b"))),
        cell(paragraph(run("c"))),
      ) +
      row(
        cell(paragraph(""), "<w:vMerge/>"),
        cell(nested),
        cell(paragraph(run("d")) + paragraph(run("e"))),
      );
    expect(await texts(`<w:tbl>${table}</w:tbl>`)).toEqual([
      [
        ["h1", "h2"],
        ["a", "b", "c"],
        ["a", "n1 | n2", "d e"],
      ],
    ]);
  });

  test("a header of two rows names each column by both", async () => {
    const cell = (text: string, properties = "") =>
      `<w:tc><w:tcPr>${properties}</w:tcPr>${paragraph(run(text))}</w:tc>`;
    const row = (...cells: string[]) => `<w:tr>${cells.join("")}</w:tr>`;
    const table =
      row(
        cell("Service", '<w:vMerge w:val="restart"/>'),
        cell("Price", '<w:gridSpan w:val="2"/>'),
      ) +
      row(cell("", "<w:vMerge/>"), cell("weekday"), cell("holiday")) +
      row(cell("Towing"), cell("100"), cell("200"));
    expect(await texts(`<w:tbl>${table}</w:tbl>`)).toEqual([
      [
        ["Service", "Price weekday", "Price holiday"],
        ["Towing", "100", "200"],
      ],
    ]);
  });

  test("headings by style, its parents or outline level; lists; no table of contents", async () => {
    const styles =
      '<w:style w:styleId="1"><w:name w:val="heading 2"/></w:style>' +
      '<w:style w:styleId="Own"><w:name w:val="Own"/><w:basedOn w:val="1"/></w:style>' +
      '<w:style w:styleId="T1"><w:name w:val="toc 1"/></w:style>' +
      '<w:style w:styleId="Loop"><w:name w:val="x"/><w:basedOn w:val="Loop"/></w:style>';
    const style = (id: string) => `<w:pStyle w:val="${id}"/>`;
    const blocks = await read({
      "word/document.xml": word(
        paragraph(run("Contents line"), style("T1")) +
          paragraph(run("By parent"), style("Own")) +
          paragraph(run("By level"), '<w:outlineLvl w:val="2"/>') +
          paragraph(run("Item"), '<w:numPr><w:ilvl w:val="1"/><w:numId w:val="3"/></w:numPr>') +
          paragraph(run("Loop"), style("Loop")),
      ),
      "word/styles.xml": `<w:styles xmlns:w="${namespace}">${styles}</w:styles>`,
    });
    expect(blocks).toEqual([
      { type: "heading", level: 2, text: "By parent" },
      { type: "heading", level: 3, text: "By level" },
      { type: "list_item", depth: 1, text: "Item" },
      { type: "paragraph", text: "Loop" },
    ]);
  });

  test("a table of contents is left out by what it is, whatever the style of its lines", async () => {
    const control = (gallery: string, text: string) =>
      `<w:sdt><w:sdtPr><w:docPartObj><w:docPartGallery w:val="${gallery}"/></w:docPartObj></w:sdtPr><w:sdtContent>${paragraph(run(text))}</w:sdtContent></w:sdt>`;
    const body =
      control("Table of Contents", "Introduction 3") +
      paragraph(run("Introduction")) +
      control("Cover Pages", "Harbour report") +
      `<w:sdt><w:sdtContent>${paragraph(run("a field"))}</w:sdtContent></w:sdt>`;
    expect(await texts(body)).toEqual(["Introduction", "Harbour report", "a field"]);
  });

  test("prefixes and the strict namespace are the producer's choice", async () => {
    const strict = "http://purl.oclc.org/ooxml/wordprocessingml/main";
    const body = "<x:p><x:r><x:t>strict</x:t></x:r></x:p>";
    const document = `<x:document xmlns:x="${strict}"><x:body>${body}</x:body></x:document>`;
    expect(await read({ "word/document.xml": document })).toEqual([
      { type: "paragraph", text: "strict" },
    ]);
  });
});

describe("PowerPoint", () => {
  const slide = "http://schemas.openxmlformats.org/presentationml/2006/main";
  const drawing = "http://schemas.openxmlformats.org/drawingml/2006/main";
  const chart = "http://schemas.openxmlformats.org/drawingml/2006/chart";
  const shape = (text: string, placeholder: string) =>
    `<p:sp><p:nvSpPr><p:nvPr>${placeholder}</p:nvPr></p:nvSpPr><p:txBody><a:p><a:r><a:t>${text}</a:t></a:r></a:p></p:txBody></p:sp>`;

  const slideOf = (shapes: string) =>
    `<p:sld xmlns:p="${slide}" xmlns:a="${drawing}" xmlns:c="${chart}" xmlns:r="${office}"><p:cSld><p:spTree>${shapes}</p:spTree></p:cSld></p:sld>`;

  test("slides come in their order, titles first, charts as tables, no page numbers", async () => {
    const point = (index: number, value: string) =>
      `<c:pt idx="${index}"><c:v>${value}</c:v></c:pt>`;
    const series = `<c:ser><c:tx><c:strRef><c:strCache>${point(0, "Ships")}</c:strCache></c:strRef></c:tx><c:cat><c:strRef><c:strCache>${point(0, "2023")}${point(1, "2024")}</c:strCache></c:strRef></c:cat><c:val><c:numRef><c:numCache>${point(0, "40")}${point(1, "42")}</c:numCache></c:numRef></c:val></c:ser>`;
    const blocks = await read({
      "ppt/presentation.xml": `<p:presentation xmlns:p="${slide}" xmlns:r="${office}"><p:sldIdLst><p:sldId r:id="b"/><p:sldId r:id="a"/></p:sldIdLst></p:presentation>`,
      "ppt/_rels/presentation.xml.rels": `<Relationships xmlns="${package_}"><Relationship Id="a" Type="${office}/slide" Target="slides/slide1.xml"/><Relationship Id="b" Type="${office}/slide" Target="/ppt/slides/slide2.xml"/></Relationships>`,
      "ppt/slides/slide1.xml": slideOf(
        `${shape("Last", "")}<p:graphicFrame><a:graphic><a:graphicData uri="${chart}"><c:chart r:id="chart"/></a:graphicData></a:graphic></p:graphicFrame>`,
      ),
      "ppt/slides/_rels/slide1.xml.rels": relations({ chart: "../charts/chart1.xml" }),
      "ppt/charts/chart1.xml": `<c:chartSpace xmlns:c="${chart}" xmlns:a="${drawing}"><c:chart><c:title><c:tx><c:rich><a:p><a:r><a:t>Arrivals</a:t></a:r></a:p></c:rich></c:tx></c:title><c:plotArea><c:barChart>${series}</c:barChart></c:plotArea></c:chart></c:chartSpace>`,
      "ppt/slides/slide2.xml": slideOf(
        shape("Point", "<p:ph/>") +
          shape("7", '<p:ph type="sldNum"/>') +
          shape("First", '<p:ph type="title"/>'),
      ),
    });
    expect(blocks).toEqual([
      { type: "heading", level: 1, text: "First", page: 1 },
      { type: "paragraph", text: "Point", page: 1 },
      { type: "heading", level: 1, text: "Last", page: 2 },
      { type: "paragraph", text: "Arrivals", page: 2 },
      {
        type: "table",
        header: ["", "Ships"],
        rows: [
          ["2023", "40"],
          ["2024", "42"],
        ],
        page: 2,
      },
    ]);
  });

  test("points of a content placeholder are list items, whose marks the layout has", async () => {
    const point = (text: string, properties = "") =>
      `<a:p>${properties}<a:r><a:t>${text}</a:t></a:r></a:p>`;
    const points = (placeholder: string, ...paragraphs: string[]) =>
      `<p:sp><p:nvSpPr><p:nvPr>${placeholder}</p:nvPr></p:nvSpPr><p:txBody>${paragraphs.join("")}</p:txBody></p:sp>`;
    const blocks = await read({
      "ppt/presentation.xml": `<p:presentation xmlns:p="${slide}" xmlns:r="${office}"><p:sldIdLst><p:sldId r:id="a"/></p:sldIdLst></p:presentation>`,
      "ppt/_rels/presentation.xml.rels": `<Relationships xmlns="${package_}"><Relationship Id="a" Type="${office}/slide" Target="slides/slide1.xml"/></Relationships>`,
      "ppt/slides/slide1.xml": slideOf(
        shape("Plan", '<p:ph type="title"/>') +
          points(
            '<p:ph idx="1"/>',
            point("First"),
            point("Deeper", '<a:pPr lvl="1"/>'),
            "<a:p/>",
            point("Plain", '<a:pPr marL="0"><a:buNone/></a:pPr>'),
            point("Spaced", '<a:pPr lvl="0"><a:lnSpc><a:spcPct val="90"/></a:lnSpc></a:pPr>'),
          ) +
          points('<p:ph type="body" idx="2"/>', point("Caption"), point("of a picture")) +
          points('<p:ph sz="half" idx="3"/>', point("Alone")),
      ),
    });
    const onSlide = (block: object) => ({ ...block, page: 1 }) as Block;
    expect(blocks).toEqual([
      onSlide({ type: "heading", level: 1, text: "Plan" }),
      onSlide({ type: "list_item", depth: 0, text: "First" }),
      onSlide({ type: "list_item", depth: 1, text: "Deeper" }),
      onSlide({ type: "paragraph", text: "Plain" }),
      onSlide({ type: "list_item", depth: 0, text: "Spaced" }),
      onSlide({ type: "paragraph", text: "Caption" }),
      onSlide({ type: "paragraph", text: "of a picture" }),
      onSlide({ type: "paragraph", text: "Alone" }),
    ]);
  });
});

test("PowerPoint's automatic numbers go on within their level and kind", () => {
  const point = (text: string, type = "", attributes = "") => {
    const number = type === "" ? "" : `<a:buAutoNum type="${type}"/>`;
    return `<a:p><a:pPr ${attributes}>${number}</a:pPr><a:r><a:t>${text}</a:t></a:r></a:p>`;
  };
  const numbered = withAutomaticNumbers(
    point("A", 'arabicPeriod" startAt="3') +
      point("B", "alphaLcParenBoth", 'lvl="1"') +
      point("C", "alphaLcParenBoth", 'lvl="1"') +
      "<a:p/>" +
      "<a:p><a:pPr/><a:endParaRPr/></a:p>" +
      point("D", 'arabicPeriod" startAt="3') +
      point("E") +
      point("F", "romanUcParenR") +
      point("G", "ea1ChsPlain"),
  );
  const texts = numbered.split("</a:p>").map((part) => part.replace(/<[^<>]*>/g, ""));
  expect(texts.filter((text) => text !== "")).toEqual(
    "3. A|(a) B|(b) C|4. D|E|I) F|一 G".split("|"),
  );
});

test("books: lists with their numbers, no readings of words", async () => {
  const chapter = `<html xmlns="http://www.w3.org/1999/xhtml"><head><title>One</title></head><body>
    <p><ruby>出航<rp>(</rp><rt>しゅっこう</rt><rp>)</rp></ruby>した。</p><ol start="3"><li>Set sail<ul><li>at dawn</li></ul></li><li>Anchor</li></ol></body></html>`;
  const blocks = await read({
    mimetype: "application/epub+zip",
    "META-INF/container.xml": `<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>`,
    "book.opf": `<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><manifest><item id="one" href="one.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="one"/></spine></package>`,
    "one.xhtml": chapter,
  });
  expect(blocks).toEqual([
    { type: "paragraph", text: "出航した。" },
    { type: "list_item", depth: 0, text: "3. Set sail" },
    { type: "list_item", depth: 1, text: "at dawn" },
    { type: "list_item", depth: 0, text: "4. Anchor" },
  ]);
});

describe("Spreadsheets", () => {
  test("a merged cell is repeated down in Excel's rows, and not beyond them", async () => {
    const namespace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const rows = [
      ["Region", "Quarter", "Ships"],
      ["North", "Q1", "5"],
      ["", "Q2", "6"],
      ["", "", ""],
      ["South", "Q1", "7"],
    ].map((cells, row) => {
      const written = cells.map((cell, column) =>
        cell === ""
          ? ""
          : `<c r="${"ABC"[column]}${row + 1}" t="inlineStr"><is><t>${cell}</t></is></c>`,
      );
      return `<row r="${row + 1}">${written.join("")}</row>`;
    });
    const merges =
      '<mergeCells><mergeCell ref="A2:A4"/><mergeCell ref="A5:A1048576"/></mergeCells>';
    const [, table] = await read({
      "xl/workbook.xml": `<workbook xmlns="${namespace}" xmlns:r="${office}"><sheets><sheet name="Fleet" r:id="worksheet"/></sheets></workbook>`,
      "xl/_rels/workbook.xml.rels": relations({ worksheet: "worksheets/sheet1.xml" }),
      "xl/worksheets/sheet1.xml": `<worksheet xmlns="${namespace}"><sheetData>${rows.join("")}</sheetData>${merges}</worksheet>`,
    });
    expect(table).toMatchObject({
      header: ["Region", "Quarter", "Ships"],
      rows: [
        ["North", "Q1", "5"],
        ["North", "Q2", "6"],
        ["South", "Q1", "7"],
      ],
    });
  });

  test("empty cells and merged ones keep the columns of an OpenDocument sheet apart", async () => {
    const namespaces = ["office", "text", "table"]
      .map((name) => `xmlns:${name}="urn:oasis:names:tc:opendocument:xmlns:${name}:1.0"`)
      .join(" ");
    const cell = (text: string, attributes = "") =>
      `<table:table-cell ${attributes}><text:p>${text}</text:p></table:table-cell>`;
    const gap = "<table:table-cell/>";
    const covered = "<table:covered-table-cell/>";
    const row = (...cells: string[]) =>
      `<table:table-row>${cells.join("")}<table:table-cell table:number-columns-repeated="16380"/></table:table-row>`;
    const sheet = [
      row(cell("Region"), cell("Quarter"), cell("Ships")),
      row(cell("North", 'table:number-rows-spanned="2"'), gap, cell("5")),
      row(covered, cell("Q2"), cell("6")),
      row(gap, cell("Q3"), cell("7")),
    ];
    const [, table] = await read({
      mimetype: "application/vnd.oasis.opendocument.spreadsheet",
      "content.xml": `<office:document-content ${namespaces}><office:body><office:spreadsheet><table:table table:name="Fleet">${sheet.join("")}</table:table></office:spreadsheet></office:body></office:document-content>`,
    });
    expect(table).toMatchObject({
      header: ["Region", "Quarter", "Ships"],
      rows: [
        ["North", "", "5"],
        ["North", "Q2", "6"],
        ["", "Q3", "7"],
      ],
    });
  });
});

describe("OpenDocument", () => {
  const namespaces = ["office", "text", "table", "draw", "chart", "svg-compatible"]
    .map((name) => {
      const uri = `urn:oasis:names:tc:opendocument:xmlns:${name.replace("draw", "drawing")}:1.0`;
      return `xmlns:${name.split("-")[0]}="${uri}"`;
    })
    .join(" ");
  const content = (body: string) =>
    `<office:document-content ${namespaces} xmlns:xlink="http://www.w3.org/1999/xlink"><office:body>${body}</office:body></office:document-content>`;
  const readText = (body: string, parts: Readonly<Record<string, string>> = {}) =>
    read({
      mimetype: "application/vnd.oasis.opendocument.text",
      "content.xml": content(`<office:text>${body}</office:text>`),
      ...parts,
    });
  const line = (text: string) => `<text:p>${text}</text:p>`;
  const cell = (inside: string) => `<table:table-cell>${inside}</table:table-cell>`;

  test("no deleted text, no table of contents", async () => {
    const blocks = await readText(
      `<text:tracked-changes><text:changed-region><text:deletion>${line("Deleted")}</text:deletion></text:changed-region></text:tracked-changes>` +
        `<text:table-of-content text:name="T"><text:index-body>${line("1 Introduction 3")}</text:index-body></text:table-of-content>` +
        line("Kept"),
    );
    expect(blocks).toEqual([{ type: "paragraph", text: "Kept" }]);
  });

  test("lists in cells are a part of the cell's text", async () => {
    const items = `<text:list text:style-name="L1"><text:list-item>${line("one")}</text:list-item><text:list-item>${line("two")}</text:list-item></text:list>`;
    const row = (...cells: string[]) =>
      `<table:table-row>${cells.map(cell).join("")}</table:table-row>`;
    const blocks = await readText(
      `<table:table>${row(line("h1"), line("h2"))}${row(line("a") + items, line("b"))}</table:table>`,
    );
    expect(blocks).toEqual([{ type: "table", header: ["h1", "h2"], rows: [["a one two", "b"]] }]);
  });

  test("a chart is the table that it was drawn from", async () => {
    const row = (label: string, value: string) =>
      `<table:table-row>${cell(line(label))}${cell(line(value))}</table:table-row>`;
    const chart = `<office:chart><chart:chart><chart:title>${line("Arrivals")}</chart:title><table:table table:name="local-table"><table:table-header-rows>${row("", "Ships")}</table:table-header-rows><table:table-rows>${row("2024", "42")}</table:table-rows></table:table></chart:chart></office:chart>`;
    const blocks = await readText(
      line('before<draw:frame><draw:object xlink:href="./Object 1"/></draw:frame>'),
      { "Object 1/content.xml": content(chart) },
    );
    expect(blocks).toEqual([
      { type: "paragraph", text: "before" },
      { type: "paragraph", text: "Arrivals" },
      { type: "table", header: ["", "Ships"], rows: [["2024", "42"]] },
    ]);
  });
});

test.each([
  ["43115", 14, false, "2018-01-15"],
  ["41653", 14, true, "2018-01-15"],
  ["43115.5", 22, false, "2018-01-15 12:00:00"],
  ["0.75", 20, false, "18:00:00"],
  ["43115", 'yyyy"年"m"月"d"日"', false, "2018年1月15日"],
  ["0.075", "0.0%", false, "7.5%"],
  ["1234.5", 4, false, "1,234.50"],
  ["3.5", 0, false, "3.5"],
  ["12345678901", 0, false, "12345678901"],
  ["12345678901234", 0, false, "12345678901234"],
  ["1.2345678901234E+20", 0, false, "1.23457E+20"],
  ["1E+400", 0, false, "1E+400"],
  ["1.2534722222222223", "[h]:mm:ss", false, "30:05:00"],
  ["1.2534722222222223", 46, false, "30:05:00"],
  ["5", "[broken", false, "5"],
])("the number %s in the format %s", (raw, format, date1904, shown) => {
  expect(formatNumber(raw, format, date1904)).toBe(shown);
});
