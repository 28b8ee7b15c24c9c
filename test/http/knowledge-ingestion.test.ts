import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { CapturedLog } from "../captured-log.ts";
import { type Caller, startApp, type TestApp } from "../harness.ts";
import { until } from "../until.ts";
import { embeddings, refuse } from "../upstream-scripts.ts";
import { expectFault } from "./expect-fault.ts";
import {
  createKnowledgeBase,
  type DocumentStatus,
  listDocuments,
  read,
  retrieve,
  statusOf,
  type UploadAnswer,
  upload,
  uploadForm,
  uuidV7,
} from "./knowing.ts";

const route = "/api/rag/doc/upload";
const english = { "accept-language": "en" };
const respondAsync = { prefer: "respond-async" };

let log: CapturedLog;
let app: TestApp;
let user: Caller;
let kb: string;

beforeAll(async () => {
  log = new CapturedLog();
  const model = { name: "scripted-embedding", provider: "scripted", model: "e", dimensions: 8 };
  app = await startApp({
    RAG_EMBEDDING_MODELS: JSON.stringify([{ ...model, batch_size: 2 }]),
  });
  user = await app.signUp();
  kb = await createKnowledgeBase(user, { embedding_model: "scripted-embedding" });
});
afterAll(async () => {
  await app.close();
  log.release();
});
afterEach(() => app.upstream.otherwise(embeddings(), "/embeddings"));

/** Holds back every answer to a request for embeddings until it is opened. */
function holdEmbeddings(): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  app.upstream.otherwise(embeddings({ gate: promise }), "/embeddings");
  return resolve;
}

const embedded = (): string[] =>
  app.upstream.requests.flatMap(({ body }) => (body as { input: string[] }).input);

const ready = (id: string) => until(async () => (await statusOf(user, id)).stage === "ready");

/** Several files in one form. */
function several(files: readonly [string, string][], fields: Record<string, string> = {}) {
  const form = new FormData();
  form.set("kb_id", kb);
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  for (const [name, text] of files) form.append("file", new File([text], name));
  return form;
}

describe("an upload that does not wait", () => {
  test.each([
    ["by its header", respondAsync, {}],
    ["by its header among others", { prefer: "wait=10, Respond-Async; x=1" }, {}],
    ["by its field", {}, { async: "true" }],
  ] as const)("%s", async (name, headers, fields) => {
    const open = holdEmbeddings();
    const form = several([["a.txt", `苹果 ${name}`]], fields);
    const answer = await user.post(route, form, headers);
    expect(answer.status).toBe(202);
    const body: { doc_id: string } = await answer.json();
    expect(body).toEqual({
      success: true,
      doc_id: expect.stringMatching(uuidV7),
      message: "文档已接收，正在处理",
      status: "processing",
    } as unknown as { doc_id: string });
    expect(answer.headers.get("location")).toBe(`/api/rag/doc/status?doc_id=${body.doc_id}`);
    expect(answer.headers.get("preference-applied")).toBe(
      "prefer" in headers ? "respond-async" : null,
    );
    expect((await statusOf(user, body.doc_id)).status).toBe("processing");
    open();
    await ready(body.doc_id);
    const again = await user.post(route, several([["a.txt", `苹果 ${name}`]], fields), headers);
    expect(await read<UploadAnswer>(again)).toMatchObject({ doc_id: body.doc_id, chunk_count: 1 });
  });

  test.each(["false", "0", ""])("is none with async=%j", async (async) => {
    const form = several([["a.txt", `waits ${async}`]], { async });
    const answer = await user.post(route, form, { prefer: "respond-asynchronously" });
    expect(await read<UploadAnswer>(answer)).toMatchObject({ chunk_count: 1 });
  });

  test("names a wrong field", async () => {
    for (const fields of [
      { async: "maybe" },
      { metadata: "[]" },
      { metadata: "x".repeat(20_000) },
    ]) {
      const response = await user.post(route, several([["a.txt", "text"]], fields), english);
      const fault = await expectFault(response, 400, "invalid_field");
      expect(fault.error).toStartWith(`Invalid field ${Object.keys(fields)[0]}: `);
    }
  });
});

