import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { CapturedLog } from "../captured-log.ts";
import { type Caller, startApp, type TestApp } from "../harness.ts";
import { refuse } from "../upstream-scripts.ts";
import { expectFault } from "./expect-fault.ts";
import {
  createKnowledgeBase,
  listDocuments,
  read,
  retrieve,
  type UploadAnswer,
  upload,
  uuidV7,
} from "./knowing.ts";

const english = { "accept-language": "en" };
const nowhere = "0198f0c4-7a11-7c3e-9f02-1b6d5e8a4c70";

let log: CapturedLog;
let app: TestApp;
let user: Caller;
let stranger: Caller;

beforeAll(async () => {
  log = new CapturedLog();
  app = await startApp({
    RAG_EMBEDDING_MODELS: JSON.stringify([
      {
        name: "scripted-embedding",
        provider: "scripted",
        model: "e",
        dimensions: 8,
        batch_size: 4,
      },
    ]),
  });
  user = await app.signUp();
  stranger = await app.signUp();
});
afterAll(async () => {
  await app.close();
  expect(log.complaints).toEqual([]);
  log.release();
});

describe("knowledge bases", () => {
  test("are created with the default model or another, in the caller's language", async () => {
    const chinese = await read(await user.post("/api/rag/kb/create", { kb_name: "法律知识库" }));
    expect(chinese).toEqual({
      success: true,
      kb_id: expect.stringMatching(uuidV7),
      message: "知识库创建成功，使用模型: builtin",
    });
    const body = { kb_name: "Law", embedding_model: "zhipu-embedding-3" };
    expect(await read(await user.post("/api/rag/kb/create", body, english))).toMatchObject({
      message: "Knowledge base created with the model zhipu-embedding-3",
    });
  });

  test("are listed oldest first, each user's own alone", async () => {
    const caller = await app.signUp();
    const empty = await read(await caller.get("/api/rag/kb/list"));
    expect(empty).toEqual({ success: true, kbs: [], message: "知识库列表获取成功" });
    const first = await createKnowledgeBase(caller, { kb_name: "  一  " });
    const second = await createKnowledgeBase(caller, {
      kb_name: "二",
      embedding_model: "zhipu-embedding-2",
    });
    const created_time = expect.any(Number);
    const fresh = {
      description: "",
      chunk_size: 400,
      weight: null,
      doc_count: 0,
      chunk_count: 0,
      reindex: null,
      created_time,
    };
    expect(await read(await caller.get("/api/rag/kb/list", english))).toEqual({
      success: true,
      kbs: [
        { kb_id: first, kb_name: "一", embedding_model: "builtin", ...fresh },
        { kb_id: second, kb_name: "二", embedding_model: "zhipu-embedding-2", ...fresh },
      ],
      message: "Knowledge bases listed",
    });
  });

  test.each([
    ["kb_name", {}],
    ["kb_name", { kb_name: "" }],
    ["kb_name", { kb_name: " \n " }],
    ["kb_name", { kb_name: "a\u0000b" }],
    ["kb_name", { kb_name: "x".repeat(201) }],
    ["kb_name", { kb_name: 7 }],
    ["embedding_model", { kb_name: "x", embedding_model: "" }],
    ["embedding_model", { kb_name: "x", embedding_model: 7 }],
  ])("name the field %s at fault in %j", async (field, body) => {
    const response = await user.post("/api/rag/kb/create", body, english);
    const fault = await expectFault(response, 400, "invalid_field");
    expect(fault.error).toStartWith(`Invalid field ${field}: `);
  });

  test("refuse a model that is not on offer", async () => {
    const body = { kb_name: "x", embedding_model: "no-such-model" };
    const response = await user.post("/api/rag/kb/create", body);
    const fault = await expectFault(response, 400, "unknown_embedding_model");
    expect(fault.error).toBe("不支持的 Embedding 模型: no-such-model");
  });

  test("are deleted with everything in them", async () => {
    const id = await createKnowledgeBase(user);
    await read(await upload(user, id, "a.txt", "苹果是一种水果"));
    expect(await retrieve(user, id, "苹果")).toHaveLength(1);
    expect(await read(await user.post("/api/rag/kb/delete", { kb_id: id }))).toEqual({
      success: true,
      message: "知识库删除成功",
    });
    for (const response of [
      await user.post("/api/rag/kb/delete", { kb_id: id }),
      await user.get(`/api/rag/doc/list?kb_id=${id}`),
      await user.post("/api/rag/retrieve", { kb_id: id, query: "苹果" }),
      await upload(user, id, "b.txt", "text"),
    ]) {
      const fault = await expectFault(response, 404, "knowledge_base_not_found");
      expect(fault.error).toBe("知识库不存在");
    }
    const list = await read<{ kbs: { kb_id: string }[] }>(await user.get("/api/rag/kb/list"));
    expect(list.kbs.map(({ kb_id }) => kb_id)).not.toContain(id);
  });
});

