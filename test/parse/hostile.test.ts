import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { strToU8, zipSync } from "fflate";
import { AppError } from "../../src/errors.ts";
import { type Block, maxBlockLength } from "../../src/rag/parse/document.ts";
import { createDocumentParser } from "../../src/rag/parse/parser.ts";
import { until } from "../until.ts";
import {
  bookFile,
  excelFile,
  nested,
  openDocumentFile,
  pdfBomb,
  pdfFile,
  wordFile,
} from "./hostile-files.ts";
import { type ReadDocument, readAll, temporaryFolder } from "./read-all.ts";

const documents = join(import.meta.dir, "../documents");
const megabyte = 2 ** 20;
const maxDecompressedBytes = 64 * megabyte;
const memoryBytes = 512 * megabyte;
const parser = createDocumentParser({ timeoutSeconds: 60, memoryBytes, maxDecompressedBytes });
const folder = temporaryFolder();
afterAll(async () => {
  await parser.close();
  folder[Symbol.dispose]();
});

// Whatever a file did, the next one is read as if nothing had happened.
afterEach(async () => {
  const { blocks } = await readAll(parser, join(documents, "data.tsv"));
  expect(blocks).toHaveLength(1);
});

const read = (name: string, content: string | Uint8Array): Promise<ReadDocument> =>
  readAll(parser, folder.write(name, content), name);

/** The code of the fault that the file ends in, with its parameters. */
async function fault(name: string, content: string | Uint8Array): Promise<unknown> {
  const found = await read(name, content).catch((error: unknown) => error);
  if (!(found instanceof AppError)) throw found;
  return { code: found.code, ...found.parameters };
}

/** The file's text; empty where there is none (any more). */
function fileText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

const document = (name: string) => readFileSync(join(documents, name));
const texts = (blocks: readonly Block[]) =>
  blocks.map((block) => (block.type === "table" ? block.rows.flat().join("|") : block.text));
const tooComplex = (limit: string, allowed: number) => ({
  code: "document_too_complex",
  limit,
  allowed,
});

describe("files that are not what they should be", () => {
  test.each([
    ["empty.txt", "", { code: "document_empty" }],
    ["blank.md", " \n\t\n", { code: "document_empty" }],
    ["mark.txt", "\ufeff", { code: "document_empty" }],
    ["scan.pdf", document("scan.pdf"), { code: "document_without_text" }],
    ["empty.docx", wordFile("<w:p/>"), { code: "document_without_text" }],
    ["encrypted.pdf", document("encrypted.pdf"), { code: "document_encrypted" }],
    ["encrypted.docx", document("encrypted.docx"), { code: "document_encrypted" }],
    ["encrypted.odt", document("encrypted.odt"), { code: "document_encrypted" }],
    ["cut.docx", document("report.docx").subarray(0, 5000), { code: "document_unreadable" }],
    ["cut.pdf", document("report.pdf").subarray(0, 5000), { code: "document_unreadable" }],
    ["cut.json", '{"a": [1, 2', { code: "document_unreadable" }],
    ["cut.ipynb", '{"cells": [', { code: "document_unreadable" }],
    [
      "noise.pdf",
      new Uint8Array(3000).map((_, i) => (i * 7919) % 251),
      { code: "document_unreadable" },
    ],
    ["none.xml", "no element", { code: "document_unreadable" }],
    ["unknown.xyz", "some text", { code: "unsupported_file_type", type: "xyz" }],
    ["photo.png", "\x89PNG\r\n\x1a\n", { code: "unsupported_file_type", type: "png" }],
    ["old.xls", document("prices.xls"), { code: "unsupported_file_type", type: "xls" }],
    [
      "archive.zip",
      zipSync({ "a.txt": strToU8("a") }),
      { code: "unsupported_file_type", type: "zip" },
    ],
    ["old.docx", document("prices.xls"), { code: "file_type_mismatch", type: "docx" }],
    ["text.docx", "just text", { code: "file_type_mismatch", type: "docx" }],
    ["text.pdf", "just text", { code: "file_type_mismatch", type: "pdf" }],
    [
      "photo.txt",
      Buffer.from("\x89PNG\r\n\x1a\n\0\0\0", "latin1"),
      { code: "file_type_mismatch", type: "txt" },
    ],
    ["zip.docx", zipSync({ "a.txt": strToU8("a") }), { code: "file_type_mismatch", type: "docx" }],
  ])("%s", async (name, content, expected) => {
    expect(await fault(name, content)).toEqual(expected);
  });

  test("a document under another name is read as what it is", async () => {
    expect((await read("lie.pdf", document("report.docx"))).fileType).toBe("docx");
    expect((await read("lie.docx", document("report.pdf"))).fileType).toBe("pdf");
    expect((await read("lie.doc", document("report.rtf"))).fileType).toBe("rtf");
    expect((await read("LIE", document("prices.ods"))).fileType).toBe("ods");
  });
});

