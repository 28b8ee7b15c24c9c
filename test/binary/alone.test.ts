import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyFileSync, existsSync, writeFileSync } from "node:fs";
import { readEvents } from "../chat-stream.ts";
import type { Caller } from "../harness.ts";
import { ask, historyOf } from "../http/conversing.ts";
import { expectFault } from "../http/expect-fault.ts";
import { createKnowledgeBase, read, retrieve, type UploadAnswer, upload } from "../http/knowing.ts";
import { freePort } from "../redis.ts";
import { until } from "../until.ts";
import { BinaryServer, binary, TemporaryFolder } from "./binary-process.ts";

// The binary in a folder with nothing that it needs, with an empty environment: no Node, no Bun, no PATH.
const folder = new TemporaryFolder();
let server: BinaryServer;
let ada: Caller;

beforeAll(async () => {
  const copy = folder.join("llm-backend");
  copyFileSync(binary, copy);
  writeFileSync(folder.join("bunfig.toml"), 'preload = ["./preloaded.ts"]\n');
  writeFileSync(folder.join("preloaded.ts"), 'await Bun.write("preloaded", "");\n');
  const args = ["--port", String(freePort())];
  server = await BinaryServer.start({ folder, command: [copy], args, environment: {} });
  ada = await server.signUp();
});
afterAll(async () => {
  await server.kill();
  folder[Symbol.dispose]();
});

test("it tells what it found and where it serves", async () => {
  // On a developer's machine a Redis may well listen on the default port.
  await server.printed(
    /Connected to Redis successfully!|Redis is not reachable; the in-process cache is used/,
  );
  await server.printed(/SQLite initialized successfully!/);
  const lines = server.stdout.trimEnd().split("\n");
  const messages = lines.map((line): unknown => JSON.parse(line).message);
  expect(messages).toContain(`Server is running on port ${server.port}`);
  const ready = await server.caller().get("/readyz");
  expect(await ready.json()).toMatchObject({ status: "ready", checks: { database: true } });
});

test("it runs no code that it finds in its folder", () => {
  expect(existsSync(folder.join("preloaded"))).toBe(false);
});

test("a conversation with the demo model", async () => {
  const id = await ada.createConversation({ model: "demo" });
  const events = await readEvents(await ask(ada, id, "你好"));
  const whole = events.at(-1)?.data;
  expect(whole).toContain("demo");
  expect(events.at(-1)?.event).toBe("full_response");
  expect(await historyOf(ada, id)).toMatchObject({
    messages: [
      { role: "user", content: "你好", message_id: 1 },
      { role: "assistant", content: whole, message_id: 2, status: "complete" },
    ],
  });
});

// Elysia knows faults of this kind by the names of classes, which a minifier may take away.
test("numbers out of bounds are refused", async () => {
  for (const path of [
    "/api/conversations/list?limit=0",
    "/api/conversations/list?limit=1001",
    "/api/conversations/history/-1",
  ]) {
    await expectFault(await ada.get(path), 400, "invalid_field");
  }
});

test("what was used", async () => {
  const body = { model: "demo", messages: [{ role: "user", content: "你好" }], stream: true };
  await (await ada.post("/v1/chat/completions", body)).text();
  const groups = async (): Promise<unknown[]> => {
    const response = await ada.get("/api/usage?group_by=kind,user");
    return (await read<{ groups: unknown[] }>(response)).groups;
  };
  await until(async () => (await groups()).length === 2, "the usage to be stored");
  expect(await groups()).toMatchObject([
    { kind: "answer", answers: 1 },
    { kind: "completion", answers: 1 },
  ]);
});

test("a conversation over a Word file", async () => {
  const report = await Bun.file(new URL("../documents/report.docx", import.meta.url)).bytes();
  const kb = await createKnowledgeBase(ada);
  const uploaded = await read<UploadAnswer>(await upload(ada, kb, "report.docx", report));
  expect(uploaded.chunk_count).toBeGreaterThan(0);

  const question = "什么是不可抗力条款？";
  const [hit] = await retrieve(ada, kb, question);
  expect(hit).toMatchObject({ doc_id: uploaded.doc_id, doc_name: "report.docx" });
  expect(hit?.content).toContain("双方均不承担责任");

  const id = await ada.createConversation({ model: "demo", kb_ids: [kb] });
  const events = await readEvents(await ask(ada, id, question));
  const sources = events.find(({ event }) => event === "sources");
  expect(sources?.data).toEqual(
    expect.arrayContaining([expect.objectContaining({ number: 1, chunk_id: hit?.chunk_id })]),
  );
  expect(events.at(-1)).toMatchObject({
    event: "full_response",
    data: expect.stringContaining("双方均不承担责任"),
  });
});

test("a PDF with Chinese CMaps, which are inside the binary", async () => {
  const pdf = await Bun.file(new URL("../documents/chinese-cmap.pdf", import.meta.url)).bytes();
  const kb = await createKnowledgeBase(ada);
  const uploaded = await read<UploadAnswer>(await upload(ada, kb, "chinese.pdf", pdf));
  expect(uploaded.chunk_count).toBeGreaterThan(0);
});

test("the documentation", async () => {
  const page = await server.caller().get("/swagger");
  expect(page.status).toBe(200);
  const html = await page.text();
  const parts = [...html.matchAll(/(?:src|href)="(?!data:)([^"#]+)"/g)].map(
    ([, path = ""]) => path,
  );
  expect(parts.length).toBeGreaterThan(0);
  for (const path of parts) {
    const part = await fetch(new URL(path, `${server.url}/swagger`));
    expect({ path, status: part.status }).toEqual({ path, status: 200 });
    expect((await part.bytes()).length).toBeGreaterThan(0);
  }
  const document = await (await server.caller().get("/swagger/json")).json();
  expect(document.openapi).toStartWith("3.0");
  expect(Object.keys(document.paths)).toContain("/api/rag/doc/upload");
});
