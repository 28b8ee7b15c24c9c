import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Config } from "../../src/config/schema.ts";
import { createReranker } from "../../src/providers/rerank/cohere.ts";
import { type Script, startUpstream, type Upstream } from "../upstream.ts";
import {
  answer,
  hangBeforeHeaders,
  refuse,
  relevanceOf,
  rerank,
  unpaidBill,
} from "../upstream-scripts.ts";
import { ManualClock } from "./manual-clock.ts";
import { configWith, providerAt } from "./settings.ts";

const never = new AbortController().signal;

let upstream: Upstream;
let clock: ManualClock;

beforeEach(async () => {
  upstream = await startUpstream();
  clock = new ManualClock();
});
afterEach(() => upstream.close());

function reranker(settings: Partial<Config["rag"]["reranker"]> = {}, apiKey = "sk-scripted-01234") {
  const config = configWith([providerAt(upstream.url, { apiKey })]);
  const named = { ...config.rag.reranker, provider: "scripted", model: "rerank-1", ...settings };
  const created = createReranker({ ...config, rag: { ...config.rag, reranker: named } }, clock);
  if (created === undefined) throw new Error("no reranker");
  return created;
}

const rank = (documents: readonly string[], settings = {}, signal = never) =>
  reranker(settings).rank("不可抗力", documents, signal);

const failureOf = (ranked: Promise<unknown>) => ranked.catch((error: unknown) => error);

const results = (...items: unknown[]): Script => refuse(200, { results: items });
const result = (index: unknown, score: unknown = 0.5) => ({ index, relevance_score: score });

test("there is none where the configuration names none", () => {
  const config = configWith([providerAt(upstream.url)]);
  expect(createReranker(config)).toBeUndefined();
  const wrong = { ...config.rag.reranker, provider: "nobody", model: "m" };
  expect(() => createReranker({ ...config, rag: { ...config.rag, reranker: wrong } })).toThrow(
    "nobody",
  );
});

describe("a reranker", () => {
  test("puts documents in order, the best first", async () => {
    const documents = ["付款", "不可抗力是指", "不可能", "抗力"];
    expect(await rank(documents)).toEqual(
      [1, 2, 3, 0].map((index) => ({
        index,
        score: relevanceOf("不可抗力", documents[index] ?? ""),
      })),
    );
    expect(upstream.requests).toMatchObject([
      {
        path: "/rerank",
        body: { model: "rerank-1", query: "不可抗力", documents, top_n: 4 },
        headers: { authorization: "Bearer sk-scripted-01234" },
      },
    ]);
    expect(clock.pending).toBe(0);
  });

  test("leaves equal ones as they were, and takes any order and scale", async () => {
    upstream.scriptPath("/rerank", results(result(2, -1), result(0, -1), result(1, 8.5)));
    expect(await rank(["a", "b", "c"])).toEqual([
      { index: 1, score: 8.5 },
      { index: 0, score: -1 },
      { index: 2, score: -1 },
    ]);
    upstream.scriptPath("/rerank", results(result(1)));
    expect(await rank(["a", "b"])).toEqual([{ index: 1, score: 0.5 }]);
  });

  test("asks nothing about nothing", async () => {
    expect(await rank([])).toEqual([]);
    expect(upstream.requests).toHaveLength(0);
  });

  test("sends no more documents at once, and no longer ones, than it may", async () => {
    const documents = ["付款", "不可抗力", `不${"x".repeat(62)}😀`, "力", "可抗"];
    const ranked = await rank(documents, { maxDocuments: 2, maxCharacters: 64 });
    expect(ranked.map(({ index }) => index)).toEqual([1, 4, 2, 3, 0]);
    const sent = upstream.requests.map(({ body }) => body).toSorted(byFirstDocument);
    expect(sent).toMatchObject([
      { documents: [`不${"x".repeat(62)}`, "力"], top_n: 2 },
      { documents: ["付款", "不可抗力"], top_n: 2 },
      { documents: ["可抗"], top_n: 1 },
    ]);
  });

  test("refuses an unusable answer in words", async () => {
    const cases: [Script, string][] = [
      [refuse(200, "<html>"), "the answer is not JSON"],
      [refuse(200, { results: [] }), "no results in the answer"],
      [refuse(200, { error: { message: "overloaded" } }), "overloaded"],
      [results(result(2)), "a result has the index 2 among 2"],
      [results(result("0")), 'a result has the index "0" among 2'],
      [results(result(0), result(0)), "two results have the index 0"],
      [results(result(0, null)), "a result has no relevance_score"],
    ];
    for (const [script, message] of cases) {
      upstream.scriptPath("/rerank", script);
      expect(await failureOf(rank(["a", "b"]))).toMatchObject({
        code: "provider_failed",
        parameters: { provider: "scripted", message },
      });
      expect(clock.pending).toBe(0);
    }
  });

  test("bounds the answer that it reads", async () => {
    upstream.scriptPath("/rerank", answer([{ raw: "x".repeat(1_100_000) }], { end: "hang" }));
    expect(await failureOf(rank(["a"]))).toMatchObject({ code: "provider_failed" });
    await upstream.requests[0]?.aborted;
  });

  test("passes refusals on, and says which key is missing", async () => {
    upstream.scriptPath("/rerank", unpaidBill);
    expect(await failureOf(rank(["a"]))).toMatchObject({
      code: "provider_failed",
      parameters: { status: 429 },
    });
    const keyless = reranker({}, "").rank("q", ["a"], never);
    expect(await failureOf(keyless)).toMatchObject({ code: "missing_api_key" });
  });

  test("is late after its time, before the headers and after them", async () => {
    const open = answer([], { end: "hang", contentType: "application/json" });
    for (const hang of [hangBeforeHeaders, open]) {
      upstream.scriptPath("/rerank", hang);
      const ranked = failureOf(rank(["a"]));
      const request = await upstream.nextRequest();
      clock.advance(2000);
      expect(await ranked).toMatchObject({ code: "provider_timeout" });
      await request.aborted;
    }
  });

  test("lets the other requests go when one fails", async () => {
    upstream.scriptPath("/rerank", hangBeforeHeaders, hangBeforeHeaders);
    upstream.otherwise(refuse(400, {}), "/rerank");
    const ranked = failureOf(rank(["a", "b", "c"], { maxDocuments: 1 }));
    expect(await ranked).toMatchObject({ parameters: { status: 400 } });
    const hanging = upstream.requests.slice(0, 2);
    await Promise.all(hanging.map(({ aborted }) => aborted));
    expect(clock.pending).toBe(0);
  });

  test("ends with the caller's reason", async () => {
    const gate = Promise.withResolvers<void>();
    upstream.scriptPath("/rerank", rerank(gate.promise));
    const controller = new AbortController();
    const ranked = failureOf(rank(["a"], {}, controller.signal));
    const request = await upstream.nextRequest();
    controller.abort("gone");
    expect(await ranked).toBe("gone");
    await request.aborted;
    gate.resolve();
    expect(await failureOf(rank([], {}, AbortSignal.abort("early")))).toBe("early");
  });
});

function byFirstDocument(a: unknown, b: unknown): number {
  return JSON.stringify(a).localeCompare(JSON.stringify(b));
}