describe("a list", () => {
  /** Pages through it, two at a time; `meanwhile` is called with what was seen last. */
  async function pages(
    path: string,
    key: "kbs" | "docs",
    id: "kb_id" | "doc_id",
    meanwhile: (last: string) => Promise<unknown>,
  ): Promise<string[]> {
    const seen: string[] = [];
    for (let after = ""; ; after = `&after=${seen.at(-1)}`) {
      const answer = await read<Record<string, Record<string, string>[]>>(
        await user.get(`${path}limit=2${after}`),
      );
      const ids = (answer[key] ?? []).map((entry) => entry[id] ?? "");
      if (ids.length === 0) return seen;
      seen.push(...ids);
      await meanwhile(ids.at(-1) ?? "");
    }
  }

  test("of knowledge bases has pages that stand still while some come and go", async () => {
    user = await app.signUp();
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) ids.push(await createKnowledgeBase(user));
    let later = 0;
    const seen = await pages("/api/rag/kb/list?", "kbs", "kb_id", async (last) => {
      await user.post("/api/rag/kb/delete", { kb_id: last });
      later += 1;
      if (later <= 2) ids.push(await createKnowledgeBase(user));
    });
    expect(seen).toEqual(ids);
  });

  test("of documents has pages that stand still while some come and go", async () => {
    const kb = await createKnowledgeBase(user);
    const add = async (n: number): Promise<string> =>
      (await read<UploadAnswer>(await upload(user, kb, `${n}.txt`, `text ${n}`))).doc_id;
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) ids.push(await add(n));
    let later = 0;
    const path = `/api/rag/doc/list?kb_id=${kb}&`;
    const seen = await pages(path, "docs", "doc_id", async (last) => {
      await user.post("/api/rag/doc/delete", { kb_id: kb, doc_id: last });
      later += 1;
      if (later <= 2) ids.push(await add(10 + later));
    });
    expect(seen).toEqual(ids);
  });

  test.each(["limit=0", "limit=1001", "limit=x", "after=x", "after="])(
    "cannot be read by %s",
    async (query) => {
      const kb = await createKnowledgeBase(user);
      for (const path of ["/api/rag/kb/list?", `/api/rag/doc/list?kb_id=${kb}&`]) {
        const response = await user.get(path + query);
        expect(response.status).toBe(400);
        expect(await response.json()).toMatchObject({ code: "invalid_field" });
      }
    },
  );
});

test("the models on offer are listed, with or without a key", async () => {
  expect(await read(await user.get("/api/rag/models"))).toEqual({
    success: true,
    models: ["scripted-embedding", "zhipu-embedding-3", "zhipu-embedding-2", "builtin"],
    message: "支持的Embedding模型列表获取成功",
  });
  expect(await read(await user.get("/api/rag/models", english))).toMatchObject({
    message: "Supported embedding models listed",
  });
});

describe("a stranger", () => {
  test("finds nothing of another user's, and cannot tell it from what is not there", async () => {
    const id = await createKnowledgeBase(user);
    const { doc_id } = await read<UploadAnswer>(await upload(user, id, "a.txt", "苹果"));
    const own = await createKnowledgeBase(stranger);
    for (const kb_id of [id, nowhere]) {
      for (const response of [
        await stranger.post("/api/rag/kb/delete", { kb_id }),
        await stranger.get(`/api/rag/doc/list?kb_id=${kb_id}`),
        await stranger.post("/api/rag/doc/delete", { kb_id, doc_id }),
        await stranger.post("/api/rag/retrieve", { kb_id, query: "苹果" }),
        await upload(stranger, kb_id, "b.txt", "text"),
        await stranger.post("/api/rag/chat", {
          conversation_id: await stranger.createConversation(),
          kb_id,
          message: "苹果",
        }),
      ]) {
        await expectFault(response, 404, "knowledge_base_not_found");
      }
    }
    const response = await stranger.post("/api/rag/doc/delete", { kb_id: own, doc_id });
    await expectFault(response, 404, "document_not_found");
    expect(await listDocuments(user, id)).toHaveLength(1);
  });

  test("without a token is refused on every route", async () => {
    const { nobody } = app;
    for (const response of [
      await nobody.post("/api/rag/kb/create", { kb_name: "x" }),
      await nobody.get("/api/rag/kb/list"),
      await nobody.post("/api/rag/kb/delete", { kb_id: nowhere }),
      await upload(nobody, nowhere, "a.txt", "text"),
      await nobody.get(`/api/rag/doc/list?kb_id=${nowhere}`),
      await nobody.post("/api/rag/doc/delete", { kb_id: nowhere, doc_id: nowhere }),
      await nobody.post("/api/rag/retrieve", { kb_id: nowhere, query: "x" }),
      await nobody.get("/api/rag/models"),
    ]) {
      await expectFault(response, 401, "unauthorized");
    }
  });
});

