import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { EmbeddingModelConfig } from "../../src/config/schema.ts";
import type { EmbeddingProvider } from "../../src/providers/embedding/index.ts";
import { createEmbeddingModels } from "../../src/providers/embedding/models.ts";
import { startUpstream, type Upstream } from "../upstream.ts";
import {
  answer,
  type EmbeddingsOptions,
  embeddingOf,
  embeddings,
  hangBeforeHeaders,
  refuse,
} from "../upstream-scripts.ts";
import { ManualClock } from "./manual-clock.ts";
import { configWith, providerAt } from "./settings.ts";

const never = new AbortController().signal;
const builtin: EmbeddingProvider = {
  name: "builtin",
  dimensions: 4,
  batchSize: 1,
  embed: async (texts) => texts.map(() => Float32Array.of(1, 0, 0, 0)),
};
const model: EmbeddingModelConfig = {
  name: "scripted-embedding",
  provider: "scripted",
  model: "embedding-1",
  dimensions: 8,
  sendDimensions: false,
  batchSize: 3,
  maxInputTokens: 16,
  maxConcurrent: 2,
  queryInstruction: "",
  documentInstruction: "",
};

let upstream: Upstream;
let clock: ManualClock;

beforeEach(async () => {
  upstream = await startUpstream();
  clock = new ManualClock();
});
afterEach(() => upstream.close());

function models(overrides: Partial<EmbeddingModelConfig> = {}, apiKey = "sk-scripted-0123456789") {
  const config = configWith([providerAt(upstream.url, { apiKey })]);
  const rag = { ...config.rag, embeddingModels: [{ ...model, ...overrides }] };
  return createEmbeddingModels({ ...config, rag }, builtin, clock);
}

const embed = (
  texts: readonly string[],
  overrides: Partial<EmbeddingModelConfig> = {},
  signal = never,
) => models(overrides).get("scripted-embedding").embed(texts, "document", signal);

function unit(text: string): number[] {
  const vector = embeddingOf(text, 8);
  const length = Math.hypot(...vector);
  return vector.map((value) => Math.fround(value / length));
}

const script = (options: EmbeddingsOptions) =>
  upstream.scriptPath("/embeddings", embeddings(options));

