import { Database } from "bun:sqlite";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { checkKnowledge } from "../../src/store/sqlite/knowledge-check.ts";
import { CapturedLog } from "../captured-log.ts";
import { openBeside } from "../database.ts";
import { type Caller, startApp, type TestApp } from "../harness.ts";
import { until } from "../until.ts";
import { embeddings, refuse } from "../upstream-scripts.ts";
import { expectFault } from "./expect-fault.ts";
import {
  createKnowledgeBase,
  findKnowledgeBase,
  listDocuments,
  read,
  retrieve,
  type UploadAnswer,
  upload,
} from "./knowing.ts";

const update = "/api/rag/kb/update";
const reindex = "/api/rag/kb/reindex";
const english = { "accept-language": "en" };

let log: CapturedLog;
beforeAll(() => {
  log = new CapturedLog();
});
afterAll(() => log.release());

let app: TestApp;
let user: Caller;
let kb: string;

beforeEach(async () => {
  const model = { provider: "scripted", batch_size: 2 };
  app = await startApp({
    RAG_EMBEDDING_MODELS: JSON.stringify([
      { ...model, name: "small", model: "s", dimensions: 8 },
      { ...model, name: "large", model: "l", dimensions: 16, send_dimensions: true },
    ]),
  });
  user = await app.signUp();
  kb = await createKnowledgeBase(user, { embedding_model: "small" });
});
afterEach(async () => {
  const path = app.config.sqlite.path;
  await until(() => purged(path), "what was dropped to be purged");
  const database = new Database(path, { readonly: true });
  expect(checkKnowledge(database)).toEqual([]);
  database.close();
  await app.close();
});

function purged(path: string): boolean {
  const database = new Database(path, { readonly: true });
  const left = database.query("SELECT 1 FROM search_indexes WHERE state = 'dropped'").all();
  database.close();
  return left.length === 0;
}

/** Holds back every answer to a request for embeddings until it is opened. */
function holdEmbeddings(): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  app.upstream.otherwise(embeddings({ gate: promise }), "/embeddings");
  return resolve;
}

const embedded = (model: string): string[] =>
  app.upstream.requests
    .map(({ body }) => body as { model: string; input: string[] })
    .filter((body) => body.model === model)
    .flatMap(({ input }) => input);

const begin = (settings: object) => user.post(reindex, { kb_id: kb, ...settings });

const state = async () => (await findKnowledgeBase(user, kb))?.reindex;

const done = () => until(async () => (await state()) === null, "the reindexing to end");

async function addDocuments(...texts: string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const text of texts) {
    const answer = await upload(user, kb, `${text.slice(0, 20)}.txt`, text);
    ids.push((await read<UploadAnswer>(answer)).doc_id);
  }
  return ids;
}

describe("a knowledge base", () => {
  test("is renamed, described and set", async () => {
    const changes = {
      kb_name: " 新名 ",
      description: " 合同\n与法规 ",
      chunk_size: 100,
      weight: 0.25,
    };
    const answer = await user.post(update, { kb_id: kb, ...changes });
    const expected = {
      kb_id: kb,
      kb_name: "新名",
      description: "合同\n与法规",
      embedding_model: "small",
      chunk_size: 100,
      weight: 0.25,
      doc_count: 0,
      chunk_count: 0,
      reindex: null,
      created_time: expect.any(Number),
    };
    expect(await read(answer)).toEqual({
      success: true,
      kb: expected,
      message: "知识库更新成功",
    } as object);
    expect(await findKnowledgeBase(user, kb)).toEqual(expected as object as never);
    const text = "一句话。".repeat(200);
    const [id] = await addDocuments(text);
    const [document] = await listDocuments(user, kb);
    expect(document).toMatchObject({ doc_id: id as string });
    // 800 characters, cut to about 100.
    expect(document?.chunk_count).toBeGreaterThan(6);
    await read(await user.post(update, { kb_id: kb, weight: null }));
    expect(await findKnowledgeBase(user, kb)).toMatchObject({
      kb_name: "新名",
      chunk_size: 100,
      weight: null,
      doc_count: 1,
      chunk_count: document?.chunk_count as number,
    });
  });

  test("is described when it is created", async () => {
    const settings = { description: "关于法律", chunk_size: 200, weight: 1 };
    const id = await createKnowledgeBase(user, settings);
    expect(await findKnowledgeBase(user, id)).toMatchObject(settings);
  });

  test.each([
    ["kb_name", { kb_name: " " }],
    ["kb_name", { kb_name: "a\nb" }],
    ["description", { description: "x".repeat(2001) }],
    ["chunk_size", { chunk_size: 10 }],
    ["chunk_size", { chunk_size: "100" }],
    ["weight", { weight: 1.5 }],
  ])("is not given a wrong %s: %j", async (field, changes) => {
    const response = await user.post(update, { kb_id: kb, ...changes }, english);
    const fault = await expectFault(response, 400, "invalid_field");
    expect(fault.error).toStartWith(`Invalid field ${field}: `);
  });
});