describe("documents", () => {
  test("are listed oldest first with what is known of them", async () => {
    const id = await createKnowledgeBase(user);
    expect(await listDocuments(user, id)).toEqual([]);
    const { doc_id } = await read<UploadAnswer>(
      await upload(user, id, "合同协议.md", "# 合同\n\n条款"),
    );
    await read(await upload(user, id, "b.TXT", "text"));
    const docs = await listDocuments(user, id);
    expect(docs).toEqual([
      {
        doc_id,
        kb_id: id,
        doc_name: "合同协议.md",
        file_type: "md",
        status: "ready",
        error: null,
        size_bytes: 16,
        chunk_count: 1,
        metadata: {},
        created_time: expect.any(Number),
      },
      expect.objectContaining({ doc_name: "b.TXT", file_type: "txt" }),
    ]);
    expect(Math.abs((docs[0]?.created_time ?? 0) - Date.now() / 1000)).toBeLessThan(60);
    const list = await user.get(`/api/rag/doc/list?kb_id=${id.toUpperCase()}`, english);
    expect(await read(list)).toMatchObject({ success: true, message: "Documents listed" });
  });

  test("are gone for good when they are deleted", async () => {
    const id = await createKnowledgeBase(user);
    const { doc_id } = await read<UploadAnswer>(await upload(user, id, "a.txt", "苹果"));
    const other = await createKnowledgeBase(user);
    const elsewhere = await user.post("/api/rag/doc/delete", { kb_id: other, doc_id });
    await expectFault(elsewhere, 404, "document_not_found");
    const body = { kb_id: id, doc_id };
    expect(await read(await user.post("/api/rag/doc/delete", body))).toEqual({
      success: true,
      message: "文档删除成功",
    });
    const fault = await expectFault(
      await user.post("/api/rag/doc/delete", body),
      404,
      "document_not_found",
    );
    expect(fault.error).toBe("文档不存在");
    expect(await listDocuments(user, id)).toEqual([]);
    expect(await retrieve(user, id, "苹果")).toEqual([]);
  });

  test.each(["", "?kb_id=", "?kb_id=x", `?kb_id=${nowhere}x`, "?kb=1", "?kb_id=a&kb_id=b"])(
    "are not listed for %j",
    async (query) => {
      const response = await user.get(`/api/rag/doc/list${query}`, english);
      const fault = await expectFault(response, 400, "invalid_field");
      expect(fault.error).toStartWith("Invalid field kb_id: ");
    },
  );

  test.each([
    ["kb_id", { kb_id: "x", doc_id: nowhere }],
    ["doc_id", { kb_id: nowhere, doc_id: "x" }],
    ["doc_id", { kb_id: nowhere }],
    ["doc_id", { kb_id: nowhere, doc_id: 5 }],
  ])("are not deleted for a wrong %s in %j", async (field, body) => {
    const fault = await expectFault(
      await user.post("/api/rag/doc/delete", body, english),
      400,
      "invalid_field",
    );
    expect(fault.error).toStartWith(`Invalid field ${field}: `);
  });
});

