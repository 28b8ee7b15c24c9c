import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { JsonElements } from "./json-elements.ts";

const decoder = new TextDecoder();

/** The elements of a text that comes in pieces of these sizes. */
function split(text: string | Uint8Array, sizes: readonly number[] = [], maxBytes = 1e6) {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const elements = new JsonElements(maxBytes);
  const found: (string | undefined)[] = [];
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    const piece = bytes.slice(at, at + size);
    for (const element of elements.write(piece)) found.push(element && decoder.decode(element));
    at += size;
  }
  elements.end();
  return found;
}

test.each([
  ["[]", []],
  [" [ ] ", []],
  ['[1,"a]",{"b":[2,"}"]},null , true]', ["1", '"a]"', '{"b":[2,"}"]}', "null", "true"]],
  ['{"a":[1,{"b":"\\"]}"}]}', ['{"a":[1,{"b":"\\"]}"}]}']],
  ["\ufeff[1]", ["1"]],
  ["\ufeff {} \n", ["{}"]],
  ['["\\\\","\\""]', ['"\\\\"', '"\\""']],
])("%s has the elements %j", (text, elements) => {
  expect(split(text)).toEqual(elements);
});

test.each([
  "",
  "  ",
  "[",
  "[1",
  "[1,",
  '["a',
  "{",
  '{"a":"}',
  "[1]2",
  "{}{}",
  "[,1]",
  "[1 2]",
  "[1,,2]",
  "[1,]",
  "7",
  '"a"',
  "null",
  "x",
  "]",
])("%j is refused", (text) => {
  expect(() => split(text)).toThrow(SyntaxError);
});

test("elements are those of JSON.parse, wherever the text is cut and however it is spaced", () => {
  fc.assert(
    fc.property(
      fc.array(fc.jsonValue()),
      fc.array(fc.integer({ min: 1, max: 7 })),
      fc.constantFrom(undefined, 1, "\t"),
      (values, sizes, space) => {
        const found = split(JSON.stringify(values, null, space), sizes);
        expect(found.map((element) => JSON.parse(element ?? ""))).toEqual(
          JSON.parse(JSON.stringify(values)),
        );
      },
    ),
  );
});

describe("an element that is too long", () => {
  test("is left out, and those around it are not", () => {
    const long = JSON.stringify("x".repeat(100));
    expect(split(`[1,${long},2]`, [50, 3], 20)).toEqual(["1", undefined, "2"]);
    expect(split(`[${long}]`, [], 102)).toEqual([long]);
    expect(split(`[${long}]`, [], 101)).toEqual([undefined]);
  });
});

test("any bytes are elements or a SyntaxError", () => {
  const bytes = fc.uint8Array({ maxLength: 50 });
  const text = fc.array(fc.constantFrom(...'[]{},:"\\ a1\n'), { maxLength: 30 });
  const any = fc.oneof(
    bytes,
    text.map((all) => new TextEncoder().encode(all.join(""))),
  );
  fc.assert(
    fc.property(any, (all) => {
      try {
        split(all);
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxError);
      }
    }),
  );
});
