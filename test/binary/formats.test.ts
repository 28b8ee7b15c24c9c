import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Caller } from "../harness.ts";
import { expectFault } from "../http/expect-fault.ts";
import { createKnowledgeBase, read, upload } from "../http/knowing.ts";
import { pdfBomb, pdfFile } from "../parse/hostile-files.ts";
import { BinaryServer, TemporaryFolder } from "./binary-process.ts";

const documents = join(import.meta.dir, "../documents");
const bytesOf = (name: string) => readFileSync(join(documents, name));

/** A document of each format and encoding, and words that stand in it. */
const words: Readonly<Record<string, string>> = {
  "big5.txt": "圖書館週日不開放",
  "book.epub": "风暴来临之前",
  "chinese-cmap.pdf": "统一编码的一行文字",
  "columns.pdf": "built in 1911 from granite blocks",
  "data.csv": "李雷 | 北京",
  "data.json": "items.question: 如何开发票？",
  "data.jsonl": "第二行",
  "data.tsv": "世界",
  "data.xml": "Ships & storms",
  "euc-kr.txt": "도서관은",
  "gb18030.txt": "检索增强生成",
  "guide.md": "上传文档",
  "mail.eml": "Please pay invoice 4711",
  "notebook.ipynb": "print(x)",
  "page.html": "Adult | 12 €",
  "prices.ods": "Apple 苹果 | 3.5 | 2018-02-28",
  "prices.xlsx": "Apple 苹果 | 3.5 | 2018-02-28",
  "printed.pdf": "一线城市 | 600 | 450",
  "program.py": "def ",
  "report.docx": "Towing 拖轮 | 5100 | per day",
  "report.epub": "Towing 拖轮 | 5100 | per day",
  "report.odt": "Towing 拖轮 | 5100 | per day",
  "report.pdf": "起重机乙可吊四十吨",
  "report.rtf": "Towing 拖轮 | 5100 | per day",
  "rotated.pdf": "turned by ninety degrees",
  "semicolon.csv": "Birne | 2,30",
  "shift-jis.txt": "図書館は日曜日",
  "talk.odp": "青岛 | 2.8",
  "talk.pptx": "青岛 | 2.8",
  "utf-16be.txt": "不可抗力",
  "utf-16le-bom.txt": "不可抗力",
  "utf-8-bom.txt": "不可抗力",
  "windows-1252.txt": "elle coûte 5 €",
};

interface Uploaded {
  readonly docs: readonly { doc_id: string; doc_name: string; status: string }[];
}
interface Chunks {
  readonly chunks: readonly { content: string; page?: number }[];
}

const chunksOf = async (caller: Caller, id: string): Promise<Chunks["chunks"]> =>
  (await read<Chunks>(await caller.get(`/api/rag/doc/chunks?doc_id=${id}&limit=100`))).chunks;

test("the binary reads every format, many in one upload, and tells pages, slides and sheets", async () => {
  using folder = new TemporaryFolder();
  await using server = await BinaryServer.start({ folder });
  const ada = await server.signUp();
  const form = new FormData();
  form.set("kb_id", await createKnowledgeBase(ada));
  for (const name of Object.keys(words)) form.append("file", new File([bytesOf(name)], name));
  const { docs } = await read<Uploaded>(await ada.post("/api/rag/doc/upload", form));
  expect(docs.map(({ doc_name, status }) => [doc_name, status])).toEqual(
    Object.keys(words).map((name) => [name, "ready"]),
  );
  for (const { doc_id, doc_name } of docs) {
    const chunks = await chunksOf(ada, doc_id);
    const text = chunks.map(({ content }) => content).join("\n");
    expect({ doc_name, text }).toEqual({
      doc_name,
      text: expect.stringContaining(words[doc_name] ?? "?") as string,
    });
    if (/^(talk|prices)/.test(doc_name)) {
      expect(new Set(chunks.map(({ page }) => page))).toEqual(new Set([1, 2]));
    }
  }
});

test("bombs are refused by the binary, and who uploads beside them does not notice", async () => {
  using folder = new TemporaryFolder();
  await using server = await BinaryServer.start({ folder });
  const ada = await server.signUp();
  const kb = await createKnowledgeBase(ada);
  const page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>";
  const pages = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>";
  const bombs: readonly [string, string | Uint8Array, RegExp][] = [
    [
      "memory.pdf",
      pdfFile(["<< /Type /Catalog /Pages 2 0 R >>", pages, page, pdfBomb(1024)]),
      /memory/,
    ],
    ["deep.json", "[".repeat(100_000), /nest|level/],
  ];
  const refused = bombs.map(async ([name, bytes, reason]) => {
    const form = new FormData();
    form.set("kb_id", kb);
    form.set("file", new File([typeof bytes === "string" ? bytes : bytes.slice()], name));
    const response = await ada.post("/api/rag/doc/upload", form, { "accept-language": "en" });
    const fault = await expectFault(response, 422, "document_too_complex");
    expect(fault.error).toMatch(reason);
  });
  const taken = ["report.docx", "talk.pptx", "printed.pdf"].map(async (name) =>
    read(await upload(ada, kb, name, bytesOf(name))),
  );
  await Promise.all([...refused, ...taken]);
  expect((await ada.get("/readyz")).status).toBe(200);
});
