import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { type App, createApp } from "../../src/app.ts";
import { CapturedLog } from "../captured-log.ts";
import { openBeside } from "../database.ts";
import { type Caller, startApp, type TestApp } from "../harness.ts";
import { until } from "../until.ts";
import { embeddings } from "../upstream-scripts.ts";
import {
  createKnowledgeBase,
  findKnowledgeBase,
  listDocuments,
  read,
  retrieve,
  type UploadAnswer,
  upload,
} from "./knowing.ts";

let log: CapturedLog;
beforeAll(() => {
  log = new CapturedLog();
});
afterAll(() => log.release());

/** Two servers on one database, as two processes would be: here is the one that begins. */
let here: TestApp;
let there: App | undefined;
let user: Caller;
let kb: string;

beforeEach(async () => {
  const model = { provider: "scripted", batch_size: 2 };
  here = await startApp({
    RAG_EMBEDDING_MODELS: JSON.stringify([
      { ...model, name: "small", model: "s", dimensions: 8 },
      { ...model, name: "large", model: "l", dimensions: 16, send_dimensions: true },
    ]),
  });
  user = await here.signUp();
  kb = await createKnowledgeBase(user, { embedding_model: "small" });
});
afterEach(async () => {
  await there?.close();
  there = undefined;
  await here.close();
});

/** Holds back every answer to a request for embeddings until it is opened. */
function holdEmbeddings(): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  here.upstream.otherwise(embeddings({ gate: promise }), "/embeddings");
  return resolve;
}

const embedded = (): string[] =>
  here.upstream.requests.flatMap(({ body }) => (body as { input: string[] }).input);

describe("a document that one process takes in", () => {
  test("is left to it by one that starts, and by one that gets the same bytes", async () => {
    const open = holdEmbeddings();
    const first = upload(user, kb, "a.txt", "苹果");
    await here.upstream.nextRequest();
    there = await createApp(here.config);
    const second = upload(user.on(there), kb, "b.txt", "苹果");
    await until(async () => (await listDocuments(user, kb)).length === 1);
    open();
    const answers = await Promise.all(
      [first, second].map((answer) => answer.then(read<UploadAnswer>)),
    );
    expect(answers[1]?.doc_id).toBe(answers[0]?.doc_id ?? "");
    expect(await listDocuments(user, kb)).toMatchObject([{ status: "ready", doc_name: "a.txt" }]);
    expect(embedded().filter((text) => text.includes("苹果"))).toHaveLength(1);
    expect(await retrieve(user.on(there), kb, "苹果")).toHaveLength(1);
  });

  test("is taken over when that process is gone", async () => {
    await (await upload(user, kb, "a.txt", "苹果")).text();
    {
      using database = openBeside(here);
      // As a process leaves it that dies before anything is stored of a document.
      database.run("UPDATE documents SET status = 'processing', chunk_count = 0");
      database.run("DELETE FROM slices");
      database.run("INSERT INTO claims SELECT 'document ' || id, 77 FROM documents");
    }
    there = await createApp(here.config);
    await until(async () => (await listDocuments(user, kb))[0]?.status === "ready");
    using database = openBeside(here);
    await until(() => database.query("SELECT 1 FROM claims").get() === null);
  });
});

describe("a knowledge base that one process reindexes", () => {
  test("is left to it by one that starts", async () => {
    for (const text of ["苹果", "香蕉"]) await (await upload(user, kb, `${text}.txt`, text)).text();
    const open = holdEmbeddings();
    await user.post("/api/rag/kb/reindex", { kb_id: kb, embedding_model: "large" });
    await until(() => here.upstream.requests.length > 2);
    there = await createApp(here.config);
    open();
    const seen = async () => await findKnowledgeBase(user, kb);
    await until(async () => (await seen())?.reindex === null, "the reindexing to end");
    expect(await seen()).toMatchObject({ embedding_model: "large" });
    expect(await retrieve(user.on(there), kb, "香蕉")).toHaveLength(2);
  });
});
