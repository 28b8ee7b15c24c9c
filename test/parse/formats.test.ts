import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Block } from "../../src/rag/parse/document.ts";
import { createDocumentParser } from "../../src/rag/parse/parser.ts";
import { readAll } from "./read-all.ts";

const documents = join(import.meta.dir, "../documents");
const parser = createDocumentParser({ timeoutSeconds: 60, memoryBytes: 512 * 2 ** 20 });
afterAll(() => parser.close());

const read = (name: string) => readAll(parser, join(documents, name));
const heading = (level: number, text: string): Block => ({ type: "heading", level, text });
const paragraph = (text: string): Block => ({ type: "paragraph", text });
const item = (depth: number, text: string): Block => ({ type: "list_item", depth, text });
const table = (header: string[], ...rows: string[][]): Block => ({ type: "table", header, rows });
const onPage = (page: number, blocks: readonly Block[]): Block[] =>
  blocks.map((block) => ({ ...block, page }));

const introduction =
  "The harbour of Northwick handled 4,200 ships last year. Every container is weighed twice before it leaves the quay, so that no crane lifts more than it may; the scales are checked every Monday morning by two inspectors who sign for it.";
const forceMajeure =
  "本港去年共接待船舶四千二百艘。不可抗力条款规定，因台风、地震等不能预见、不能避免并且不能克服的客观情况造成的延误，双方均不承担责任；受影响的一方应当在十五日内以书面形式通知对方并提供证明。";
const fees = table(
  ["Service 服务", "Price 价格", "Unit"],
  ["Towing 拖轮", "850", "per hour"],
  ["Towing 拖轮", "5100", "per day"],
  ["Mooring", "120", "per ship"],
);
const report: readonly Block[] = [
  heading(1, "Harbour report 港口报告"),
  heading(1, "Introduction"),
  paragraph(introduction),
  paragraph("Weights are certified by the customs office."),
  paragraph(forceMajeure),
  paragraph("请核对船舶数量。"),
  heading(2, "Cranes and berths"),
  item(0, "Crane Alpha lifts 60 tonnes"),
  item(1, "its boom is 45 metres long"),
  item(0, "起重机乙可吊四十吨"),
  heading(1, "费用表"),
  fees,
  paragraph("Prices are valid until 31 December 2025.\nA second line."),
  paragraph("Boxed notice: lifejackets are mandatory."),
  paragraph("Second page begins here & ends soon with “quotes”, naïve café and Ελληνικά."),
];

describe("text documents", () => {
  test.each(["docx", "odt", "rtf"])(
    "report.%s: notes, comments, headers and footers too",
    async (type) => {
      const { title, fileType, blocks } = await read(`report.${type}`);
      expect({ title, fileType }).toEqual({ title: "Harbour report 港口报告", fileType: type });
      expect(blocks.slice(1, -1)).toEqual([...report]);
      expect(blocks[0]).toEqual(paragraph("Port Authority — internal"));
      expect(blocks.at(-1)).toMatchObject({
        type: "paragraph",
        text: expect.stringMatching(/^Page.* of harbour report$/),
      });
    },
  );

  test("report.pdf: joined lines, headings by size, the table, no running header or footer", async () => {
    const { title, pages, blocks } = await read("report.pdf");
    expect({ title, pages }).toEqual({ title: "Harbour report 港口报告", pages: 2 });
    for (const block of onPage(1, [
      heading(1, "Harbour report 港口报告"),
      heading(2, "Cranes and berths"),
      paragraph(forceMajeure),
      item(0, "Crane Alpha lifts 60 tonnes"),
      { ...fees, rows: [["Towing 拖轮", "850", "per hour"], ["", "5100", "per day"], ["Mooring", "120", "per ship"]] } as Block, // biome-ignore format: the rows as they stand
    ])) {
      expect(blocks).toContainEqual(block);
    }
    expect(blocks.at(-1)?.page).toBe(2);
    expect(JSON.stringify(blocks)).not.toMatch(/Port Authority|Page 1/);
  });

  test("report.epub keeps every text in order", async () => {
    const { title, blocks } = await read("report.epub");
    expect(title).toBe("Harbour report 港口报告");
    expect(blocks).toContainEqual(fees);
    expect(blocks).toContainEqual(paragraph(forceMajeure));
  });

  test("book.epub follows the spine, without the table of contents", async () => {
    expect(await read("book.epub")).toMatchObject({
      title: "灯塔 The Lighthouse",
      blocks: [
        heading(1, "Chapter one"),
        paragraph("The keeper climbs 199 steps each night."),
        heading(1, "第二章"),
        paragraph("风暴来临之前，他点亮了灯。"),
      ],
    });
  });
});

