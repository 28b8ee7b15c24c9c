import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { createApp } from "../../src/app.ts";
import { CapturedLog } from "../captured-log.ts";
import { type Caller, startApp, type TestApp } from "../harness.ts";
import { until } from "../until.ts";
import { embeddings } from "../upstream-scripts.ts";
import { expectFault } from "./expect-fault.ts";
import {
  createKnowledgeBase,
  listDocuments,
  read,
  retrieve,
  upload,
  uploadForm,
} from "./knowing.ts";

let log: CapturedLog;
beforeAll(() => {
  log = new CapturedLog();
});
afterAll(() => log.release());

let app: TestApp;
let user: Caller;
let kb: string;
let origin: string;

beforeEach(async () => {
  const model = { name: "scripted-embedding", provider: "scripted", model: "e", dimensions: 8 };
  app = await startApp({
    RAG_EMBEDDING_MODELS: JSON.stringify([{ ...model, batch_size: 2 }]),
    SERVER_PORT: "0",
    SERVER_HOST: "127.0.0.1",
  });
  origin = `http://127.0.0.1:${app.app.listen().port}`;
  user = await app.signUp();
  kb = await createKnowledgeBase(user, { embedding_model: "scripted-embedding" });
});
afterEach(() => app.close());

const files = () => readdirSync(`${app.config.sqlite.path}.files`);
const statusOf = async () => (await listDocuments(user, kb))[0]?.status;
const chunksDone = async () => {
  const id = (await listDocuments(user, kb))[0]?.doc_id;
  const status = await read<{ chunks_done: number }>(
    await user.get(`/api/rag/doc/status?doc_id=${id}`),
  );
  return status.chunks_done;
};

/** The texts of all requests for embeddings so far, in order. */
const embedded = (): string[] =>
  app.upstream.requests.flatMap(({ body }) => (body as { input: string[] }).input);

/** Holds back the answer to the next request for embeddings until it is opened. */
function holdEmbeddings(): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  app.upstream.scriptPath("/embeddings", embeddings({ gate: promise }));
  return resolve;
}

describe("a client that leaves", () => {
  test("while it waits for its document: the document is taken in all the same", async () => {
    const open = holdEmbeddings();
    const abort = new AbortController();
    const answer = fetch(`${origin}/api/rag/doc/upload`, {
      method: "POST",
      body: uploadForm(kb, "a.txt", "苹果"),
      headers: { authorization: `Bearer ${user.token}` },
      signal: abort.signal,
    });
    await app.upstream.nextRequest();
    expect(await statusOf()).toBe("processing");
    expect(await retrieve(user, await createKnowledgeBase(user), "苹果")).toEqual([]);
    abort.abort();
    expect(answer).rejects.toThrow();
    open();
    await until(async () => (await statusOf()) === "ready");
  });

  test("in the middle of its file: nothing is left of it", async () => {
    const body = new Response(uploadForm(kb, "a.txt", "x".repeat(500_000)));
    const head = [
      "POST /api/rag/doc/upload HTTP/1.1",
      "Host: localhost",
      `Authorization: Bearer ${user.token}`,
      `Content-Type: ${body.headers.get("content-type")}`,
      "Content-Length: 500200",
    ];
    const bytes = await body.bytes();
    const socket = connect(Number(new URL(origin).port), "127.0.0.1");
    socket.on("error", () => {});
    socket.write(`${head.join("\r\n")}\r\n\r\n`);
    socket.write(bytes.subarray(0, 300_000));
    await until(() => files().length === 1, "the file to be begun");
    socket.destroy();
    await until(() => files().length === 0, "the file to be gone");
    expect(await listDocuments(user, kb)).toEqual([]);
  });
});

