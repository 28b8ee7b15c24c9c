import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import wabt from "wabt";
import { CodeTable } from "./code-table.ts";
import { scanBytes } from "./scan.ts";
import { estimateError, SignCoder } from "./sign-code.ts";

/** Vectors of unit length that are the same at every run. */
function vectors(count: number, dimensions: number, seed: number): Float32Array[] {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state / 2 ** 31;
  };
  return Array.from({ length: count }, () => {
    const vector = Float32Array.from({ length: dimensions }, () => next() + next() + next());
    const length = Math.hypot(...vector);
    return vector.map((value) => value / length);
  });
}

const dot = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);

function tableOf(dimensions: number, all: readonly (Float32Array | undefined)[]): CodeTable {
  const table = new CodeTable(dimensions);
  for (const vector of all) table.append(vector);
  return table;
}

test("the bytes are those of scan.wat", async () => {
  const { parseWat } = await wabt();
  const source = readFileSync(new URL("scan.wat", import.meta.url), "utf8");
  expect(parseWat("scan.wat", source).toBinary({}).buffer).toEqual(scanBytes);
});

test.each([3, 384, 1024, 1536, 8192])("estimates cosines in %d dimensions", (dimensions) => {
  const [question = new Float32Array(), ...others] = vectors(300, dimensions, 7);
  const near = others.map((vector, at) => {
    const mixed = vector.map((value, i) => value + (question[i] ?? 0) * (at % 5));
    const length = Math.hypot(...mixed);
    return mixed.map((value) => value / length);
  });
  const table = tableOf(dimensions, near);
  const errors = [...table.estimate(question)].map(
    (estimate, at) => estimate - dot(near[at] ?? question, question),
  );
  const error = estimateError(table.bits);
  const deviation = Math.hypot(...errors) / Math.sqrt(errors.length);
  expect(deviation).toBeLessThan(1.2 * error);
  expect(Math.max(...errors.map(Math.abs))).toBeLessThan(5 * error);
});

test("estimates vectors along an axis, which have one number only", () => {
  const axes = Array.from({ length: 256 }, (_, at) => {
    const axis = new Float32Array(256);
    axis[at] = 1;
    return axis;
  });
  const table = tableOf(256, axes);
  for (const [at, axis] of axes.entries()) {
    const estimates = table.estimate(axis);
    expect(estimates.indexOf(Math.max(...estimates))).toBe(at);
  }
});

test("a scan counts what the code says", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 2000 }), (seed, dimensions) => {
      const [question = new Float32Array(), vector = new Float32Array()] = vectors(
        2,
        dimensions,
        seed,
      );
      const coder = new SignCoder(dimensions);
      const row = new Uint32Array(coder.bits / 32 + 2);
      coder.encode(vector, row);
      const { planes, step, least, sum } = coder.question(question);
      let expected = -sum;
      for (let bit = 0; bit < coder.bits; bit += 1) {
        if ((((row[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 0) continue;
        let level = 0;
        for (let plane = 0; plane < 4; plane += 1) {
          const word = planes[(bit >>> 6) * 8 + plane * 2 + ((bit >>> 5) & 1)] ?? 0;
          level += ((word >>> (bit & 31)) & 1) << plane;
        }
        expected += 2 * (level * step + least);
      }
      const gain = new Float32Array(row.buffer)[coder.bits / 32] ?? 0;
      const [estimate] = tableOf(dimensions, [vector]).estimate(question);
      expect(estimate).toBeCloseTo(gain * expected, 4);
    }),
  );
});

test("keeps the codes that stay where they are told to go", () => {
  const all = vectors(9000, 8, 3);
  const question = all[8999] ?? new Float32Array(8);
  const table = tableOf(8, [...all, undefined]);
  const before = table.estimate(question);
  expect(before[9000]).toBeCloseTo(0);
  table.rearrange([
    { from: 10, to: 0, count: 5 },
    { from: 100, to: 5, count: 8901 },
  ]);
  expect(table.size).toBe(8906);
  expect([...table.estimate(question)]).toEqual([...before.slice(10, 15), ...before.slice(100)]);
  expect(table.bytes).toBeGreaterThanOrEqual(CodeTable.bytesFor(8, 8906));
});