describe("slides and sheets", () => {
  test.each(["pptx", "odp"])("talk.%s: titles, lists, notes and tables by slide", async (type) => {
    const { title, pages, blocks } = await read(`talk.${type}`);
    expect({ title, pages }).toEqual({ title: "Tides for beginners", pages: 2 });
    expect(blocks).toEqual([
      ...onPage(1, [
        heading(1, "What moves the sea 潮汐"),
        item(0, "The moon pulls the water"),
        item(1, "twice a day"),
        item(0, "太阳的引力较弱"),
        paragraph("Remember to show the animation."),
      ]),
      ...onPage(2, [
        heading(1, "Heights"),
        table(["Port", "Range in metres"], ["Northwick", "4.5"], ["青岛", "2.8"]),
        paragraph("Source: harbour office, 2024"),
      ]),
    ]);
  });

  test.each(["xlsx", "ods"])("prices.%s: names of sheets, dates, percentages", async (type) => {
    const { title, pages, blocks } = await read(`prices.${type}`);
    expect({ title, pages }).toEqual({ title: "Price list", pages: 2 });
    expect(blocks).toEqual([
      ...onPage(1, [
        heading(1, "Fruit 水果"),
        paragraph("Price list of the market"),
        table(
          ["Name 名称", "Price", "Since", "Tax"],
          ["Apple 苹果", "3.5", "2018-02-28", "7.5%"],
          ["Pear 梨", "4.25", "2021-11-03"],
        ),
        paragraph(type === "xlsx" ? "A4: Only in autumn" : "Only in autumn"),
      ]),
      ...onPage(2, [heading(1, "Fish"), table(["Kind", "Fresh"], ["Herring", "1"])]),
    ]);
  });
});

describe("PDF", () => {
  test("two columns are read one after the other", async () => {
    expect((await read("columns.pdf")).blocks).toEqual(
      onPage(1, [
        heading(1, "Two piers"),
        paragraph(
          "The west pier was built in 1911 from granite blocks that were shipped over the bay by sail. It carries two lamps and a bell that rings in fog, and it is painted white every spring.",
        ),
        paragraph(
          "The east pier is younger and stands on steel piles. Ferries leave from it at noon and at midnight, except on Sundays when only the mail boat runs between the two islands.",
        ),
      ]),
    );
  });

  test("tags tell lists, headings and tables, one over two pages too", async () => {
    const { title, pages, blocks } = await read("printed.pdf");
    expect({ title, pages }).toEqual({ title: "差旅制度", pages: 2 });
    const expenses = ["城市", "经理", "员工"];
    expect(blocks).toEqual([
      ...onPage(1, [
        heading(1, "差旅制度"),
        paragraph(
          "The rules hold for everybody who travels for the company, whether by train, by ship or by car, and for whoever joins them on the way.",
        ),
        paragraph(
          "The first column begins with a sentence about the harbour which goes on for several lines so that the browser has to wrap it.",
        ),
        paragraph(
          "The second column talks about ferries. They leave at noon, and nobody may board without a ticket that was shown twice.",
        ),
        heading(2, "Lists"),
        item(0, "Tickets"),
        item(1, "train"),
        item(0, "Bills"),
        table(expenses, ["一线城市", "600", "450"], ["", "610", "460"]),
      ]),
      ...onPage(2, [table(expenses, ["二线城市", "500"], ["其他", "", "280"])]),
    ]);
  });

  test("a tagged PDF of LibreOffice says the same as one without tags, and how its lists lie", async () => {
    const { blocks } = await read("tagged.pdf");
    for (const block of onPage(1, [
      heading(1, "Harbour report 港口报告"),
      paragraph(forceMajeure),
      item(0, "Crane Alpha lifts 60 tonnes"),
      item(1, "its boom is 45 metres long"),
      { ...fees, rows: [["Towing 拖轮", "850", "per hour"], ["", "5100", "per day"], ["Mooring", "120", "per ship"]] } as Block, // biome-ignore format: the rows as they stand
    ])) {
      expect(blocks).toContainEqual(block);
    }
    expect(JSON.stringify(blocks)).not.toMatch(/Port Authority|Page 1/);
  });

  test("a page that is turned is read as it is seen", async () => {
    expect((await read("rotated.pdf")).blocks).toEqual(
      onPage(1, [
        paragraph(
          "Landscape table of tides on a page that was turned by ninety degrees in the scanner software.",
        ),
      ]),
    );
  });

  test("Chinese without an embedded font is read by Adobe's CMaps", async () => {
    const { blocks } = await read("chinese-cmap.pdf");
    const text = blocks.map((block) => (block.type === "table" ? "" : block.text)).join("\n");
    for (const line of ["不可抗力条款", "双方均不承担责任，第3条除外。", "统一编码的一行文字"]) {
      expect(text).toContain(line);
    }
  });
});