describe("createEmbeddingModels", () => {
  test("offers the configured models in order, then builtin", () => {
    const config = configWith([]);
    const { providers } = configWith([providerAt("http://x", { name: "zhipu" })]).llm;
    const offered = createEmbeddingModels(
      { ...config, llm: { ...config.llm, providers } },
      builtin,
    );
    expect(offered.names).toEqual(["zhipu-embedding-3", "zhipu-embedding-2", "builtin"]);
    expect(offered.get("builtin")).toBe(builtin);
    expect(offered.get("zhipu-embedding-3")).toMatchObject({ dimensions: 2048, batchSize: 64 });
  });

  test("knows no other model", () => {
    let error: unknown;
    try {
      models().get("constructor");
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({
      code: "unknown_embedding_model",
      parameters: { model: "constructor" },
    });
  });

  test("refuses a model whose provider does not exist", () => {
    expect(() => models({ provider: "nobody" })).toThrow("nobody");
  });
});

describe("a provider's embedding model", () => {
  test("embeds in batches and keeps the order", async () => {
    const texts = ["a", "bb", "你好", "d", "ee", "f", "g"];
    for (const options of [{}, { reversed: true }, { base64: true }]) {
      script(options);
      script(options);
      script(options);
      const vectors = await embed(texts);
      expect(vectors.map((vector) => Array.from(vector))).toEqual(texts.map(unit));
    }
    expect(upstream.requests.slice(0, 3).map(({ body }) => body)).toEqual([
      { model: "embedding-1", input: ["a", "bb", "你好"] },
      { model: "embedding-1", input: ["d", "ee", "f"] },
      { model: "embedding-1", input: ["g"] },
    ]);
    expect(upstream.requests[0]?.headers.authorization).toBe("Bearer sk-scripted-0123456789");
  });

  test("asks for dimensions where the model takes them, and cuts what is too long", async () => {
    await embed(["不".repeat(17), "a".repeat(65)], { sendDimensions: true });
    expect(upstream.requests[0]?.body).toEqual({
      model: "embedding-1",
      input: ["不".repeat(16), "a".repeat(64)],
      dimensions: 8,
    });
  });

  test("puts the model's instruction in front, for questions and documents each", async () => {
    const instructed = models({ queryInstruction: "问：", documentInstruction: "passage: " });
    const provider = instructed.get("scripted-embedding");
    const [question] = await provider.embed(["a"], "query", never);
    const [document] = await provider.embed(["b".repeat(99)], "document", never);
    expect(upstream.requests.map(({ body }) => body)).toMatchObject([
      { input: ["问：a"] },
      // What is too long is cut with the instruction, which stays whole.
      { input: [`passage: ${"b".repeat(54)}`] },
    ]);
    expect([...(question ?? [])]).toEqual(unit("问：a"));
    expect(document).toHaveLength(8);
  });

  test("says what else decides about a document's vector", () => {
    const variantOf = (overrides: Partial<EmbeddingModelConfig>) =>
      models(overrides).get("scripted-embedding").variant;
    const variants = [
      variantOf({}),
      variantOf({ model: "embedding-2" }),
      variantOf({ documentInstruction: "passage: " }),
    ];
    expect(new Set(variants).size).toBe(3);
    expect(variantOf({ queryInstruction: "query: " })).toBe(variants[0]);
  });

  test("has no more requests under way than it may, and lets questions in between", async () => {
    const gates = Array.from({ length: 3 }, () => Promise.withResolvers<void>());
    for (const { promise } of gates) script({ gate: promise });
    const provider = models().get("scripted-embedding");
    const documents = ["1", "2", "3", "4"].map((text) => provider.embed([text], "document", never));
    await upstream.nextRequest();
    await upstream.nextRequest();
    const question = provider.embed(["q"], "query", never);
    gates[0]?.resolve();
    expect((await upstream.nextRequest()).body).toMatchObject({ input: ["3"] });
    expect(upstream.requests).toHaveLength(3);
    gates[1]?.resolve();
    expect((await upstream.nextRequest()).body).toMatchObject({ input: ["q"] });
    gates[2]?.resolve();
    await Promise.all([...documents, question]);
    expect(clock.pending).toBe(0);
  });

  test("embeds nothing without a request", async () => {
    expect(await embed([])).toEqual([]);
    expect(upstream.requests).toHaveLength(0);
  });

  test("refuses an unusable answer in words", async () => {
    const cases: [EmbeddingsOptions, string][] = [
      [{ dimensions: 5 }, "its embeddings have 5 dimensions, the configuration says 8"],
      [{ count: 1 }, "1 embeddings came for 2 texts"],
      [{ count: 3 }, "3 embeddings came for 2 texts"],
      [{ first: null }, "an embedding holds something else than finite numbers"],
    ];
    for (const [options, message] of cases) {
      script(options);
      expect(await embed(["a", "b"]).catch((error: unknown) => error)).toMatchObject({
        code: "provider_failed",
        parameters: { provider: "scripted", message },
      });
      expect(clock.pending).toBe(0);
    }
  });

  test("bounds the answer that it reads", async () => {
    upstream.scriptPath("/embeddings", answer([{ raw: "x".repeat(1_100_000) }], { end: "hang" }));
    expect(await embed(["a"]).catch((error: unknown) => error)).toMatchObject({
      code: "provider_failed",
    });
    await upstream.requests[0]?.aborted;
  });

  test("says which key is missing", async () => {
    const keyless = models({}, "").get("scripted-embedding");
    expect(
      await keyless.embed(["a"], "query", never).catch((error: unknown) => error),
    ).toMatchObject({
      code: "missing_api_key",
      parameters: { provider: "scripted", key: "llm.providers[scripted].api_key" },
    });
  });

  test("tries again what a pause may mend, and passes on the rest", async () => {
    upstream.scriptPath("/embeddings", refuse(500, {}), embeddings(), refuse(400, { error: "no" }));
    const vectors = embed(["a"]);
    await clock.until((delays) => delays.length === 3);
    clock.advance(20_000);
    expect((await vectors).length).toBe(1);
    expect(await embed(["a"]).catch((error: unknown) => error)).toMatchObject({
      code: "provider_failed",
      parameters: { status: 400, message: "no" },
    });
    expect(clock.pending).toBe(0);
  });

  test("ends in time, before the headers and after them", async () => {
    const open = answer([], { end: "hang", contentType: "application/json" });
    for (const hang of [hangBeforeHeaders, open]) {
      upstream.scriptPath("/embeddings", hang);
      const vectors = embed(["a"]).catch((error: unknown) => error);
      const request = await upstream.nextRequest();
      clock.advance(60_000);
      expect(await vectors).toMatchObject({ code: "provider_timeout" });
      await request.aborted;
      expect(clock.pending).toBe(0);
    }
  });

  test("ends with the caller's reason", async () => {
    const gate = Promise.withResolvers<void>();
    script({ gate: gate.promise });
    const controller = new AbortController();
    const vectors = embed(["a"], {}, controller.signal).catch((error: unknown) => error);
    const request = await upstream.nextRequest();
    controller.abort("gone");
    expect(await vectors).toBe("gone");
    await request.aborted;
    gate.resolve();
    const early = embed([], {}, AbortSignal.abort("early"));
    expect(await early.catch((error: unknown) => error)).toBe("early");
  });
});
