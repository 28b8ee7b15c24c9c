import { describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { AppError } from "../errors.ts";
import { jsonBody } from "./body.ts";

const limit = 100;
const { parse } = jsonBody(
  limit,
  Type.Object({
    name: Type.String({ minLength: 1, maxLength: 5 }),
    size: Type.Integer({ minimum: 1, maximum: 9, default: 3 }),
    share: Type.Optional(Type.Number()),
  }),
);

const post = (body: BodyInit | null, headers: Record<string, string> = {}) =>
  parse({ request: new Request("http://localhost/", { method: "POST", body, headers }) });

async function faultOf(answer: Promise<unknown>): Promise<object> {
  const error = await answer.catch((error: unknown) => error);
  if (!(error instanceof AppError)) throw new Error(`not refused: ${JSON.stringify(error)}`);
  return { code: error.code, ...error.parameters };
}

const bytes = (...parts: (string | number)[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(
    parts.flatMap((part) => (typeof part === "string" ? [...Buffer.from(part)] : part)),
  );

describe("a body", () => {
  test("is taken as JSON in UTF-8, with what the schema adds", async () => {
    expect(await post('{"name":"名"}')).toEqual({ name: "名", size: 3 });
    expect(await post('\ufeff{"name":"a","size":4}')).toEqual({ name: "a", size: 4 });
    expect(await post('{"name":"a","name":"b"}')).toEqual({ name: "b", size: 3 });
  });

  test("may be declared as any JSON, or as nothing", async () => {
    const types = ["application/json", "Application/JSON; charset=utf-8", "application/x+json", ""];
    for (const type of types) {
      expect(await post(bytes('{"name":"a"}'), { "content-type": type })).toMatchObject({
        name: "a",
      });
    }
    for (const type of ["text/plain", "multipart/form-data", "application/jsonp", "json"]) {
      expect(await faultOf(post("{}", { "content-type": type }))).toEqual({
        code: "unsupported_content_type",
        expected: "application/json",
      });
    }
  });

  test.each(["", "{", "nul", "{}x", "{'a':1}", "\u0000", "[1", '{"name":"\n"}'])(
    "%j is not JSON",
    async (text) => {
      expect(await faultOf(post(text))).toEqual({ code: "malformed_json" });
    },
  );

  test("that is no UTF-8 is not JSON", async () => {
    const garbled = [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xe4, 0xbd], [0xc4, 0xe3]];
    for (const invalid of garbled) {
      expect(await faultOf(post(bytes('{"name":"', ...invalid, '"}')))).toEqual({
        code: "malformed_json",
      });
    }
  });

  test.each(["null", "[]", "[{}]", "1", '"{}"', "true"])("%s is no object", async (text) => {
    expect(await faultOf(post(text))).toEqual({ code: "invalid_body" });
  });

  test("names the field that does not fit, and why", async () => {
    const faults: [string, object][] = [
      ["{}", { field: "name", reason: "required" }],
      ['{"name":""}', { field: "name", reason: "empty" }],
      ['{"name":"abcdef"}', { field: "name", reason: "too_long", limit: 5 }],
      ['{"name":null}', { field: "name", reason: "not_string" }],
      ['{"name":["a"]}', { field: "name", reason: "not_string" }],
      ['{"name":"a","size":"4"}', { field: "size", reason: "not_integer" }],
      ['{"name":"a","size":0}', { field: "size", reason: "too_small", limit: 1 }],
      ['{"name":"a","size":10}', { field: "size", reason: "too_large", limit: 9 }],
      ['{"name":"a","size":1.5}', { field: "size", reason: "not_integer" }],
      ['{"name":"a","share":{}}', { field: "share", reason: "not_number" }],
    ];
    for (const [text, fault] of faults) {
      expect(await faultOf(post(text))).toEqual({ code: "invalid_field", ...fault });
    }
  });
});

describe("the limit", () => {
  test("counts bytes, to the last", async () => {
    const name = '{"name":"好"}';
    const padded = name + " ".repeat(limit - Buffer.byteLength(name));
    expect(await post(padded)).toMatchObject({ name: "好" });
    expect(await faultOf(post(`${padded} `))).toEqual({ code: "body_too_large", limit });
  });

  test("ends the reading of a body without an announced length", async () => {
    let sent = 0;
    const cancelled = Promise.withResolvers<void>();
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 10;
        controller.enqueue(bytes("          "));
      },
      cancel: () => cancelled.resolve(),
    });
    expect(await faultOf(post(endless))).toEqual({ code: "body_too_large", limit });
    await cancelled.promise;
    expect(sent).toBeLessThan(2 * limit);
  });

  test("holds for an announced length before a byte is read", async () => {
    const headers = { "content-length": String(limit + 1) };
    expect(await faultOf(post("{}", headers))).toEqual({ code: "body_too_large", limit });
  });
});