describe("text in every encoding", () => {
  const chinese = [
    "检索增强生成（RAG）先检索与问题有关的段落，再让模型根据段落作答。",
    "不可抗力是指不能预见、不能避免并且不能克服的客观情况。",
  ];
  test.each([
    ["utf-8.txt", chinese],
    ["utf-8-bom.txt", chinese],
    ["utf-16le-bom.txt", chinese],
    ["utf-16be-bom.txt", chinese],
    ["utf-16be.txt", chinese],
    ["gb18030.txt", chinese],
    [
      "big5.txt",
      ["檢索增強生成先檢索與問題有關的段落，再讓模型根據段落作答。", "臺灣的圖書館週日不開放。"],
    ],
    ["shift-jis.txt", ["図書館は日曜日に開いていません。", "本を借りるにはカードが必要です。"]],
    ["euc-kr.txt", ["도서관은 일요일에 문을 닫습니다.", "책을 빌리려면 카드가 필요합니다."]],
    [
      "windows-1252.txt",
      [
        "La bibliothèque n’est pas ouverte le dimanche.",
        "Une carte est nécessaire — elle coûte 5 €.",
      ],
    ],
  ])("%s", async (name, lines) => {
    expect(await read(name)).toMatchObject({ fileType: "txt", blocks: lines.map(paragraph) });
  });
});

describe("formats that are text", () => {
  test("guide.md", async () => {
    expect(await read("guide.md")).toMatchObject({
      title: "用户指南",
      fileType: "md",
      blocks: [
        heading(1, "Getting started"),
        paragraph(
          "Install the package with npm and call start(). A second line of the same paragraph.",
        ),
        heading(2, "步骤"),
        item(0, "1. Create an account"),
        item(0, "2. 上传文档"),
        item(1, "docx"),
        item(1, "pdf"),
        table(["Key", "Default"], ["port", "8080"], ["host", "0.0.0.0"]),
        { type: "code", language: "python", text: 'def main():\n    print("# not a heading")' },
        paragraph("A quotation."),
        paragraph("From the manual."),
      ],
    });
  });

  test("page.html without script, style, navigation and surroundings", async () => {
    expect(await read("page.html")).toMatchObject({
      title: "Opening hours & prices",
      fileType: "html",
      blocks: [
        heading(1, "Library"),
        paragraph("The library is open from 9 to 17.\nOn Sundays it is closed."),
        heading(2, "Prices 价格"),
        table(["Card", "Price"], ["Adult", "12 €"], ["Child", "free"]),
        item(0, "Bring a photo"),
        item(1, "in colour"),
        item(0, "带上身份证"),
        { type: "code", language: "sh", text: "curl -X POST \\\n  /cards" },
      ],
    });
  });

  test.each([
    [
      "data.csv",
      table(
        ["name", "city", "note"],
        ["Ada", "London", 'wrote "Notes", 1843'],
        ["李雷", "北京", "two lines"],
      ),
    ],
    ["semicolon.csv", table(["Name", "Preis"], ["Apfel", "1,20"], ["Birne", "2,30"])],
    ["data.tsv", table(["id", "word"], ["1", "hello"], ["2", "世界"])],
  ])("%s", async (name, expected) => {
    expect((await read(name)).blocks).toEqual([expected]);
  });

  test("data.json: a paragraph for each record", async () => {
    expect((await read("data.json")).blocks).toEqual([
      paragraph(
        "title: FAQ\nitems.question: How do I reset my password?\nitems.answer: Use the link on the login page.\nitems.tags: account, 密码",
      ),
      paragraph(
        "items.question: 如何开发票？\nitems.answer: 在订单页面点击开票。\nitems.meta.views: 17\nitems.meta.draft: false",
      ),
    ]);
  });

  test("data.jsonl", async () => {
    expect((await read("data.jsonl")).blocks).toEqual([
      paragraph("id: 1\ntext: first line"),
      paragraph("id: 2\ntext: 第二行"),
    ]);
  });

  test("data.xml: entities stay unexpanded", async () => {
    expect((await read("data.xml")).blocks).toEqual([
      heading(2, "The Sea"),
      paragraph("author: A. Writer\nShips & storms &lol; &file;"),
      heading(2, "山海"),
      paragraph("author: 作者\nprice: currency EUR, amount 12"),
    ]);
  });

  test("program.py keeps its indentation", async () => {
    const { fileType, blocks } = await read("program.py");
    const source = (await Bun.file(join(documents, "program.py")).text()).trimEnd();
    expect(fileType).toBe("py");
    expect(blocks).toEqual([{ type: "code", language: "py", text: source }]);
  });

  test("notebook.ipynb", async () => {
    expect(await read("notebook.ipynb")).toMatchObject({
      title: "Analysis 分析",
      blocks: [
        heading(1, "Analysis 分析"),
        paragraph("We load the data."),
        { type: "code", language: "python", text: "x = 6 * 7\nprint(x)" },
        { type: "code", text: "42" },
      ],
    });
  });

  test("mail.eml", async () => {
    expect(await read("mail.eml")).toMatchObject({
      title: "Invoice 发票 2024",
      blocks: [
        heading(1, "Invoice 发票 2024"),
        paragraph(
          "From: 李雷 <li@example.com>\nTo: Ann Example <ann@example.org>\nDate: 2024-05-07T02:00:00.000Z",
        ),
        paragraph("Please pay invoice 4711 by Friday."),
        item(0, "付款"),
        paragraph("Attachments: invoice.pdf"),
      ],
    });
  });
});