describe("several files in one upload", () => {
  test("are all taken in, and each is answered for", async () => {
    const files: [string, string][] = [
      ["one.txt", "first of several"],
      ["two.md", "# Two\n\nsecond of several"],
      ["three.txt", "first of several"],
    ];
    const answer = await read<{ docs: { doc_id: string }[] }>(
      await user.post(route, several(files), english),
    );
    const [first, second] = answer.docs;
    expect(answer).toEqual({
      success: true,
      message: "3 of 3 documents taken in",
      docs: [
        { doc_id: first?.doc_id, doc_name: "one.txt", status: "ready", chunk_count: 1 },
        { doc_id: second?.doc_id, doc_name: "two.md", status: "ready", chunk_count: 1 },
        // The same bytes as the first.
        { doc_id: first?.doc_id, doc_name: "one.txt", status: "ready", chunk_count: 1 },
      ],
    } as unknown as typeof answer);
    expect(first?.doc_id).not.toBe(second?.doc_id);
  });

  test("fail one by one", async () => {
    const files: [string, string][] = [
      ["good.txt", "good among bad"],
      ["bad.docx", "PK\u0003\u0004 broken"],
      ["empty.txt", ""],
    ];
    const answer = await read(await user.post(route, several(files), english));
    expect(answer).toMatchObject({
      success: false,
      message: "1 of 3 documents taken in",
      docs: [
        { doc_name: "good.txt", status: "ready", chunk_count: 1 },
        { doc_name: "bad.docx", status: "failed", chunk_count: 0 },
        { doc_name: "empty.txt", status: "failed", error: "The document is empty" },
      ],
    });
    expect((answer as { docs: object[] }).docs[0]).not.toHaveProperty("error");
  });

  test("are all refused when one is no document", async () => {
    const before = await listDocuments(user, kb);
    const files: [string, string][] = [
      ["good.txt", "good beside a program"],
      ["bad.exe", "MZ"],
    ];
    await expectFault(await user.post(route, several(files)), 400, "unsupported_file_type");
    expect(await listDocuments(user, kb)).toEqual(before);
  });

  test("do not wait either", async () => {
    const open = holdEmbeddings();
    const files: [string, string][] = [
      ["a.txt", "several that do not wait, a"],
      ["b.txt", "several that do not wait, b"],
    ];
    const answer = await user.post(route, several(files), { ...respondAsync, ...english });
    expect(answer.status).toBe(202);
    expect(answer.headers.has("location")).toBe(false);
    const body: { docs: { doc_id: string; status: string }[] } = await answer.json();
    expect(body).toMatchObject({
      success: true,
      message: "2 documents accepted; they are being taken in",
      docs: [{ status: "processing" }, { status: "processing" }],
    });
    open();
    for (const { doc_id } of body.docs) await ready(doc_id);
  });
});

describe("bytes that the knowledge base has already", () => {
  test("are answered with the document that has them, and embedded once", async () => {
    const first = await read<UploadAnswer>(await upload(user, kb, "first.txt", "same bytes"));
    const before = embedded().length;
    const second = await read<UploadAnswer>(await upload(user, kb, "second.txt", "same bytes"));
    expect(second).toEqual(first);
    expect(embedded()).toHaveLength(before);
    const names = (await listDocuments(user, kb)).map(({ doc_name }) => doc_name);
    expect(names).toContain("first.txt");
    expect(names).not.toContain("second.txt");
    const other = await createKnowledgeBase(user);
    const elsewhere = await read<UploadAnswer>(await upload(user, other, "a.txt", "same bytes"));
    expect(elsewhere.doc_id).not.toBe(first.doc_id);
  });

  test("are waited for while they are being taken in", async () => {
    const open = holdEmbeddings();
    const text = "the same bytes, at the same time";
    const answers = [1, 2, 3].map((at) => upload(user, kb, `${at}.txt`, text));
    await until(async () => (await listDocuments(user, kb)).at(-1)?.status === "processing");
    open();
    const bodies = await Promise.all(answers.map(async (each) => read<UploadAnswer>(await each)));
    expect(new Set(bodies.map(({ doc_id }) => doc_id)).size).toBe(1);
    expect(embedded().filter((input) => input.includes(text))).toHaveLength(1);
  });

  test("are tried again where they failed, as what they are now said to be", async () => {
    const id = await createKnowledgeBase(user);
    const text = "PK or not, this is text";
    await expectFault(await upload(user, id, "a.pdf", text), 415, "file_type_mismatch");
    const [failed] = await listDocuments(user, id);
    const form = uploadForm(id, "a.txt", text);
    form.set("metadata", '{"kind": "text"}');
    const again = await read<UploadAnswer>(await user.post(route, form));
    expect(again.doc_id).toBe(failed?.doc_id ?? "");
    expect(await listDocuments(user, id)).toMatchObject([
      {
        doc_name: "a.txt",
        file_type: "txt",
        status: "ready",
        metadata: { kind: "text" },
        error: null,
      },
    ]);
  });

  test("are new ones after their document was deleted", async () => {
    const first = await read<UploadAnswer>(await upload(user, kb, "d.txt", "deleted bytes"));
    await read(await user.post("/api/rag/doc/delete", { kb_id: kb, doc_id: first.doc_id }));
    const second = await read<UploadAnswer>(await upload(user, kb, "d.txt", "deleted bytes"));
    expect(second.doc_id).not.toBe(first.doc_id);
  });
});