describe("bombs", () => {
  test("a zip entry that unfolds beyond the ceiling", async () => {
    const bomb = wordFile(Buffer.alloc(65 * megabyte, "<w:p/>"));
    expect(bomb.length).toBeLessThan(megabyte);
    expect(await fault("bomb.docx", bomb)).toEqual(
      tooComplex("decompressed_size", maxDecompressedBytes),
    );
  });

  test("a zip entry that unfolds to more than it says", async () => {
    const bomb = wordFile(Buffer.alloc(65 * megabyte, "<w:p/>"));
    // The size is in the list of entries, 24 bytes behind its signature.
    const lie = Buffer.from(bomb);
    lie.writeUInt32LE(1000, lie.lastIndexOf("PK\x01\x02") + 24);
    expect(await fault("lie.docx", lie)).toEqual(
      tooComplex("decompressed_size", maxDecompressedBytes),
    );
  });

  test("a sheet that unfolds beyond the ceiling", async () => {
    const bomb = excelFile(Buffer.alloc(65 * megabyte, '<row><c t="str"><v>a</v></c></row>'));
    expect(await fault("bomb.xlsx", bomb)).toEqual(
      tooComplex("decompressed_size", maxDecompressedBytes),
    );
  });

  test("a text that a sheet repeats beyond the ceiling", async () => {
    const cells = '<row><c t="s"><v>0</v></c><c t="s"><v>0</v></c></row>'.repeat(4000);
    const bomb = excelFile(cells, "", `<si><t>${"a long text ".repeat(2500)}</t></si>`);
    expect(bomb.length).toBeLessThan(100_000);
    expect(await fault("repeated.xlsx", bomb)).toMatchObject({
      code: "document_too_complex",
      limit: "decompressed_size",
    });
  });

  test("an archive of more entries than any document has", async () => {
    const entries = Object.fromEntries(
      Array.from({ length: 20_001 }, (_, index) => [`e${index}`, new Uint8Array()]),
    );
    expect(await fault("entries.docx", wordFile("<w:p/>", entries))).toEqual(
      tooComplex("entries", 20_000),
    );
  });

  test("a stream in a PDF that unfolds beyond the memory ceiling", async () => {
    const page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>";
    const bomb = pdfFile([
      "<< /Type /Catalog /Pages 2 0 R >>",
      "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
      page,
      pdfBomb(1024),
    ]);
    expect(bomb.length).toBeLessThan(megabyte);
    expect(await fault("bomb.pdf", bomb)).toEqual(tooComplex("memory", memoryBytes));
  });

  test("pages of a PDF that contain themselves", async () => {
    const loop = pdfFile([
      "<< /Type /Catalog /Pages 2 0 R >>",
      "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 100000 >>",
    ]);
    expect(await fault("loop.pdf", loop)).toEqual({ code: "document_unreadable" });
  });

  test("entities that multiply are not expanded", async () => {
    const levels = Array.from(
      { length: 20 },
      (_, level) => `<!ENTITY e${level + 1} "${`&e${level};`.repeat(10)}">`,
    );
    const laughs = `<?xml version="1.0"?><!DOCTYPE r [<!ENTITY e0 "ha">${levels.join("")}]>`;
    const { blocks } = await read("laughs.xml", `${laughs}<r>&e20; &amp; done</r>`);
    expect(texts(blocks)).toEqual(["&e20; & done"]);
    const text = openDocumentFile("<text:p>&e20; done</text:p>", laughs);
    expect(texts((await read("laughs.odt", text)).blocks).join("").length).toBeLessThan(20);
    const row = '<row><c t="str"><v>&e20;</v></c><c t="str"><v>x</v></c></row>';
    expect(texts((await read("laughs.xlsx", excelFile(row, laughs))).blocks)).toEqual([
      "S",
      "&e20;|x",
    ]);
  });
});

