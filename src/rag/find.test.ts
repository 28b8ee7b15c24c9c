import { describe, expect, test } from "bun:test";
import { AppError } from "../errors.ts";
import type { RankedDocument } from "../providers/rerank/index.ts";
import { createFinder, type FindRequest } from "./find.ts";
import type { Hit, RetrieveRequest } from "./retrieve.ts";

const hit = (chunk: number, score: number): Hit => ({
  chunk,
  chunkId: `chunk-${chunk}`,
  chunkIndex: chunk,
  content: `content ${chunk}`,
  headings: ["heading"],
  page: null,
  documentId: "document",
  documentName: "name.txt",
  score,
  stages: { fused: { rank: chunk, score } },
});

const request: FindRequest = {
  knowledgeBaseId: "kb",
  query: "question",
  mode: "hybrid",
  vector: new Float32Array(2),
  vectorWeight: 0.5,
  topK: 2,
  minScore: 0,
  expand: 0,
};

const never = new AbortController().signal;

function finder(
  rank?: (documents: readonly string[], signal: AbortSignal) => Promise<RankedDocument[]>,
) {
  const asked: RetrieveRequest[] = [];
  const find = createFinder({
    searcher: {
      retrieve: async (wanted) => {
        asked.push(wanted);
        return [hit(1, 0.9), hit(2, 0.5), hit(3, 0.1)];
      },
      expand: async (chunks) => chunks.map((chunk) => (chunk === 2 ? undefined : `more ${chunk}`)),
    },
    reranker:
      rank === undefined
        ? undefined
        : { model: "m", rank: (_, documents, signal) => rank(documents, signal) },
    candidates: 50,
  });
  return { find, asked };
}

const scores = (hits: readonly Hit[] | undefined) =>
  hits?.map(({ chunk, score }) => [chunk, score]);

test("asks for no more than is wanted where nothing reranks", async () => {
  const { find, asked } = finder();
  const found = await find(request, never);
  expect(scores(found?.hits)).toEqual([
    [1, 0.9],
    [2, 0.5],
  ]);
  expect(asked[0]?.count).toBe(2);
});

test("leaves out low scores, and joins neighbours to the rest", async () => {
  const { find } = finder();
  const found = await find({ ...request, topK: 3, minScore: 0.5, expand: 1 }, never);
  expect(found?.hits.map(({ content }) => content)).toEqual(["more 1", "content 2"]);
});

describe("a reranker", () => {
  test("sees the best of the search with name and headings, and decides", async () => {
    let seen: readonly string[] = [];
    const { find, asked } = finder(async (documents) => {
      seen = documents;
      return [
        { index: 2, score: 0.8 },
        { index: 0, score: 0.3 },
      ];
    });
    const found = await find({ ...request, topK: 3 }, never);
    expect(asked[0]?.count).toBe(50);
    expect(seen[0]).toBe("name.txt\nheading\ncontent 1");
    expect(scores(found?.hits)).toEqual([
      [3, 0.8],
      [1, 0.3],
      [2, 0.3],
    ]);
    expect(found?.hits[0]?.stages).toEqual({
      fused: { rank: 3, score: 0.1 },
      rerank: { rank: 1, score: 0.8 },
    });
    expect(found?.rerankingFailure).toBeUndefined();
  });

  test("may have a scale of its own", async () => {
    const { find } = finder(async () => [
      { index: 1, score: 3 },
      { index: 0, score: 0 },
      { index: 2, score: -3 },
    ]);
    const found = await find({ ...request, topK: 3 }, never);
    const [first = 0, second = 0, third = 0] = found?.hits.map(({ score }) => score) ?? [];
    expect(first).toBeCloseTo(0.9526, 3);
    expect(second).toBe(0.5);
    expect(third).toBeCloseTo(0.0474, 3);
  });

  test("that fails leaves the order of the search", async () => {
    const failure = new AppError("provider_timeout", { provider: "p" });
    const { find } = finder(async () => {
      throw failure;
    });
    const found = await find(request, never);
    expect(found?.hits.map(({ chunk }) => chunk)).toEqual([1, 2]);
    expect(found?.rerankingFailure).toBe(failure);
  });

  test("is no excuse where the caller has left", async () => {
    const caller = new AbortController();
    const { find } = finder(async (_, signal) => {
      caller.abort(new Error("left"));
      signal.throwIfAborted();
      return [];
    });
    expect(find(request, caller.signal)).rejects.toThrow("left");
  });
});
