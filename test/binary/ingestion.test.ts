import { afterAll, afterEach, expect, test } from "bun:test";
import { readUntil } from "../chat-stream.ts";
import { readerOf } from "../http/conversing.ts";
import { expectFault } from "../http/expect-fault.ts";
import {
  createKnowledgeBase,
  findKnowledgeBase,
  read,
  retrieve,
  statusOf,
  upload,
  uploadForm,
} from "../http/knowing.ts";
import { until } from "../until.ts";
import { startUpstream } from "../upstream.ts";
import { embeddings } from "../upstream-scripts.ts";
import {
  BinaryServer,
  quietEnvironment,
  scriptedProvider,
  TemporaryFolder,
} from "./binary-process.ts";

const upstream = await startUpstream();
afterAll(() => upstream.close());
afterEach(() => upstream.otherwise(embeddings(), "/embeddings"));

const model = { name: "scripted-embedding", provider: "scripted", model: "e", dimensions: 8 };
const environment = {
  ...quietEnvironment,
  ...scriptedProvider(upstream.url),
  LLM_BACKEND_RAG_EMBEDDING_MODELS: JSON.stringify([{ ...model, batch_size: 2 }]),
  LLM_BACKEND_SERVER_SHUTDOWN_TIMEOUT: "3600",
};

const never = new Promise<void>(() => {});

/** Every text that the provider was asked for, in the order of the requests. */
const asked = (): string[] =>
  upstream.requests.flatMap(({ body }) => (body as { input: string[] }).input);

const paragraphs = (count: number): string =>
  Array.from({ length: count }, (_, at) => `第${at}段的内容。`.repeat(60)).join("\n\n");

test("kill -9 while a document is embedded: it goes on after the next start, and pays for nothing twice", async () => {
  using folder = new TemporaryFolder();
  let token: string | undefined;
  let document = "";
  let kb = "";
  let answered: string[] = [];
  {
    await using server = await BinaryServer.start({ folder, environment });
    const ada = await server.signUp();
    token = ada.token;
    kb = await createKnowledgeBase(ada, { embedding_model: model.name });
    // Twenty requests are answered, whatever comes then never is.
    for (let request = 0; request < 20; request += 1) {
      upstream.scriptPath("/embeddings", embeddings());
    }
    upstream.otherwise(embeddings({ gate: never }), "/embeddings");
    const form = uploadForm(kb, "long.txt", paragraphs(100));
    const answer = await ada.post("/api/rag/doc/upload", form, { prefer: "respond-async" });
    expect(answer.status).toBe(202);
    document = ((await answer.json()) as { doc_id: string }).doc_id;
    // What counts as done is stored.
    await until(async () => (await statusOf(ada, document)).chunks_done >= 40);
    answered = asked().slice(0, 40);
    server.signal("SIGKILL");
    await server.exited;
  }

  const before = asked().length;
  upstream.otherwise(embeddings(), "/embeddings");
  await using again = await BinaryServer.start({ folder, environment });
  const ada = again.caller(token);
  await until(async () => (await statusOf(ada, document)).stage === "ready");
  const anew = asked().slice(before);
  for (const text of answered) expect(anew).not.toContain(text);
  expect(new Set(anew).size).toBe(anew.length);
  const found = await findKnowledgeBase(ada, kb);
  expect(found?.chunk_count).toBe(answered.length + anew.length);
  const [best] = await retrieve(ada, kb, "第77段", { mode: "keyword" });
  expect(best?.content).toContain("第77段");
});

test("whoever watches a document being taken in does not keep the server from ending", async () => {
  using folder = new TemporaryFolder();
  upstream.otherwise(embeddings({ gate: never }), "/embeddings");
  // Were it to wait for the document, this test would run out of time.
  await using server = await BinaryServer.start({ folder, environment });
  const ada = await server.signUp();
  const kb = await createKnowledgeBase(ada, { embedding_model: model.name });
  const form = uploadForm(kb, "a.txt", "苹果");
  const answer = await ada.post("/api/rag/doc/upload", form, { prefer: "respond-async" });
  const { doc_id } = (await answer.json()) as { doc_id: string };
  const path = `/api/rag/doc/status?doc_id=${doc_id}`;
  const reader = readerOf(await ada.get(path, { accept: "text/event-stream" }));
  let text = await readUntil(reader, (soFar) => soFar.includes('"stage":"embedding"'));

  expect(await server.stop()).toBe(0);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    text += new TextDecoder().decode(value);
  }
  // It ends without an end, for its reader to come back.
  expect(text).not.toMatch(/"stage":"(ready|failed)"|"event":"error"/);
});

test("an embedding model that changes its dimensions is refused in words, until its index is built anew", async () => {
  using folder = new TemporaryFolder();
  const english = { "accept-language": "en" };
  let token: string | undefined;
  let kb = "";
  {
    await using server = await BinaryServer.start({ folder, environment });
    const ada = await server.signUp();
    token = ada.token;
    kb = await createKnowledgeBase(ada, { embedding_model: model.name });
    await read(await upload(ada, kb, "a.txt", "苹果是一种水果。"));
    expect(await server.stop()).toBe(0);
  }

  const changed = JSON.stringify([{ ...model, dimensions: 16 }]);
  upstream.otherwise(embeddings({ dimensions: 16 }), "/embeddings");
  await using again = await BinaryServer.start({
    folder,
    environment: { ...environment, LLM_BACKEND_RAG_EMBEDDING_MODELS: changed },
  });
  const ada = again.caller(token);
  const question = { kb_id: kb, query: "苹果" };
  const asked = await ada.post("/api/rag/retrieve", question, english);
  const fault = await expectFault(asked, 409, "embedding_model_changed");
  expect(fault.error).toContain("vectors of 8 dimensions");
  expect(fault.error).toContain("now has 16");
  await expectFault(await upload(ada, kb, "b.txt", "香蕉"), 409, "embedding_model_changed");
  expect(await retrieve(ada, kb, "苹果", { mode: "keyword" })).toHaveLength(1);

  const reindex = await ada.post("/api/rag/kb/reindex", { kb_id: kb, embedding_model: model.name });
  expect(reindex.status).toBe(202);
  await until(async () => (await findKnowledgeBase(ada, kb))?.reindex === null);
  expect(await retrieve(ada, kb, "苹果")).toHaveLength(1);
});
