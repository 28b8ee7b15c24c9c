import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { AppError } from "./errors.ts";
import { JsonObject } from "./json-object.ts";

const read = (text: string): JsonObject => JsonObject.read(Buffer.from(text));
const textOf = (object: JsonObject): string => object.bytes.toString();

/** A JSON text of a value with spaces wherever they may be. */
function spaced(value: unknown, space: string): string {
  if (Array.isArray(value)) {
    return `[${space}${value.map((item) => spaced(item, space)).join(`${space},${space}`)}${space}]`;
  }
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).map(
      ([name, item]) => `${JSON.stringify(name)}${space}:${space}${spaced(item, space)}`,
    );
    return `{${space}${members.join(`${space},${space}`)}${space}}`;
  }
  return JSON.stringify(value);
}

const anyObject = fc.dictionary(
  fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("model", "a\\", '"', "}", "é")),
  fc.jsonValue({ noUnicodeString: false }),
  { noNullPrototype: true },
);
const anySpace = fc.constantFrom("", " ", "\n", "\t \r\n");

describe("a JSON object", () => {
  test("has the members that JSON.parse finds", () => {
    fc.assert(
      fc.property(anyObject, anySpace, (value, space) => {
        const text = spaced(value, space);
        const object = read(space + text + space);
        const parsed: Record<string, unknown> = JSON.parse(text);
        for (const [name, item] of Object.entries(parsed)) {
          expect(object.has(name)).toBe(true);
          expect(object.get(name)).toEqual(item);
        }
        expect(object.get("no such member")).toBeUndefined();
      }),
    );
  });

  test("with another member is what JSON.parse and JSON.stringify make of it", () => {
    fc.assert(
      fc.property(anyObject, anySpace, fc.jsonValue(), (value, space, other) => {
        const text = spaced(value, space);
        const name = Object.keys(value)[0] ?? "model";
        const parsed: object = JSON.parse(text);
        const changed = textOf(read(text).with(name, other));
        expect(JSON.parse(changed)).toEqual({
          ...parsed,
          [name]: JSON.parse(JSON.stringify(other)),
        });
        const added = textOf(read(text).with("added", other));
        expect(JSON.parse(added)).toEqual({ ...parsed, added: JSON.parse(JSON.stringify(other)) });
        const { [name]: _, ...rest } = JSON.parse(text);
        expect(JSON.parse(textOf(read(text).without(name)))).toEqual(rest);
      }),
    );
  });

  test("keeps every other byte", () => {
    const text =
      '{ "seed": 12345678901234567890, "model" : "a", "t":1.0, "é":"\\u00e9\\/", "n":null }\n';
    expect(textOf(read(text).with("model", "b"))).toBe(text.replace('"a"', '"b"'));
    expect(textOf(read(text))).toBe(text);
    expect(textOf(read('{"a":1 , "b":2}').without("a"))).toBe('{"b":2}');
    expect(textOf(read("{ }").with("a", 1))).toBe('{ "a":1}');
  });

  test("says the same to readers that take the first of two members and the last", () => {
    const twice = read('{"model":"a","x":1,"mod\\u0065l":"b"}');
    expect(twice.get("model")).toBe("b");
    expect(textOf(twice.with("model", "c"))).toBe('{"model":"c","x":1,"mod\\u0065l":"c"}');
    expect(textOf(twice.without("model"))).toBe('{"x":1}');
  });

  test("tells arrays from the rest", () => {
    const mixed = read('{"a":[],"b":{"c":[]},"c":"[]","d": [1],"d":2}');
    const names = ["a", "b", "c", "d", "e"];
    expect(names.filter((name) => mixed.holdsArray(name))).toEqual(["a"]);
  });

  test("may begin with a byte order mark", () => {
    expect(read('\ufeff{"a":1}').get("a")).toBe(1);
  });

  test.each([
    "",
    " ",
    "null",
    "[]",
    "7",
    '"x"',
    "{",
    "{,}",
    '{"a"}',
    '{"a":}',
    '{"a":1',
    '{"a":1,}',
    '{"a":1}}',
    '{"a":1} x',
    '{"a":tru}',
    '{"a":1 2}',
    '{"a":"x}',
    '{"a":"x\\"}',
    '{"a":[1,{"b":2]',
    "{a:1}",
    "{'a':1}",
    '{"\\x":1}',
  ])("is not %j", (text) => {
    expect(() => read(text)).toThrow(SyntaxError);
  });

  test("is found faulty where it is looked at", () => {
    const object = read('{"a":[1,,2],"b":[1]}');
    expect(() => object.get("a")).toThrow(AppError);
    expect(object.get("b")).toEqual([1]);
  });

  test("takes time in proportion to its length: a quadratic one would never end", () => {
    for (const text of ["\\", '\\"', "[", '["', "\u0000"]) {
      const bytes = Buffer.from(`{"a":"${text.repeat(2_000_000)}",${text.repeat(2_000_000)}`);
      expect(() => JsonObject.read(bytes)).toThrow(SyntaxError);
    }
  });
});
