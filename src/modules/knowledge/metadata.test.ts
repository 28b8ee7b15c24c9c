import { expect, test } from "bun:test";
import fc from "fast-check";
import { AppError } from "../../errors.ts";
import { parseMetadata } from "./metadata.ts";

test.each([
  ["{}", {}],
  ['{"作者": "张三", "year": " 2024 "}', { 作者: "张三", year: "2024" }],
  ['{"a": ""}', { a: "" }],
  ['{" e\u0301 ": "e\u0301"}', { é: "é" }],
])("%s is read", (json, expected) => {
  expect(parseMetadata(json)).toEqual(expected);
});

test.each([
  ["", "not_object"],
  ["x", "not_object"],
  ["null", "not_object"],
  ["[]", "not_object"],
  ['"a"', "not_object"],
  ['{"a": 1}', "not_string"],
  ['{"a": null}', "not_string"],
  ['{"a": {"b": "c"}}', "not_string"],
  ['{" ": "x"}', "empty"],
  ['{"a": "x\\n"}', "control_characters"],
  [JSON.stringify({ ["k".repeat(65)]: "x" }), "too_long"],
  [JSON.stringify({ k: "x".repeat(501) }), "too_long"],
  [
    JSON.stringify(Object.fromEntries(Array.from({ length: 51 }, (_, at) => [`k${at}`, "x"]))),
    "too_many",
  ],
])("%s is refused", (json, reason) => {
  const read = () => parseMetadata(json);
  expect(read).toThrow(AppError);
  try {
    read();
  } catch (error) {
    expect(error).toMatchObject({
      code: "invalid_field",
      parameters: { field: "metadata", reason },
    });
  }
});

test("no key is anything but a key", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom("__proto__", "constructor", "a"), fc.constantFrom("x", "y")),
      (sent) => {
        const read = parseMetadata(JSON.stringify(sent));
        expect(Object.entries(read)).toEqual(Object.entries(sent));
        expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
      },
    ),
  );
});
