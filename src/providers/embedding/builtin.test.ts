import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { createBuiltinEmbedding, embedBuiltin } from "./builtin.ts";

const cosine = (a: string, b: string) => {
  const [first, second] = [embedBuiltin(a), embedBuiltin(b)];
  return first.reduce((sum, value, i) => sum + value * (second[i] ?? 0), 0);
};

describe("the builtin embedding", () => {
  test("has 1,024 dimensions and unit length for any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
        const vector = embedBuiltin(text);
        expect(vector.length).toBe(1024);
        expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
      }),
    );
  });

  test("never changes: vectors in a database stay comparable", () => {
    const vector = embedBuiltin("知识库 retrieval 2026");
    const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
    expect(Bun.hash.crc32(bytes)).toBe(3_354_021_270);
  });

  test("gives the first unit vector for a text that says nothing", () => {
    const first = Float32Array.from({ length: 1024 }, (_, i) => (i === 0 ? 1 : 0));
    expect(embedBuiltin("")).toEqual(first);
    expect(embedBuiltin("😀 !? \0")).toEqual(first);
  });

  test.each([
    ["北京的首都", "中国首都北京很大", "今天的天气不错"],
    ["database migrations", "migrating a database", "a walk in the park"],
    ["漢語語法", "汉语语法", "日语词汇"],
    ["Bibliotheken", "die Bibliothek", "der Bahnhof"],
    ["библиотеками", "библиотека", "поезд"],
  ])("puts %p nearer to %p than to %p", (question, near, far) => {
    expect(cosine(question, near)).toBeGreaterThan(cosine(question, far) + 0.1);
  });

  test("embeds in order, and stops when it is aborted", async () => {
    const model = createBuiltinEmbedding();
    const signal = new AbortController().signal;
    const texts = ["one", "two", "three"];
    expect(await model.embed(texts, "document", signal)).toEqual(texts.map(embedBuiltin));
    expect(await model.embed(texts, "query", signal)).toEqual(texts.map(embedBuiltin));
    const reason = new Error("gone");
    expect(model.embed(texts, "document", AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
