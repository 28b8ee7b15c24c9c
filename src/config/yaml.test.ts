import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseYaml } from "./yaml.ts";

test("a value comes with the lines of its keys", () => {
  const parsed = parseYaml('# first\na:\n  b: 1\n  c:\n    - x\n    - d: "y"\n');
  if ("faults" in parsed) throw new Error("it is sound");
  expect(parsed.value).toEqual({ a: { b: 1, c: ["x", { d: "y" }] } });
  expect(parsed.lineOf(["a", "b"])).toBe(3);
  expect(parsed.lineOf(["a", "c", 1, "d"])).toBe(6);
  expect(parsed.lineOf(["a", "missing"])).toBe(2);
  expect(parsed.lineOf(["a", "c", 1, "missing"])).toBe(6);
  expect(parsed.lineOf(["z"])).toBeUndefined();
});

test.each([
  ['a: "hunter2', 1],
  ["a: 1\n\tb: hunter2", 2],
  ["a: 1\nb: *hunter2", 2],
  ["a: 1\na: hunter2", 2],
  ["a: b: hunter2", 1],
  ["a: !hunter2 x", 1],
  ["a: [hunter2", 1],
  ["a: %hunter2", 1],
  ["a: 1\n---\nb: hunter2", 2],
  ["? [hunter2]\n: x", 1],
  ["a: @hunter2", 1],
  [
    "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: &d [*c, *c]\ne: &e [*d, *d]\nf: &f [*e, *e]\ng: &g [*f, *f]\nh: [*g, *g]",
    1,
  ],
])("the fault in %j has a line, and words that quote nothing", (text, line) => {
  const parsed = parseYaml(text);
  if (!("faults" in parsed)) throw new Error("it should have faults");
  expect(parsed.faults[0]?.line).toBe(line);
  for (const fault of parsed.faults) {
    expect(fault.text).toMatch(/^[a-z0-9]/);
    expect(JSON.stringify(fault)).not.toContain("hunter2");
  }
});

test("any JSON is read as what it is", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const json = JSON.stringify(value);
      const parsed = parseYaml(json);
      if ("faults" in parsed) throw new Error(parsed.faults[0]?.text);
      expect(JSON.stringify(parsed.value)).toBe(json);
    }),
  );
});

test("no text makes it throw", () => {
  const syntax = fc.string({
    unit: fc.constantFrom(..."ab:-?[]{},&*!|>'\"%@`# \n\t<<"),
    maxLength: 30,
  });
  fc.assert(
    fc.property(syntax, (text) => {
      expect(parseYaml(text)).toBeDefined();
    }),
    { numRuns: 500 },
  );
});