describe("retrieval", () => {
  const passages = [
    "# 合同\n\n不可抗力条款免除当事人的责任。",
    "# 水果\n\n苹果和香蕉都是水果。",
    "# Fruit\n\nAn apple a day keeps the doctor away.",
  ];
  let id: string;

  beforeAll(async () => {
    id = await createKnowledgeBase(user);
    for (const [at, text] of passages.entries()) {
      await read(await upload(user, id, `${at}.md`, text));
    }
  });

  test("brings the fitting passages, the best first, in the words of the contract", async () => {
    const body = { kb_id: id, query: "什么是不可抗力条款？" };
    const answer = await read(await user.post("/api/rag/retrieve", body));
    expect(answer).toMatchObject({ success: true, message: "检索成功" });
    expect((await retrieve(user, id, "什么是不可抗力条款？"))[0]).toEqual({
      content: expect.stringContaining("不可抗力条款免除当事人的责任。"),
      score: expect.any(Number),
      doc_id: expect.stringMatching(uuidV7),
      doc_name: "0.md",
      chunk_id: expect.stringMatching(uuidV7),
      chunk_index: 0,
      heading: "合同",
    });
  });

  test("finds two-character words and English ones, with scores that fall from at most 1", async () => {
    for (const [query, name] of [
      ["苹果", "1.md"],
      ["香蕉", "1.md"],
      ["apples", "2.md"],
      ["责任", "0.md"],
    ] as const) {
      const results = await retrieve(user, id, query);
      expect([query, results[0]?.doc_name]).toEqual([query, name]);
      const scores = results.map(({ score }) => score);
      expect(scores).toEqual(scores.toSorted((a, b) => b - a));
      for (const score of scores) {
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(1);
      }
    }
  });

  test("brings as many as are asked for", async () => {
    expect(await retrieve(user, id, "苹果", { top_k: 1 })).toHaveLength(1);
    expect(await retrieve(user, id, "苹果", { top_k: 50 })).toHaveLength(3);
  });

  test.each([
    ["kb_id", { kb_id: "x" }],
    ["query", { query: "" }],
    ["query", { query: " \n\u3000" }],
    ["query", { query: "x".repeat(10_001) }],
    ["query", { query: "x".repeat(1_000_000) }],
    ["query", { query: 5 }],
    ["top_k", { top_k: 0 }],
    ["top_k", { top_k: 51 }],
    ["top_k", { top_k: 1.5 }],
    ["top_k", { top_k: "5" }],
    ["top_k", { top_k: "x" }],
  ])("names the field %s at fault", async (field, wrong) => {
    const body = { kb_id: id, query: "苹果", ...wrong };
    const response = await user.post("/api/rag/retrieve", body, english);
    const fault = await expectFault(response, 400, "invalid_field");
    expect(fault.error).toStartWith(`Invalid field ${field}: `);
  });

  test.each(['"', "a*", "NEAR(a b)", "a OR", "^a", "{a}", "\u0000", "😀", "\ud800", "'; --", "的"])(
    "takes any question: %j",
    async (query) => {
      expect(Array.isArray(await retrieve(user, id, query))).toBe(true);
    },
  );

  test("of an empty knowledge base brings nothing", async () => {
    expect(await retrieve(user, await createKnowledgeBase(user), "苹果")).toEqual([]);
  });
});

describe("a knowledge base with a provider's embeddings", () => {
  test("is filled and searched through the provider", async () => {
    const id = await createKnowledgeBase(user, { embedding_model: "scripted-embedding" });
    const before = app.upstream.requests.length;
    await read(await upload(user, id, "a.txt", "苹果"));
    expect((await retrieve(user, id, "苹果"))[0]).toMatchObject({ content: "苹果" });
    const asked = app.upstream.requests.slice(before);
    expect(asked.map(({ path }) => path)).toEqual(["/embeddings", "/embeddings"]);
    expect(asked[1]?.body).toMatchObject({ model: "e", input: ["苹果"] });
  });

  test("embeds the same text once", async () => {
    const id = await createKnowledgeBase(user, { embedding_model: "scripted-embedding" });
    const other = await createKnowledgeBase(user, { embedding_model: "scripted-embedding" });
    await read(await upload(user, id, "twice.txt", "香蕉"));
    const before = app.upstream.requests.length;
    await read(await upload(user, other, "twice.txt", "香蕉"));
    expect(app.upstream.requests.length).toBe(before);
  });

  test("passes the provider's fault on and keeps the failed document in the list", async () => {
    const id = await createKnowledgeBase(user, { embedding_model: "scripted-embedding" });
    const broken = refuse(400, { error: { message: "input is too strange" } });
    app.upstream.scriptPath("/embeddings", broken);
    const response = await upload(user, id, "strange.txt", "奇怪的文本");
    const fault = await expectFault(response, 502, "provider_failed");
    expect(fault.error).toContain("input is too strange");
    expect(await listDocuments(user, id)).toMatchObject([
      { doc_name: "strange.txt", status: "failed", error: fault.error, chunk_count: 0 },
    ]);
    app.upstream.scriptPath("/embeddings", broken);
    const search = await user.post("/api/rag/retrieve", { kb_id: id, query: "奇怪" });
    await expectFault(search, 502, "provider_failed");
  });

  test("says which key is missing", async () => {
    const id = await createKnowledgeBase(user, { embedding_model: "zhipu-embedding-3" });
    for (const response of [
      await upload(user, id, "a.txt", "苹果"),
      await user.post("/api/rag/retrieve", { kb_id: id, query: "苹果" }),
    ]) {
      const fault = await expectFault(response, 400, "missing_api_key");
      expect(fault.error).toContain("zhipu");
    }
    expect(await listDocuments(user, id)).toMatchObject([{ status: "failed", chunk_count: 0 }]);
  });
});
