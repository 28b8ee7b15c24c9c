import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Framing, framingOf } from "./framing.ts";

const framing = (headers: Record<string, string>, status = 200): Framing =>
  framingOf({ status, statusText: "", persists: true, headers: new Map(Object.entries(headers)) });

/** What a framing makes of bytes that come in pieces of these lengths, and then the rest. */
function take(into: Framing, bytes: Uint8Array, cuts: readonly number[]): Buffer {
  const taken: Uint8Array[] = [];
  let at = 0;
  for (const length of [...cuts, bytes.length]) {
    // A copy: a read of the connection is the body's to change.
    taken.push(Uint8Array.from(into.take(Uint8Array.from(bytes.subarray(at, at + length)))));
    at = Math.min(bytes.length, at + length);
  }
  return Buffer.concat(taken);
}

const chunked = { "transfer-encoding": "Chunked" };
const lengths = fc.array(fc.nat(40));

describe("a body in chunks", () => {
  const chunk = fc.record({
    data: fc.uint8Array({ minLength: 1, maxLength: 300 }),
    extension: fc.constantFrom("", ";a=b", " ;x", "\t"),
    capital: fc.boolean(),
    zeros: fc.nat(3),
    end: fc.constantFrom("\r\n", "\n"),
  });
  const trailers = fc.constantFrom("", "x-a: 1\r\n", "x-a: 1\r\nb: 2\n");

  test("is what was put into them, however they are cut", () => {
    fc.assert(
      fc.property(fc.array(chunk), trailers, lengths, (chunks, trailer, cuts) => {
        const parts = chunks.flatMap(({ data, extension, capital, zeros, end }) => {
          const digits = data.length.toString(16);
          const size = "0".repeat(zeros) + (capital ? digits.toUpperCase() : digits);
          return [Buffer.from(size + extension + end), data, Buffer.from(end)];
        });
        const bytes = Buffer.concat([...parts, Buffer.from(`0\r\n${trailer}\r\n`)]);
        const body = framing(chunked);
        const expected = Buffer.concat(chunks.map(({ data }) => data));
        expect(take(body, bytes, cuts).equals(expected)).toBe(true);
        expect(body).toMatchObject({ over: true, excess: false });
      }),
    );
  });

  test("of one chunk in one read is not copied", () => {
    const bytes = Buffer.from("5\r\nhello\r\n");
    const content = framing(chunked).take(bytes);
    expect(Buffer.from(content).toString()).toBe("hello");
    expect(content.buffer).toBe(bytes.buffer);
  });

  test("is over where its last chunk is, not before", () => {
    const body = framing(chunked);
    take(body, Buffer.from("1\r\na\r\n0\r\n"), []);
    expect(body.over).toBe(false);
    take(body, Buffer.from("\r\nmore"), []);
    expect(body).toMatchObject({ over: true, excess: true });
  });

  test("is refused where it is framed wrongly", () => {
    for (const text of [
      "\r\n",
      "g\r\n",
      "-1\r\n",
      ";\r\n",
      "0x5\r\nhello\r\n",
      "5\r\nhello!\r\n",
      "ffffffffffffffff\r\n",
      `1;${"x".repeat(9000)}`,
    ]) {
      expect(() => take(framing(chunked), Buffer.from(text), [])).toThrow();
    }
  });
});

describe("a body of a known length", () => {
  test("is over when all of it has come", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.nat(3), lengths, (content, more, cuts) => {
        const body = framing({ "content-length": String(content.length) });
        const bytes = Buffer.concat([content, Buffer.alloc(more)]);
        expect(take(body, bytes, cuts).equals(content)).toBe(true);
        expect(body).toMatchObject({ over: true, excess: more > 0 });
      }),
    );
  });

  test("may be empty, or said twice", () => {
    expect(framing({}, 204).over).toBe(true);
    expect(framing({ "content-length": "0" }).over).toBe(true);
    expect(framing({ "content-length": "3, 3" }).over).toBe(false);
    for (const length of ["3, 4", "-1", "1e3", "", "0x10"]) {
      expect(() => framing({ "content-length": length })).toThrow();
    }
  });
});

test("any other body ends with its connection", () => {
  const body = framing({});
  expect(take(body, Buffer.from("all of it"), [2, 3]).toString()).toBe("all of it");
  expect(body).toMatchObject({ over: false, endsWithConnection: true });
  expect(() => framing({ "transfer-encoding": "gzip, chunked" })).toThrow();
});