describe("nesting", () => {
  test("HTML a million deep", async () => {
    const depth = 1_000_000;
    const page = `${"<div>".repeat(depth)}the bottom${"</div>".repeat(depth)}`;
    expect(texts((await read("deep.html", page)).blocks)).toEqual(["the bottom"]);
  });

  test.each([
    ["deep.json", "[".repeat(1_000_000)],
    ["deep.xml", "<a>".repeat(1_000_000)],
    ["deep.rtf", `{\\rtf1 ${"{".repeat(1_000_000)}`],
    ["deep.docx", wordFile("<w:tbl><w:tr><w:tc>".repeat(100_000))],
    ["deep.odt", openDocumentFile(nested("text:section", 100_000))],
    ["deep.epub", bookFile(nested("div", 100_000))],
  ])("%s", async (name, content) => {
    expect(await fault(name, content)).toEqual(tooComplex("nesting", 10_000));
  });

  test("lists of Markdown and quotations a hundred thousand deep", async () => {
    const quotes = `${">".repeat(100_000)} cited\n`;
    const brackets = `${"[".repeat(100_000)}\n`;
    const { blocks } = await read("deep.md", `${quotes}\n${brackets}\n# End\n`);
    expect(blocks.at(-1)).toEqual({ type: "heading", level: 1, text: "End" });
  });

  test("lists of Markdown four thousand deep, by their indentation", async () => {
    const items = Array.from({ length: 4000 }, (_, depth) => `${"  ".repeat(depth)}- item\n`);
    const { blocks } = await read("stairs.md", items.join(""));
    expect(blocks.at(-1)).toEqual({ type: "list_item", depth: 3999, text: "item" });
  });
});

describe("size", () => {
  test("an index of OpenDocument that begins a hundred thousand times", async () => {
    const file = openDocumentFile(`<text:table-of-content ${"<text:table-index ".repeat(100_000)}`);
    expect(await fault("index.odt", file)).toEqual({ code: "document_unreadable" });
  });

  test.each(["txt", "md", "html", "csv", "json", "js", "xml"])(
    "a line of 4 million characters in %s",
    async (type) => {
      const line = "长行里没有句号 ".repeat(500_000);
      const wrap: Record<string, (text: string) => string> = {
        json: (text) => JSON.stringify({ text }),
        xml: (text) => `<r>${text}</r>`,
      };
      const { blocks } = await read(`line.${type}`, wrap[type]?.(line) ?? line);
      const all = blocks.flatMap((block) =>
        block.type === "table" ? [...block.header, ...block.rows.flat()] : [block.text],
      );
      expect(all.every((text) => text.length <= maxBlockLength)).toBe(true);
      expect(all.join("").match(/长行里没有句号/g)?.length).toBeGreaterThan(499_000);
    },
  );

  test("one cell in the last row and column of a sheet", async () => {
    const { blocks } = await read(
      "corner.xlsx",
      excelFile('<row r="1048576"><c r="XFD1048576" t="str"><v>corner</v></c></row>'),
    );
    expect(texts(blocks)).toEqual(["S", "corner"]);
  });

  test("a row of a million cells", async () => {
    const { blocks } = await read("wide.csv", `${"ab,".repeat(1_000_000)}\n${"cd,".repeat(3)}`);
    const cells = blocks.flatMap((block) =>
      block.type === "table" ? [block.header, ...block.rows].flat() : [],
    );
    expect(cells.join("|").match(/ab/g)).toHaveLength(1_000_000);
  });

  test("50 MB of text in the memory of a small one", async () => {
    const small = createDocumentParser({ timeoutSeconds: 60, memoryBytes: 160 * megabyte });
    const line = `${"检索增强生成先检索与问题有关的段落。".repeat(10)}\n`;
    const path = folder.write("large.txt", Buffer.alloc(50 * megabyte, line));
    await using parsed = await small.parse(path, "large.txt", new AbortController().signal);
    let length = 0;
    for await (const block of parsed.blocks())
      if (block.type !== "table") length += block.text.length;
    expect(length).toBe(parsed.textLength);
    expect(length).toBeGreaterThan(17_000_000);
  });
});