describe("a document that is deleted while it is taken in", () => {
  test.each(["document", "knowledge base"])("with its %s", async (what) => {
    const open = holdEmbeddings();
    const answer = upload(user, kb, "a.txt", "苹果");
    await app.upstream.nextRequest();
    const [document] = await listDocuments(user, kb);
    const body = { kb_id: kb, doc_id: document?.doc_id };
    const path = what === "document" ? "/api/rag/doc/delete" : "/api/rag/kb/delete";
    await read(await user.post(path, body));
    await expectFault(await answer, 404, "document_not_found");
    open();
    await until(() => files().length === 0, "the file to be gone");
  });
});

describe("a server that stops while a document is taken in", () => {
  test("goes on with it after its next start, and embeds nothing twice", async () => {
    const text = Array.from({ length: 8 }, (_, at) => `第${at}段。`.repeat(90)).join("\n\n");
    // The first request is answered, the others never.
    app.upstream.scriptPath("/embeddings", embeddings());
    const opens = [holdEmbeddings(), holdEmbeddings(), holdEmbeddings(), holdEmbeddings()];
    const answer = upload(user, kb, "long.txt", text).catch(() => undefined);
    for (let requests = 0; requests < 4; requests += 1) await app.upstream.nextRequest();
    // What was answered is stored, too: only that is never asked for again.
    await until(async () => (await chunksDone()) === 2);
    expect(await statusOf()).toBe("processing");
    const answered = embedded().slice(0, 2);
    const before = embedded().length;
    await app.restart();
    for (const open of opens) open();
    await answer;
    await until(async () => (await statusOf()) === "ready");
    const again = embedded().slice(before);
    for (const input of answered) expect(again).not.toContain(input);
    expect(new Set(again).size).toBe(again.length);
    const results = await retrieve(user, kb, "第3段", { top_k: 50 });
    expect(results.length).toBeGreaterThan(4);
  });

  test("answers whoever waits that it goes on", async () => {
    const open = holdEmbeddings();
    const answer = fetch(`${origin}/api/rag/doc/upload`, {
      method: "POST",
      body: uploadForm(kb, "a.txt", "苹果 和 香蕉"),
      headers: { authorization: `Bearer ${user.token}` },
    });
    await app.upstream.nextRequest();
    const hold = holdEmbeddings();
    await app.restart();
    const response = await answer;
    expect(response.status).toBe(202);
    const { doc_id, ...rest }: Record<string, unknown> = await response.json();
    expect(rest).toEqual({ success: true, status: "processing", message: "文档已接收，正在处理" });
    open();
    hold();
    await until(async () => (await statusOf()) === "ready");
    expect(await listDocuments(user, kb)).toMatchObject([{ doc_id }]);
  });

  test("tells how it goes on, to whoever asks again", async () => {
    const open = holdEmbeddings();
    const form = uploadForm(kb, "a.txt", "苹果 和 香蕉");
    const answer = await user.post("/api/rag/doc/upload", form, { prefer: "respond-async" });
    const { doc_id }: { doc_id: string } = await answer.json();
    await app.upstream.nextRequest();
    const path = `/api/rag/doc/status?doc_id=${doc_id}`;
    const events = { accept: "text/event-stream" };
    const cut = await user.get(path, events);
    const stream = cut.text();
    const hold = holdEmbeddings();
    await app.restart();
    // It ends without an end, for whoever reads it to come back.
    expect(await stream).not.toMatch(/"stage":"(ready|failed)"|"event":"error"/);
    const status = await read<{ stage: string }>(await user.get(path));
    expect(["stored", "parsing", "chunking", "embedding"]).toContain(status.stage);
    const again = await user.get(path, events);
    open();
    hold();
    expect(await again.text()).toContain('"stage":"ready"');
  });

  test("removes the files of documents at its next start, where they are no longer kept", async () => {
    const text = "苹果";
    await read(await upload(user, kb, "a.txt", text));
    expect(files()).toHaveLength(1);
    const { rag, ...config } = app.config;
    const next = await createApp({ ...config, rag: { ...rag, keepOriginals: false } });
    expect(files()).toEqual([]);
    expect(await retrieve(user.on(next), kb, text)).toHaveLength(1);
    await next.close();
  });
});
