import { describe, expect, test } from "bun:test";
import { readEmbeddings } from "./openai-vectors.ts";

const read = (answer: unknown, count = 1, dimensions = 2) =>
  readEmbeddings(JSON.stringify(answer), { count, dimensions, apiKey: "sk-secret-key-1" });

describe("readEmbeddings", () => {
  test("gives vectors of unit length in the order of the inputs", () => {
    const data = [
      { index: 1, embedding: [0, 0.5] },
      { index: 0, embedding: [3, 4] },
    ];
    expect(read({ data }, 2)).toEqual([Float32Array.of(0.6, 0.8), Float32Array.of(0, 1)]);
  });

  test("takes the order of arrival where the index is missing, and base64", () => {
    const base64 = Buffer.from(new Uint8Array(Float32Array.of(0, -2).buffer)).toString("base64");
    expect(read({ data: [{ embedding: [1, 0] }, { embedding: base64 }] }, 2)).toEqual([
      Float32Array.of(1, 0),
      Float32Array.of(0, -1),
    ]);
  });

  test("keeps the direction of very long and very short vectors", () => {
    for (const scale of [1e-150, 1e30, 1e150]) {
      const [vector] = read({ data: [{ embedding: [3 * scale, 4 * scale] }] });
      expect(vector?.[0]).toBeCloseTo(0.6, 6);
      expect(vector?.[1]).toBeCloseTo(0.8, 6);
    }
  });

  test("refuses in words what is not what was asked for", () => {
    const good = { index: 0, embedding: [1, 0] };
    const cases: [unknown, string][] = [
      [{ data: [] }, "0 embeddings came for 1 texts"],
      [{ data: [good, good] }, "2 embeddings came for 1 texts"],
      [{ data: [{ embedding: [1, 0, 0] }] }, "3 dimensions, the configuration says 2"],
      [{ data: [{ embedding: "AAAAAA==" }] }, "1 dimensions"],
      [{ data: [{ index: 1, embedding: [1, 0] }] }, "index 1 among 1"],
      [{ data: [{ index: 0.5, embedding: [1, 0] }] }, "index 0.5"],
      [{ data: [{ index: "0", embedding: [1, 0] }] }, 'index "0"'],
      [{ data: [{ embedding: [1, null] }] }, "finite numbers"],
      [{ data: [{ embedding: [1, "2"] }] }, "finite numbers"],
      [{ data: [{ embedding: [0, 0] }] }, "no direction"],
      [{ data: [{ embedding: [1e308, 1e308] }] }, "no direction"],
      [{ data: [{ embedding: null }] }, "not a list"],
      [{ data: [null] }, "not a list"],
      [{ data: null }, "no embeddings"],
      [[1], "no embeddings"],
      [{ error: { message: "busy, sk-secret-key-1" } }, "busy, [redacted]"],
    ];
    for (const [answer, message] of cases) expect(() => read(answer)).toThrow(message);
    expect(() => read({ data: [good, good] }, 2)).toThrow("two embeddings have the index 0");
    const expected = { count: 1, dimensions: 2, apiKey: "" };
    expect(() => readEmbeddings("<html>", expected)).toThrow("not JSON");
    const infinite = '{"data":[{"embedding":[1,1e999]}]}';
    expect(() => readEmbeddings(infinite, expected)).toThrow("finite numbers");
  });
});
