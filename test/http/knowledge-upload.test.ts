import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { useApp } from "../use-app.ts";
import { expectFault } from "./expect-fault.ts";
import {
  createKnowledgeBase,
  listDocuments,
  read,
  retrieve,
  type UploadAnswer,
  upload,
  uploadForm,
  uuidV7,
} from "./knowing.ts";

const english = { "accept-language": "en" };
const route = "/api/rag/doc/upload";
const limit = 200_000;

const { app, user, log } = useApp({ RAG_MAX_UPLOAD_BYTES: String(limit) });

const documents = new URL("../documents/", import.meta.url).pathname;

let kb: string;

beforeAll(async () => {
  kb = await createKnowledgeBase(user);
});
afterAll(() => {
  expect(log.complaints).toEqual([]);
});

const files = () => readdirSync(`${app.config.sqlite.path}.files`);

/** Every file on disk is a document's: nothing is left of an upload that was refused. */
afterEach(async () => {
  const lists = await read<{ kbs: { kb_id: string }[] }>(await user.get("/api/rag/kb/list"));
  const owned: string[] = [];
  for (const { kb_id } of lists.kbs) {
    owned.push(...(await listDocuments(user, kb_id)).map(({ doc_id }) => doc_id));
  }
  expect(files().toSorted()).toEqual(owned.toSorted());
});

/** A form as bytes that a test can change. */
async function raw(form: FormData) {
  const response = new Response(form);
  const type = response.headers.get("content-type") ?? "";
  return { bytes: await response.bytes(), headers: { "content-type": type } };
}

