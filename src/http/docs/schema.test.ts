import { describe, expect, test } from "bun:test";
import { t } from "elysia";
import { exampleOf, holdsFile, type Schema, SchemaWriter } from "./schema.ts";

/** As the schema reaches the document: through JSON. */
const plain = (schema: object): Schema => JSON.parse(JSON.stringify(schema));

const write = (schema: object): object => new SchemaWriter().write(plain(schema));

describe("a schema in the words of OpenAPI 3.0", () => {
  test.each([
    ["a constant", t.Literal("a"), { type: "string", enum: ["a"] }],
    [
      "a union of constants",
      t.Union([t.Literal("a"), t.Literal("b")], { description: "d" }),
      { type: "string", enum: ["a", "b"], description: "d" },
    ],
    [
      "a union of constants and null",
      t.Union([t.Literal("a"), t.Null()]),
      { type: "string", enum: ["a", null], nullable: true },
    ],
    [
      "a value or null",
      t.Union([t.String({ minLength: 1 }), t.Null()]),
      { type: "string", minLength: 1, nullable: true },
    ],
    [
      "a union of types",
      t.Union([t.Integer(), t.String()]),
      // Elysia's integers are text or number.
      { anyOf: [{ type: "integer" }, { type: "string" }] },
    ],
    ["a number in a path", t.Integer({ minimum: 1 }), { type: "integer", minimum: 1 }],
    ["examples", t.String({ examples: ["a", "b"] }), { type: "string", example: "a" }],
    ["a file", t.File(), { type: "string", format: "binary" }],
    [
      "a field with a default",
      t.Object({ a: t.String(), b: t.String({ default: "x" }) }),
      {
        type: "object",
        properties: { a: { type: "string" }, b: { type: "string", default: "x" } },
        required: ["a"],
      },
    ],
    [
      "fields that may all be left out",
      t.Object({ a: t.Optional(t.String()) }),
      { type: "object", properties: { a: { type: "string" } } },
    ],
    [
      "a record",
      t.Record(t.String(), t.Boolean()),
      { type: "object", additionalProperties: { type: "boolean" } },
    ],
  ])("%s", (_, schema, expected) => {
    expect(write(schema)).toEqual(expected);
  });

  test("a schema with an id is written once and referred to", () => {
    const named = t.Object({ a: t.Literal(1) }, { $id: "Named" });
    const writer = new SchemaWriter();
    const reference = { $ref: "#/components/schemas/Named" };
    const written = writer.write(plain(t.Object({ x: named, y: t.Array(named) })));
    expect(written).toMatchObject({ properties: { x: reference, y: { items: reference } } });
    expect(writer.components).toEqual({
      Named: {
        type: "object",
        properties: { a: { type: "number", enum: [1] } },
        required: ["a"],
      },
    });
  });

  test("a reference that may be null keeps its null", () => {
    const named = t.Object({}, { $id: "Named" });
    expect(write(t.Union([named, t.Null()]))).toEqual({
      allOf: [{ $ref: "#/components/schemas/Named" }],
      nullable: true,
    });
  });
});

test("an example is put together from those of the fields", () => {
  const schema = t.Object({
    named: t.String({ examples: ["a"] }),
    unnamed: t.Optional(t.String()),
    byDefault: t.Number({ default: 5 }),
    list: t.Array(t.String({ examples: ["b"] })),
    empty: t.Optional(t.Object({ unnamed: t.Optional(t.String()) })),
  });
  expect(exampleOf(plain(schema))).toEqual({ named: "a", byDefault: 5, list: ["b"] });
  expect(exampleOf(plain(t.String()))).toBeUndefined();
});

test.each([
  [true, t.Object({ file: t.File() })],
  [true, t.Object({ files: t.Files() })],
  [true, t.Object({ file: t.Optional(t.File()) })],
  [false, t.Object({ name: t.String() })],
])("whether a form holds a file: %p", (expected, schema) => {
  expect(holdsFile(plain(schema))).toBe(expected);
});
