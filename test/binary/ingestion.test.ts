import { afterAll, afterEach, expect, test } from "bun:test";
import { readUntil } from "../chat-stream.ts";
import { readerOf } from "../http/conversing.ts";
import {
  createKnowledgeBase,
  findKnowledgeBase,
  retrieve,
  statusOf,
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