test("what is said of a document is shown in the list", async () => {
  const id = await createKnowledgeBase(user);
  const form = uploadForm(id, "a.txt", "said");
  form.set("metadata", '{"部门": " 法务部 ", "year": "2024"}');
  await read(await user.post(route, form));
  expect(await listDocuments(user, id)).toMatchObject([
    { metadata: { 部门: "法务部", year: "2024" } },
  ]);
});

/** The events of a status stream, to its end. */
async function statusEvents(document: string): Promise<{ event: string; data: DocumentStatus }[]> {
  const answer = await user.get(`/api/rag/doc/status?doc_id=${document}`, {
    accept: "text/event-stream",
  });
  expect(answer.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  const frames = (await answer.text()).split("\n\n").filter((frame) => frame.startsWith("id: "));
  return frames.map((frame, at) => {
    const [id, data = ""] = frame.split("\n");
    expect(id).toBe(`id: ${at}`);
    return JSON.parse(data.slice("data: ".length));
  });
}

const stages = ["stored", "parsing", "chunking", "embedding", "storing", "ready"];

describe("the status of a document", () => {
  test("is told in order, up to its end", async () => {
    const open = holdEmbeddings();
    const text = Array.from({ length: 8 }, (_, at) => `第${at}段。`.repeat(90)).join("\n\n");
    const answer = await user.post(route, uploadForm(kb, "long.txt", text), respondAsync);
    const { doc_id }: { doc_id: string } = await answer.json();
    const [one, two] = [statusEvents(doc_id), statusEvents(doc_id)];
    await until(async () => (await statusOf(user, doc_id)).stage === "embedding");
    expect(await statusOf(user, doc_id)).toMatchObject({
      success: true,
      doc_id,
      kb_id: kb,
      doc_name: "long.txt",
      status: "processing",
      pages: null,
      chunks_done: 0,
      chunks_total: expect.any(Number),
      error: null,
      message: "文档状态获取成功",
    } as object);
    open();
    const events = await one;
    expect((await two).at(-1)).toEqual(events.at(-1));
    const seen = events.map(({ data }) => stages.indexOf(data.stage));
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    const done = events.map(({ data }) => data.chunks_done);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    // Two at a time, as the provider takes them.
    expect(new Set(done).size).toBeGreaterThan(2);
    const total = events.at(-1)?.data.chunks_total ?? 0;
    expect(total).toBeGreaterThan(4);
    expect(events.at(-1)).toMatchObject({
      event: "status",
      data: { doc_id, status: "ready", stage: "ready", chunks_done: total, error: null },
    });
    expect(await statusEvents(doc_id)).toEqual(events.slice(-1));
    expect(await statusOf(user, doc_id)).toMatchObject({ chunks_done: total, chunks_total: total });
  });

  test("tells the pages of a document that has them", async () => {
    const content = readFileSync(new URL("../documents/report.pdf", import.meta.url));
    const { doc_id } = await read<UploadAnswer>(await upload(user, kb, "report.pdf", content));
    expect((await statusOf(user, doc_id)).pages).toBeGreaterThan(0);
  });

  test("tells why it failed, in the language of whoever asks", async () => {
    const answer = await user.post(route, uploadForm(kb, "e.docx", "PK\u0003\u0004"), respondAsync);
    const { doc_id }: { doc_id: string } = await answer.json();
    expect((await statusEvents(doc_id)).at(-1)).toMatchObject({
      data: { status: "failed", stage: "failed", error: "无法读取文档：文件已损坏" },
    });
    const status = await user.get(`/api/rag/doc/status?doc_id=${doc_id}`, english);
    expect(await read(status)).toMatchObject({
      stage: "failed",
      error: "The document cannot be read: it is damaged",
    });
  });

  test("ends with the document", async () => {
    const open = holdEmbeddings();
    const answer = await user.post(route, uploadForm(kb, "g.txt", "to be deleted"), respondAsync);
    const { doc_id }: { doc_id: string } = await answer.json();
    const events = statusEvents(doc_id);
    await until(async () => (await statusOf(user, doc_id)).stage === "embedding");
    await read(await user.post("/api/rag/doc/delete", { kb_id: kb, doc_id }));
    expect((await events).at(-1) as object).toEqual({
      event: "error",
      data: "文档不存在",
      code: "document_not_found",
    });
    open();
  });
});

describe("a document that failed", () => {
  test("is taken in again", async () => {
    app.upstream.otherwise(refuse(400, { error: { message: "no" } }), "/embeddings");
    const response = await upload(user, kb, "f.txt", "a second chance");
    await expectFault(response, 502, "provider_failed");
    const doc_id = (await listDocuments(user, kb)).at(-1)?.doc_id ?? "";
    expect(await statusOf(user, doc_id)).toMatchObject({ stage: "failed" });
    app.upstream.otherwise(embeddings(), "/embeddings");
    const open = holdEmbeddings();
    const retry = await user.post("/api/rag/doc/retry", { doc_id });
    expect(retry.status).toBe(202);
    expect(await retry.json()).toMatchObject({
      success: true,
      doc_id,
      status: "processing",
      error: null,
      message: "文档已接收，正在处理",
    });
    open();
    await ready(doc_id);
    expect((await retrieve(user, kb, "second chance"))[0]).toMatchObject({ doc_id });
    const settled = await user.post("/api/rag/doc/retry", { doc_id }, english);
    expect(await read(settled)).toMatchObject({
      status: "ready",
      message: "Document status shown",
    });
  });

  test("cannot be taken in again without its file, and says so", async () => {
    await expectFault(
      await upload(user, kb, "l.docx", "PK\u0003\u0004 lost"),
      422,
      "document_unreadable",
    );
    const doc_id = (await listDocuments(user, kb)).at(-1)?.doc_id ?? "";
    rmSync(`${app.config.sqlite.path}.files/${doc_id}`);
    await user.post("/api/rag/doc/retry", { doc_id });
    await until(async () => (await statusOf(user, doc_id)).stage === "failed");
    expect((await statusOf(user, doc_id)).error).toBe("该文档的原文件未保留");
  });

  test("is tried by many at once, and taken in once", async () => {
    app.upstream.otherwise(refuse(400, { error: { message: "no" } }), "/embeddings");
    const text = "tried by many";
    await expectFault(await upload(user, kb, "m.txt", text), 502, "provider_failed");
    const doc_id = (await listDocuments(user, kb)).at(-1)?.doc_id ?? "";
    app.upstream.otherwise(embeddings(), "/embeddings");
    const before = embedded().length;
    const tries = await Promise.all([
      user.post("/api/rag/doc/retry", { doc_id }),
      upload(user, kb, "m.txt", text),
      user.post("/api/rag/doc/retry", { doc_id }),
    ]);
    for (const { status } of tries) expect(status).toBeLessThan(300);
    await ready(doc_id);
    expect(embedded()).toHaveLength(before + 1);
  });
});

describe("the chunks of a document", () => {
  interface Page {
    readonly chunk_count: number;
    readonly chunks: readonly {
      readonly chunk_index: number;
      readonly content: string;
      readonly headings: readonly string[];
      readonly start: number;
      readonly end: number;
    }[];
    readonly next_after: number | null;
  }

  test("come page by page, and lie where they say", async () => {
    const id = await createKnowledgeBase(user);
    const paragraphs = Array.from(
      { length: 700 },
      (_, at) => `Paragraph ${at}. ${"word ".repeat(200)}`,
    );
    const text = paragraphs.map((line) => line.trim()).join("\n");
    const { doc_id, chunk_count } = await read<UploadAnswer>(await upload(user, id, "l.txt", text));
    expect(chunk_count).toBeGreaterThan(600);
    const pages: Page[] = [];
    for (let after: number | null = -1; after !== null; ) {
      const path = `/api/rag/doc/chunks?doc_id=${doc_id}&limit=100&after=${after}`;
      const page: Page = await read(await user.get(path));
      pages.push(page);
      after = page.next_after;
    }
    const chunks = pages.flatMap((page) => page.chunks);
    expect(pages[0]?.chunks).toHaveLength(100);
    expect(chunks.map(({ chunk_index }) => chunk_index)).toEqual(
      Array.from({ length: chunk_count }, (_, at) => at),
    );
    for (const { content, start, end } of chunks) expect(text.slice(start, end)).toBe(content);
  });

  test("tell their headings and pages", async () => {
    const { doc_id } = await read<UploadAnswer>(
      await upload(user, kb, "h.md", "# 合同\n\n## 第一条\n\n不可抗力。"),
    );
    const page = await read(await user.get(`/api/rag/doc/chunks?doc_id=${doc_id}`, english));
    expect(page).toEqual({
      success: true,
      doc_id,
      chunk_count: 1,
      chunks: [
        {
          chunk_id: expect.stringMatching(uuidV7),
          chunk_index: 0,
          content: expect.stringContaining("不可抗力。"),
          headings: ["合同", "第一条"],
          start: 0,
          end: expect.any(Number),
        },
      ],
      next_after: null,
      message: "Chunks listed",
    } as object);
    for (const query of ["", `doc_id=${doc_id}&limit=0`, `doc_id=${doc_id}&after=x`]) {
      const response = await user.get(`/api/rag/doc/chunks?${query}`);
      await expectFault(response, 400, "invalid_field");
    }
  });
});

describe("the file of a document", () => {
  test.each([
    ["合同 协议.html", "text/html", "application/octet-stream"],
    ["a.pdf", "application/pdf", "application/pdf"],
  ])("%s comes back to be saved", async (name, _, type) => {
    const content =
      name === "a.pdf"
        ? readFileSync(new URL("../documents/report.pdf", import.meta.url))
        : Buffer.from("<script>alert(1)</script><p>正文</p>");
    const id = await createKnowledgeBase(user);
    const { doc_id } = await read<UploadAnswer>(await upload(user, id, name, content));
    const answer = await user.get(`/api/rag/doc/file?doc_id=${doc_id}`);
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "content-type": type,
      "x-content-type-options": "nosniff",
      "content-disposition": expect.stringContaining(
        `filename*=UTF-8''${encodeURIComponent(name)}`,
      ),
    });
    expect(answer.headers.get("content-disposition")).toStartWith("attachment; ");
    expect(Buffer.from(await answer.bytes()).equals(content)).toBe(true);
  });

  test("is gone once it is not needed, where files are not kept", async () => {
    const other = await startApp({ RAG_KEEP_ORIGINALS: "false" });
    try {
      const caller = await other.signUp();
      const id = await createKnowledgeBase(caller);
      const { doc_id } = await read<UploadAnswer>(await upload(caller, id, "a.txt", "text"));
      const file = await caller.get(`/api/rag/doc/file?doc_id=${doc_id}`);
      const fault = await expectFault(file, 404, "original_not_kept");
      expect(fault.error).toBe("该文档的原文件未保留");
      await expectFault(
        await upload(caller, id, "b.docx", "PK\u0003\u0004"),
        422,
        "document_unreadable",
      );
      const failed = (await listDocuments(caller, id)).at(-1)?.doc_id ?? "";
      expect(readdirSync(`${other.config.sqlite.path}.files`)).toEqual([failed]);
    } finally {
      await other.close();
    }
  });
});
