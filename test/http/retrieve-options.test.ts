import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Caller, startApp, type TestApp } from "../harness.ts";
import { refuse } from "../upstream-scripts.ts";
import { expectFault } from "./expect-fault.ts";
import { createKnowledgeBase, type Result, read, retrieve, upload } from "./knowing.ts";

interface Stage {
  readonly rank: number;
  readonly score: number;
}

interface Answer {
  readonly results: readonly (Result & { readonly explain?: Record<string, Stage> })[];
  readonly warnings?: readonly { readonly code: string; readonly message: string }[];
}

const contents = (results: readonly Result[]) => results.map(({ content }) => content);

async function openKnowledgeBase(user: Caller, files: Record<string, string>): Promise<string> {
  const id = await createKnowledgeBase(user, { embedding_model: "builtin" });
  for (const [name, content] of Object.entries(files)) {
    await read(await upload(user, id, name, content));
  }
  return id;
}

async function ask(user: Caller, id: string, query: string, settings = {}): Promise<Answer> {
  return read(await user.post("/api/rag/retrieve", { kb_id: id, query, ...settings }));
}

const fruits = {
  "a.txt": "苹果是一种常见的水果",
  "b.txt": "香蕉生长在热带",
  "c.txt": "苹果公司发布了新的手机",
};

describe("without a reranker", () => {
  let server: TestApp;
  let user: Caller;
  let kb: string;

  beforeAll(async () => {
    server = await startApp();
    user = await server.signUp();
    kb = await openKnowledgeBase(user, fruits);
  });
  afterAll(() => server.close());

  test("searches by words, by meaning, or by both", async () => {
    const byWords = await ask(user, kb, "苹果 水果", { mode: "keyword", explain: true });
    expect(contents(byWords.results)).toEqual([fruits["a.txt"], fruits["c.txt"]]);
    expect(Object.keys(byWords.results[0]?.explain ?? {}).sort()).toEqual([
      "fused",
      "keyword",
      "loose",
    ]);
    const byVectors = await ask(user, kb, "苹果 水果", { mode: "vector", explain: true });
    expect(byVectors.results).toHaveLength(3);
    for (const [at, { score, explain }] of byVectors.results.entries()) {
      expect(explain).toMatchObject({ vector: { rank: at + 1 }, fused: { rank: at + 1, score } });
      expect(score).toBeCloseTo(Math.max(0, explain?.vector?.score ?? Number.NaN), 6);
    }
    const both = await ask(user, kb, "苹果 水果", { explain: true });
    expect(Object.keys(both.results[0]?.explain ?? {}).sort()).toEqual([
      "fused",
      "keyword",
      "loose",
      "vector",
    ]);
    expect((await ask(user, kb, "苹果")).results[0]).not.toHaveProperty("explain");
  });

  test("weighs the vectors as it is told", async () => {
    const words = await ask(user, kb, "苹果 水果", { weight: 0, explain: true });
    const vectors = await ask(user, kb, "苹果 水果", { weight: 1, explain: true });
    for (const { score, explain } of vectors.results) {
      expect(score).toBeCloseTo(Math.max(0, explain?.vector?.score ?? Number.NaN), 6);
    }
    expect(words.results.map(({ score }) => score)).not.toEqual(
      vectors.results.map(({ score }) => score),
    );
  });

  test("leaves out what scores less than asked for", async () => {
    const all = await ask(user, kb, "苹果 水果");
    const [best, second] = all.results.map(({ score }) => score);
    expect(best).toBeGreaterThan(second ?? 1);
    const some = await ask(user, kb, "苹果 水果", { min_score: best });
    expect(some.results).toEqual(all.results.slice(0, 1));
    expect((await ask(user, kb, "苹果 水果", { min_score: 1, mode: "vector" })).results).toEqual(
      [],
    );
  });

  test("gives a text that several documents repeat once", async () => {
    const text = "违约金按照未付金额的万分之五计算，自逾期之日起至付清之日止。";
    const id = await openKnowledgeBase(user, {
      "one.txt": text,
      "two.txt": `${text.replace("，", " , ")}\n`,
      "three.txt": text.replace("万分之五", "10%"),
    });
    const { results } = await ask(user, id, "违约金怎么计算");
    expect(results).toHaveLength(2);
    expect(contents(results)).toContain(text.replace("万分之五", "10%"));
  });

  test("joins the neighbours of a passage, each once, and none of another document", async () => {
    const parts = Array.from(
      { length: 5 },
      (_, at) =>
        `# 第${"一二三四五"[at]}章\n\n${`这是第${"甲乙丙丁戊"[at]}部分的内容。`.repeat(30)}`,
    );
    const id = await openKnowledgeBase(user, { "book.md": parts.join("\n\n"), ...fruits });
    const alone = await ask(user, id, "丙部分", { top_k: 1 });
    const [hit] = alone.results;
    expect(hit?.content).toContain("丙部分");
    expect(hit?.content).not.toContain("乙部分");
    const joined = await ask(user, id, "丙部分", { top_k: 1, expand: 1 });
    const content = joined.results[0]?.content ?? "";
    expect(joined.results[0]).toEqual({ ...hit, content } as Result);
    expect([..."甲乙丙丁戊"].filter((name) => content.includes(`${name}部分`))).toEqual([
      "乙",
      "丙",
      "丁",
    ]);
    const all = await ask(user, id, "甲部分 乙部分 丙部分 丁部分 戊部分", {
      top_k: 50,
      expand: 3,
      mode: "keyword",
    });
    const told = contents(all.results).join("\n");
    for (const name of "甲乙丙丁戊") expect(told.split(`${name}部分的内容`)).toHaveLength(31);
    expect(await retrieve(user, id, "香蕉", { top_k: 1, expand: 1 })).toMatchObject([
      { content: fruits["b.txt"] },
    ]);
  });

  test.each([
    ["mode", "words"],
    ["min_score", 1.5],
    ["min_score", "high"],
    ["weight", -0.1],
    ["expand", 4],
    ["expand", 0.5],
    ["explain", "yes"],
  ])("refuses %s %j", async (field, value) => {
    const response = await user.post("/api/rag/retrieve", {
      kb_id: kb,
      query: "苹果",
      [field]: value,
    });
    await expectFault(response, 400, "invalid_field");
  });
});

