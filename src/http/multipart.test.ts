import { expect, test } from "bun:test";
import fc from "fast-check";
import { AppError } from "../errors.ts";
import { readForm } from "./multipart.ts";

/** A request whose body arrives in chunks of these sizes, over and over. */
function requestOf(bytes: Uint8Array, type: string, sizes: readonly number[]): Request {
  let at = 0;
  let turn = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const size = sizes[turn++ % sizes.length] ?? 1;
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + size));
      at += size;
    },
  });
  return new Request("http://localhost/", {
    method: "POST",
    body,
    headers: { "content-type": type },
  });
}

const textRequest = (text: string, type = "multipart/form-data; boundary=B") =>
  requestOf(Buffer.from(text, "latin1"), type, [text.length + 1]);

async function collect(request: Request) {
  const parts: { name: string; filename: string | undefined; content: Buffer }[] = [];
  for await (const { name, filename, bytes } of readForm(request, 1_000_000)) {
    parts.push({ name, filename, content: Buffer.concat(await Array.fromAsync(bytes)) });
  }
  return parts;
}

async function faultOf(request: Request): Promise<string> {
  try {
    await collect(request);
    return "none";
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
}

const fieldName = fc.stringMatching(/^[a-zA-Z_"文件 ]{1,12}$/);
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.constantFrom("\r\n", "\r\n--", "--", "\r", "\r\n\r\n").map((text) => Buffer.from(text)),
);

test("a form that Bun wrote reads as it was, however its bytes arrive", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ name: fieldName, filename: fieldName, content: bytes }), {
        minLength: 1,
        maxLength: 5,
      }),
      fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 8 }),
      async (parts, sizes) => {
        const form = new FormData();
        for (const { name, filename, content } of parts) {
          form.append(name, new File([content], filename));
        }
        const written = new Response(form);
        const type = written.headers.get("content-type") ?? "";
        const read = await collect(requestOf(await written.bytes(), type, sizes));
        expect(read.map(({ name, filename }) => ({ name, filename }))).toEqual(
          parts.map(({ name, filename }) => ({ name, filename })),
        );
        for (const [at, { content }] of read.entries()) {
          expect(content.equals(Buffer.from(parts[at]?.content ?? []))).toBe(true);
        }
      },
    ),
  );
});

test("what is not read of a part is skipped", async () => {
  const form = new FormData();
  form.append("a", new File(["x".repeat(1000)], "a"));
  form.append("b", new File(["y".repeat(1000)], "b"));
  form.append("c", "end");
  const written = new Response(form);
  const type = written.headers.get("content-type") ?? "";
  const request = requestOf(await written.bytes(), type, [7, 300]);
  const names: string[] = [];
  for await (const part of readForm(request, 1_000_000)) {
    names.push(part.name);
    if (part.name === "b") for await (const _ of part.bytes) break;
  }
  expect(names).toEqual(["a", "b", "c"]);
});

const part = (disposition: string, content = "v") =>
  `--B\r\nContent-Disposition: ${disposition}\r\n\r\n${content}\r\n--B--`;

test.each([
  ['form-data; name="a"; filename="x.txt"', "x.txt"],
  ["form-data; name=a; filename=x.txt", "x.txt"],
  ['form-data; name="a"; filename="say \\"hi\\".txt"', 'say "hi".txt'],
  ['form-data; name="a"; filename="say %22hi%22.txt"', 'say "hi".txt'],
  ['form-data; name="a"; filename="a;b.txt"', "a;b.txt"],
  ['form-data; name="a"; filename="C:\\docs\\x.txt"', "C:\\docs\\x.txt"],
  [
    'form-data; name="a"; filename="plain.txt"; filename*=UTF-8\'\'%e5%90%88%e5%90%8c.txt',
    "合同.txt",
  ],
  [
    'form-data; name="a"; filename*=utf-8\'\'%e5%90%88%e5%90%8c.txt; filename="plain.txt"',
    "合同.txt",
  ],
  ['form-data; name="a"; filename="p.txt"; filename*=klingon\'\'%41.txt', "p.txt"],
  [`form-data; name="a"; filename="${Buffer.from("合同.txt").toString("latin1")}"`, "合同.txt"],
  ['form-data; name="a"; filename="\xba\xcf\xcd\xac.txt"', "合同.txt"],
  ['form-data; name="a"; filename=""', ""],
  ['form-data; name="a"', undefined],
])("the file's name in %j is %j", async (disposition, filename) => {
  const parts = await collect(textRequest(part(disposition)));
  expect(parts).toEqual([{ name: "a", filename, content: Buffer.from("v") }]);
});

test("a preamble, an epilogue and white space behind a delimiter are allowed", async () => {
  const body = `ignore me\r\n--B \t\r\ncontent-disposition: form-data; name="a"\r\nx: y\r\n\r\n1\r\n--B--\r\nthe end`;
  const parts = await collect(
    textRequest(body, 'multipart/form-data; charset=utf-8; boundary="B"'),
  );
  expect(parts.map(({ content }) => content.toString())).toEqual(["1"]);
});

test.each([
  ["", "malformed_form"],
  ["nothing of a form", "malformed_form"],
  ["--B", "malformed_form"],
  ["--B\r\n", "malformed_form"],
  ["--B\r\n\r\nvalue\r\n--B--", "malformed_form"],
  ["--B\r\nContent-Type: text/plain\r\n\r\nvalue\r\n--B--", "malformed_form"],
  ["--B\r\nContent-Disposition: attachment; name=a\r\n\r\nvalue\r\n--B--", "malformed_form"],
  ["--B\r\nContent-Disposition: form-data; name=a\r\n\r\nvalue", "malformed_form"],
  ["--B\r\nContent-Disposition: form-data; name=a\r\n\r\nvalue\r\n--B", "malformed_form"],
  [`--B\r\nX: ${"x".repeat(20_000)}\r\n\r\nvalue\r\n--B--`, "malformed_form"],
  [part("form-data; name=a").replace(/--$/, "\r\n").repeat(101), "malformed_form"],
  [part(`form-data; name=a; filename="${"\\".repeat(16_000)}`), "none"],
  ["--B--", "none"],
])("%#: a broken form is refused", async (body, code) => {
  expect(await faultOf(textRequest(body))).toBe(code);
});

test.each([
  ["application/json", "unsupported_content_type"],
  ["text/plain; boundary=B", "unsupported_content_type"],
  ["multipart/mixed; boundary=B", "unsupported_content_type"],
  ["multipart/form-data", "malformed_form"],
  ["multipart/form-data; boundary=", "malformed_form"],
])("content type %j is refused", async (type, code) => {
  expect(await faultOf(textRequest(part("form-data; name=a"), type))).toBe(code);
});