describe("the process", () => {
  const long = folder.write("long.txt", "A line of text.\n".repeat(1_000_000));

  test("is killed at the deadline", async () => {
    const hasty = createDocumentParser({ timeoutSeconds: 0.001, memoryBytes });
    const error = await readAll(hasty, long).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "document_too_complex", parameters: { limit: "time" } });
  });

  test("is killed on abort, before and after it began", async () => {
    const reason = new Error("The owner left.");
    const running = new AbortController();
    const first = readAll(parser, long, "long.txt", running.signal);
    const others = [readAll(parser, long), readAll(parser, long, "long.txt", running.signal)];
    running.abort(reason);
    expect(await first.catch((thrown: unknown) => thrown)).toBe(reason);
    const results = await Promise.allSettled(others);
    expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected"]);
  });

  // Elsewhere a process does not show its environment to another one.
  test.if(process.platform === "linux")("has nothing of the server's environment", async () => {
    process.env.PARSE_TEST_SECRET = "secret";
    const parsing = readAll(parser, long).finally(() => delete process.env.PARSE_TEST_SECRET);
    const isParser = (pid: string) => fileText(`/proc/${pid}/cmdline`).includes("parse-document");
    const children = () => fileText(`/proc/self/task/${process.pid}/children`).trim().split(" ");
    await until(() => children().some(isParser));
    const pid = children().find(isParser);
    expect(fileText(`/proc/${pid}/environ`).split("\0").sort()).toEqual([
      "",
      "BUN_FEATURE_FLAG_NO_ORPHANS=1",
      "BUN_JSC_forceRAMSize=268435456",
    ]);
    expect((await parsing).fileType).toBe("txt");
  });

  test("ends with its parser", async () => {
    const closing = createDocumentParser({ timeoutSeconds: 60, memoryBytes });
    const running = readAll(closing, long).catch((thrown: unknown) => thrown);
    await closing.close();
    expect(await running).toBeInstanceOf(Error);
  });

  test("runs in no greater number than allowed, and each gets its own document", async () => {
    const narrow = createDocumentParser({ timeoutSeconds: 60, memoryBytes, concurrency: 1 });
    const names = ["data.csv", "guide.md", "data.jsonl", "report.docx", "program.py"];
    const types = await Promise.all(
      names.map(async (name) => (await readAll(narrow, join(documents, name))).fileType),
    );
    expect(types).toEqual(["csv", "md", "jsonl", "docx", "py"]);
  });

  test("a document gives its blocks again until it is closed", async () => {
    const parsed = await parser.parse(
      join(documents, "guide.md"),
      "guide.md",
      new AbortController().signal,
    );
    const first = await Array.fromAsync(parsed.blocks());
    expect(await Array.fromAsync(parsed.blocks())).toEqual(first);
    await parsed[Symbol.asyncDispose]();
    expect(Array.fromAsync(parsed.blocks())).rejects.toThrow("closed");
  });
});