test("needs no embedding model to search by words", async () => {
  await using stack = new AsyncDisposableStack();
  const server = await startApp({
    RAG_EMBEDDING_MODELS: JSON.stringify([
      { name: "scripted", provider: "scripted", model: "embed", dimensions: 8 },
    ]),
  });
  stack.defer(() => server.close());
  const user = await server.signUp();
  const id = await createKnowledgeBase(user, { embedding_model: "scripted" });
  await read(await upload(user, id, "a.txt", fruits["a.txt"]));
  const before = server.upstream.requests.length;
  expect(await retrieve(user, id, "苹果", { mode: "keyword" })).toHaveLength(1);
  expect(server.upstream.requests.length).toBe(before);
});

describe("with a reranker", () => {
  let server: TestApp;
  let user: Caller;
  let kb: string;

  beforeAll(async () => {
    server = await startApp({
      RAG_RERANKER_PROVIDER: "scripted",
      RAG_RERANKER_MODEL: "rerank-1",
      RAG_RERANKER_CANDIDATES: "2",
    });
    user = await server.signUp();
    kb = await openKnowledgeBase(user, fruits);
  });
  afterAll(() => server.close());

  const scored = (...scores: number[]) =>
    refuse(200, { results: scores.map((relevance_score, index) => ({ index, relevance_score })) });

  test("puts the best of the search in its order", async () => {
    const plain = await ask(user, kb, "苹果 水果", { explain: true });
    server.upstream.scriptPath("/rerank", scored(0.2, 0.7));
    const answer = await ask(user, kb, "苹果 水果", { top_k: 1, explain: true });
    expect(answer).not.toHaveProperty("warnings");
    expect(answer.results).toHaveLength(1);
    expect(answer.results[0]).toMatchObject({
      score: 0.7,
      explain: { fused: { rank: 2 }, rerank: { rank: 1, score: 0.7 } },
    });
    expect(plain.results.map(({ content }) => content)).toContain(answer.results[0]?.content ?? "");
    expect(server.upstream.requests.at(-1)?.body).toMatchObject({ query: "苹果 水果", top_n: 2 });
  });

  test("keeps the order of the search where it fails, and says so", async () => {
    const byWords = { mode: "keyword", min_score: 0 };
    server.upstream.scriptPath("/rerank", refuse(400, { error: { message: "broken" } }));
    const answer = await ask(user, kb, "苹果 水果", byWords);
    expect(contents(answer.results)).toEqual([fruits["a.txt"], fruits["c.txt"]]);
    expect(answer.warnings).toMatchObject([{ code: "reranking_failed" }]);
    expect(answer.warnings?.[0]?.message).toContain("broken");
  });
});