describe("an upload", () => {
  test("answers with the number of chunks when the document can be found", async () => {
    const paragraphs = Array.from({ length: 60 }, (_, at) =>
      `第${at}段说的是苹果和香蕉。`.repeat(20),
    );
    const answer = await read<UploadAnswer>(
      await upload(user, kb, "水果.txt", paragraphs.join("\n\n")),
    );
    expect(answer).toEqual({
      success: true,
      doc_id: expect.stringMatching(uuidV7),
      message: `文档上传处理成功，共分割并添加 ${answer.chunk_count} 个文本块`,
      chunk_count: expect.any(Number),
    });
    expect(answer.chunk_count).toBeGreaterThan(10);
    const results = await retrieve(user, kb, "苹果和香蕉", { top_k: 50 });
    expect(results.filter(({ doc_id }) => doc_id === answer.doc_id).length).toBeGreaterThan(10);
    const other = await user.post(route, uploadForm(kb, "b.txt", "text"), english);
    expect(await read(other)).toMatchObject({ message: "Document taken in, chunks added: 1" });
  });

  test("keeps the original bytes where only this user can read them", async () => {
    const { doc_id } = await read<UploadAnswer>(await upload(user, kb, "c.txt", "原文"));
    const path = join(`${app.config.sqlite.path}.files`, doc_id);
    expect(readFileSync(path, "utf8")).toBe("原文");
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("takes its fields in any order, and others beside them", async () => {
    const form = new FormData();
    form.set("comment", "x".repeat(5000));
    form.set("file", new File(["梨子"], "梨.txt"));
    form.set("kb_id", ` ${kb.toUpperCase()} `);
    await read(await user.post(route, form));
    expect((await listDocuments(user, kb)).at(-1)).toMatchObject({ doc_name: "梨.txt", kb_id: kb });
  });

  test.each([
    ["../../evil.txt", "evil.txt"],
    ["C:\\Users\\me\\笔记.txt", "笔记.txt"],
    ["a\u202etxt.exe.txt", "atxt.exe.txt"],
    ["README", "README"],
  ])("stores the file name %j as %j", async (sent, stored) => {
    await read(await upload(user, kb, sent, `text of ${sent}`));
    expect((await listDocuments(user, kb)).at(-1)?.doc_name).toBe(stored);
  });

  test("reads a file name in GB18030", async () => {
    const { bytes, headers } = await raw(uploadForm(kb, "NAME.txt", "named in GB18030"));
    const at = Buffer.from(bytes).indexOf("NAME");
    const name = Uint8Array.of(0xba, 0xcf, 0xcd, 0xac);
    const body = Buffer.concat([bytes.subarray(0, at), name, bytes.subarray(at + 4)]);
    await read(await user.post(route, body, headers));
    expect((await listDocuments(user, kb)).at(-1)?.doc_name).toBe("合同.txt");
  });

  test.each([
    ["report.docx", "docx"],
    ["report.pdf", "pdf"],
    ["report.rtf", "rtf"],
    ["report.odt", "odt"],
    ["talk.pptx", "pptx"],
    ["talk.odp", "odp"],
    ["prices.xlsx", "xlsx"],
    ["prices.ods", "ods"],
    ["page.html", "html"],
    ["guide.md", "md"],
    ["data.csv", "csv"],
    ["data.json", "json"],
    ["gb18030.txt", "txt"],
    ["big5.txt", "txt"],
    ["utf-16le-bom.txt", "txt"],
  ])("takes in %s", async (name, type) => {
    const id = await createKnowledgeBase(user);
    const content = readFileSync(join(documents, name));
    const { chunk_count } = await read<UploadAnswer>(await upload(user, id, name, content));
    expect(chunk_count).toBeGreaterThan(0);
    expect(await listDocuments(user, id)).toMatchObject([
      { doc_name: name, file_type: type, status: "ready", size_bytes: content.length, chunk_count },
    ]);
    const words = content.length > 0 ? await retrieve(user, id, "报告 report 价格 price 数据") : [];
    expect(words.every(({ doc_name }) => doc_name === name)).toBe(true);
  });
});

describe("a document that cannot be taken in", () => {
  test.each([
    ["encrypted.docx", 422, "document_encrypted"],
    ["encrypted.pdf", 422, "document_encrypted"],
    ["scan.pdf", 422, "document_without_text"],
  ] as const)("%s is refused with %d %s, and stays in the list", async (name, status, code) => {
    const id = await createKnowledgeBase(user);
    const response = await upload(user, id, name, readFileSync(join(documents, name)));
    const fault = await expectFault(response, status, code);
    expect(await listDocuments(user, id)).toMatchObject([
      { doc_name: name, status: "failed", error: fault.error, chunk_count: 0 },
    ]);
    const list = await user.get(`/api/rag/doc/list?kb_id=${id}`, english);
    const { docs } = await read<{ docs: { error: string }[] }>(list);
    expect(docs[0]?.error).toMatch(/^The document /);
    expect(await retrieve(user, id, "report")).toEqual([]);
  });

  test.each([
    ["empty.txt", "", 422, "document_empty"],
    ["blank.md", " \n\t\n", 422, "document_empty"],
    ["broken.docx", "PK\u0003\u0004 broken", 422, "document_unreadable"],
    ["picture.docx", "\u0089PNG\r\n\u001a\n0000", 415, "file_type_mismatch"],
  ] as const)("%s is refused", async (name, content, status, code) => {
    const id = await createKnowledgeBase(user);
    const bytes = Buffer.from(content, "latin1");
    await expectFault(await upload(user, id, name, bytes), status, code);
    expect(await listDocuments(user, id)).toMatchObject([{ status: "failed" }]);
  });
});

describe("an upload that is refused", () => {
  test.each(["a.exe", "a.docx.zip", "a.png", "a.mp4"])("for its type: %s", async (name) => {
    const id = await createKnowledgeBase(user);
    const fault = await expectFault(
      await upload(user, id, name, "MZ"),
      400,
      "unsupported_file_type",
    );
    expect(fault.error).toStartWith("不支持的文件类型: ");
    expect(await listDocuments(user, id)).toEqual([]);
  });

  test("for a field that is missing or wrong names it", async () => {
    const file = () => new File(["text"], "a.txt");
    const cases: [string, Record<string, string | File>][] = [
      ["kb_id", { file: file() }],
      ["kb_id", { kb_id: "", file: file() }],
      ["kb_id", { kb_id: "x", file: file() }],
      ["kb_id", { file: file(), kb_id: "x" }],
      ["kb_id", { kb_id: "0".repeat(2000), file: file() }],
      ["file", { kb_id: kb }],
      ["file", { kb_id: kb, files: file() }],
      ["file", { kb_id: kb, file: "text" }],
      ["file", { kb_id: kb, file: new File(["text"], "..") }],
    ];
    for (const [field, fields] of cases) {
      const form = new FormData();
      for (const [name, value] of Object.entries(fields)) form.set(name, value);
      const fault = await expectFault(await user.post(route, form, english), 400, "invalid_field");
      expect(fault.error).toStartWith(`Invalid field ${field}: `);
    }
  });

  test("for its size is refused before it was read, or as soon as it was", async () => {
    const large = uploadForm(kb, "a.txt", "x".repeat(limit + 1));
    const fault = await expectFault(await user.post(route, large, english), 413, "file_too_large");
    expect(fault.error).toBe(`The file is too large: at most ${limit} bytes`);
    await read(await upload(user, kb, "b.txt", `${"x".repeat(limit - 1)}.`));

    const { bytes, headers } = await raw(uploadForm(kb, "a.txt", "x"));
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1;
        controller.enqueue(sent === 1 ? bytes.subarray(0, -60) : new Uint8Array(50_000).fill(120));
      },
    });
    await expectFault(await user.post(route, endless, headers), 413, "file_too_large");
    expect(sent).toBeLessThan(30);

    const announced = { ...headers, "content-length": "99999999999" };
    const untouched = new ReadableStream<Uint8Array>(
      {
        pull() {
          throw new Error("it was read");
        },
      },
      { highWaterMark: 0 },
    );
    await expectFault(await user.post(route, untouched, announced), 413, "file_too_large");

    const form = new FormData();
    form.set("comment", "x".repeat(limit + 2_000_000));
    await expectFault(await user.post(route, form), 413, "file_too_large");
  });

  test("for a body that is no form", async () => {
    for (const body of [{ kb_id: kb }, "text"]) {
      const response = await user.post(route, body, english);
      const fault = await expectFault(response, 415, "unsupported_content_type");
      expect(fault.error).toBe("Unsupported Content-Type, expected multipart/form-data");
    }
    await expectFault(await user.post(route), 415, "unsupported_content_type");
    const form = { "content-type": "multipart/form-data; boundary=B" };
    for (const body of ["", "--B--", "--B\r\n\r\n", "no form", "[]", "null"]) {
      const code = body === "--B--" ? "invalid_field" : "malformed_form";
      await expectFault(await user.post(route, body, form), 400, code);
    }
    const { bytes, headers } = await raw(uploadForm(kb, "cut.txt", "x".repeat(5000)));
    const response = await user.post(route, bytes.slice(0, -100), headers);
    await expectFault(response, 400, "malformed_form");
  });
});