describe("reindexing", () => {
  test("moves to another model, and answers from the old index until then", async () => {
    const [first, second] = await addDocuments("苹果和香蕉", "合同与法规");
    const open = holdEmbeddings();
    const begun = await begin({ embedding_model: "large", chunk_size: 300 });
    expect(begun.status).toBe(202);
    expect(await begun.json()).toMatchObject({
      success: true,
      message: "知识库开始重建索引，完成前照常使用原索引",
      kb: {
        embedding_model: "small",
        chunk_size: 400,
        reindex: {
          status: "running",
          embedding_model: "large",
          chunk_size: 300,
          docs_done: 0,
          docs_total: 2,
        },
      },
    });
    await expectFault(await begin({}), 409, "reindex_running");
    const changes = { kb_id: kb, chunk_size: 100 };
    await expectFault(await user.post(update, changes), 409, "reindex_running");
    await read(await user.post(update, { kb_id: kb, kb_name: "另一个" }));
    app.upstream.scriptModel("s", embeddings());
    expect((await retrieve(user, kb, "苹果"))[0]).toMatchObject({ doc_id: first as string });
    open();
    await done();
    expect(await findKnowledgeBase(user, kb)).toMatchObject({
      embedding_model: "large",
      chunk_size: 300,
      doc_count: 2,
      chunk_count: 2,
    });
    const before = embedded("s").length;
    expect((await retrieve(user, kb, "法规"))[0]).toMatchObject({ doc_id: second as string });
    expect(embedded("s")).toHaveLength(before);
    expect(await listDocuments(user, kb)).toMatchObject([
      { status: "ready", chunk_count: 1 },
      { status: "ready", chunk_count: 1 },
    ]);
  });

  test("cuts anew, and embeds only what is new", async () => {
    await addDocuments("一句话。".repeat(300), "不变");
    const [before] = await listDocuments(user, kb);
    const texts = embedded("s").length;
    await begin({ chunk_size: 100 });
    await done();
    const [after] = await listDocuments(user, kb);
    expect(after?.chunk_count).toBeGreaterThan(before?.chunk_count ?? 0);
    expect(
      embedded("s")
        .slice(texts)
        .some((text) => text.includes("不变")),
    ).toBe(false);
    const path = `/api/rag/doc/chunks?doc_id=${after?.doc_id}&limit=200`;
    const page = await read<{ chunks: { chunk_index: number }[] }>(await user.get(path));
    expect(page.chunks.map(({ chunk_index }) => chunk_index)).toEqual(
      Array.from({ length: after?.chunk_count ?? 0 }, (_, at) => at),
    );
  });

  test("takes in what comes and leaves out what goes meanwhile", async () => {
    const [kept, deleted, current] = await addDocuments("苹果", "香蕉", "梨子");
    const open = holdEmbeddings();
    await begin({ embedding_model: "large" });
    await until(() => embedded("l").length > 0);
    const remove = (doc_id: string | undefined) =>
      user.post("/api/rag/doc/delete", { kb_id: kb, doc_id });
    await read(await remove(deleted));
    // The one that is being put into the new index at this moment.
    await read(await remove(kept));
    app.upstream.scriptModel("s", embeddings());
    const [added] = await addDocuments("西瓜");
    open();
    await done();
    const ids = (await listDocuments(user, kb)).map(({ doc_id }) => doc_id);
    expect(ids).toEqual([current as string, added as string]);
    const found = await retrieve(user, kb, "苹果 香蕉 梨子 西瓜", { top_k: 50 });
    expect(found.map(({ doc_id }) => doc_id).toSorted()).toEqual(ids.toSorted());
    expect(await findKnowledgeBase(user, kb)).toMatchObject({ doc_count: 2, chunk_count: 2 });
  });

  test("lets a document that is being taken in go on in the new index", async () => {
    await addDocuments("苹果");
    const gate = Promise.withResolvers<void>();
    app.upstream.scriptModel("s", embeddings({ gate: gate.promise }));
    const late = upload(user, kb, "late.txt", "西瓜是后来的");
    await until(() => embedded("s").some((text) => text.includes("西瓜")));
    await begin({ embedding_model: "large" });
    await done();
    gate.resolve();
    const { doc_id } = await read<UploadAnswer>(await late);
    expect((await retrieve(user, kb, "西瓜"))[0]).toMatchObject({ doc_id });
    expect(await findKnowledgeBase(user, kb)).toMatchObject({ chunk_count: 2 });
  });

  test("that fails leaves the old index, says why, and may be tried again", async () => {
    const [id] = await addDocuments("苹果");
    app.upstream.scriptModel("l", refuse(400, { error: { message: "no such model" } }));
    await begin({ embedding_model: "large", chunk_size: 200 });
    await until(async () => (await state())?.status === "failed");
    expect(await state()).toEqual({
      status: "failed",
      embedding_model: "large",
      chunk_size: 200,
      error: expect.stringContaining("no such model"),
      doc_id: id,
    } as object as never);
    expect(await findKnowledgeBase(user, kb)).toMatchObject({ embedding_model: "small" });
    expect(await retrieve(user, kb, "苹果")).toHaveLength(1);
    await begin({ embedding_model: "large" });
    await done();
    expect(await findKnowledgeBase(user, kb)).toMatchObject({ embedding_model: "large" });
  });

  test("of an empty knowledge base is done at once", async () => {
    await begin({ embedding_model: "builtin" });
    await done();
    expect(await findKnowledgeBase(user, kb)).toMatchObject({ embedding_model: "builtin" });
    await addDocuments("苹果");
    expect(await retrieve(user, kb, "苹果")).toHaveLength(1);
  });

  test("goes on after a restart, and embeds nothing twice", async () => {
    const texts = Array.from({ length: 6 }, (_, at) => `第${at}段。`.repeat(90)).join("\n\n");
    await addDocuments("苹果", texts);
    // The first document and one request of the second are answered.
    app.upstream.scriptModel("l", embeddings(), embeddings());
    const open = holdEmbeddings();
    using database = openBeside(app);
    const stored = database.query<{ vectors: number }, []>(
      "SELECT count(*) AS vectors FROM embedding_cache",
    );
    const storedBefore = stored.get()?.vectors ?? 0;
    await begin({ embedding_model: "large" });
    await until(() => embedded("l").length > 5);
    await until(async () => (await state())?.docs_done === 1);
    // What was answered is stored, too: only that is never asked for again.
    await until(() => stored.get()?.vectors === storedBefore + 3);
    const answered = embedded("l").slice(0, 3);
    const before = embedded("l").length;
    await app.restart();
    app.upstream.otherwise(embeddings(), "/embeddings");
    open();
    await done();
    const again = embedded("l").slice(before);
    for (const text of answered) expect(again).not.toContain(text);
    expect(new Set(again).size).toBe(again.length);
    expect(await findKnowledgeBase(user, kb)).toMatchObject({ embedding_model: "large" });
    expect((await retrieve(user, kb, "第3段", { top_k: 50 })).length).toBeGreaterThan(4);
  });

  test("keeps the chunks of documents whose files were not kept", async () => {
    await addDocuments(Array.from({ length: 300 }, (_, at) => `第${at}句话。`).join(""));
    const [before] = await listDocuments(user, kb);
    rmSync(`${app.config.sqlite.path}.files/${before?.doc_id}`);
    await begin({ embedding_model: "large", chunk_size: 100 });
    await done();
    const [after] = await listDocuments(user, kb);
    expect(after).toEqual(before);
    expect(embedded("l")).toHaveLength(after?.chunk_count as number);
    expect((await retrieve(user, kb, "第7句话"))[0]?.content).toContain("第7句话");
  });

  test("ends with its knowledge base", async () => {
    await addDocuments("苹果", "香蕉");
    const open = holdEmbeddings();
    await begin({ embedding_model: "large" });
    await until(() => embedded("l").length > 0);
    await read(await user.post("/api/rag/kb/delete", { kb_id: kb }));
    open();
    expect(await findKnowledgeBase(user, kb)).toBeUndefined();
  });

  test("never answers a question with a vector of the other model", async () => {
    await addDocuments("苹果");
    const gate = Promise.withResolvers<void>();
    app.upstream.scriptModel("s", embeddings({ gate: gate.promise }));
    const asked = embedded("s").length;
    const answer = retrieve(user, kb, "苹果");
    await until(() => embedded("s").length > asked);
    await begin({ embedding_model: "large" });
    await done();
    gate.resolve();
    expect(await answer).toHaveLength(1);
  });

  test("refuses a model that is not on offer, and another's knowledge base", async () => {
    await expectFault(await begin({ embedding_model: "none" }), 400, "unknown_embedding_model");
    await expectFault(await begin({ chunk_size: 1 }), 400, "invalid_field");
    const stranger = await app.signUp();
    for (const path of [reindex, update]) {
      const response = await stranger.post(path, { kb_id: kb });
      await expectFault(response, 404, "knowledge_base_not_found");
    }
  });
});
