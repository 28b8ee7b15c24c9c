import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { maxLineLength, SseDecoder, type SseEvent } from "./sse.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function decode(chunks: Iterable<Uint8Array>): SseEvent[] {
  const decoder = new SseDecoder();
  const events: SseEvent[] = [];
  for (const chunk of chunks) events.push(...decoder.push(chunk));
  events.push(...decoder.end());
  return events;
}

const dataOf = (text: string): string[] => decode([encode(text)]).map(({ data }) => data);

/** The standard's rules, applied to the whole text at once. */
function naiveDecode(bytes: Uint8Array): SseEvent[] {
  const text = Buffer.from(bytes)
    .toString("utf8")
    .replace(/^\ufeff/, "");
  const events: SseEvent[] = [];
  let type = "";
  let data: string[] = [];
  for (const line of [...text.split(/\r\n|\r|\n/), ""]) {
    const [, field, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (line === "") {
      if (data.length > 0) events.push({ type: type || "message", data: data.join("\n") });
      type = "";
      data = [];
    } else if (field === "data") data.push(value);
    else if (field === "event") type = value;
  }
  return events;
}

/** Text that is dense in what the format gives a meaning to. */
const streamText = fc
  .array(
    fc.oneof(
      fc.constantFrom("data", "data:", "data: ", "event: ", "event", "id: 1", ": comment", "dat"),
      fc.constantFrom("\n", "\n", "\n\n", "\r", "\r\n", "\r\n\r\n", ":", " ", "\ufeff"),
      fc.constantFrom("中文", "😀", "é", '{"a":1}', "[DONE]", "\0"),
      fc.string({ unit: "binary", maxLength: 5 }),
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(""));

describe("SseDecoder", () => {
  test("any cut of the bytes gives what the standard's rules give on the whole", () => {
    fc.assert(
      fc.property(streamText, fc.array(fc.nat(400), { maxLength: 30 }), (text, cuts) => {
        const bytes = encode(text);
        const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort(
          (a, b) => a - b,
        );
        const chunks = [0, ...ends].map((start, i) => bytes.subarray(start, ends[i]));
        expect(decode(chunks)).toEqual(naiveDecode(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  test("byte by byte, and for bytes that are no UTF-8", () => {
    fc.assert(
      fc.property(streamText, fc.uint8Array({ maxLength: 20 }), (text, noise) => {
        const bytes = Buffer.concat([encode(`data: ${text}`), noise, encode("\n\n")]);
        expect(decode(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(
          naiveDecode(bytes),
        );
      }),
      { numRuns: 500 },
    );
  });

  test("an event is there as soon as its blank line is, whatever ends the lines", () => {
    for (const lineEnd of ["\n", "\r\n", "\r"]) {
      const decoder = new SseDecoder();
      expect(decoder.push(encode(`data: a${lineEnd}`))).toEqual([]);
      expect(decoder.push(encode(lineEnd))).toEqual([{ type: "message", data: "a" }]);
      expect(decoder.push(encode(`data: b${lineEnd}${lineEnd}`))).toEqual([
        { type: "message", data: "b" },
      ]);
      expect(decoder.end()).toEqual([]);
    }
  });

  test("takes what is tolerated", () => {
    expect(dataOf("data:a\n\n")).toEqual(["a"]);
    expect(dataOf("data:  a\n\n")).toEqual([" a"]);
    expect(dataOf("\ufeffdata: a\n\n")).toEqual(["a"]);
    expect(dataOf(": c\ndata: a\n:\ndata: b\n\n")).toEqual(["a\nb"]);
    expect(dataOf("data: a")).toEqual(["a"]);
    expect(dataOf("data: a\n")).toEqual(["a"]);
    expect(dataOf("data\n\n")).toEqual([""]);
    expect(dataOf("database: a\nDATA: b\n\n")).toEqual([]);
    expect(decode([encode("event: error\ndata: a\n\ndata: b\n\n")])).toEqual([
      { type: "error", data: "a" },
      { type: "message", data: "b" },
    ]);
  });

  test("a line of 16 MB passes, a longer line or event does not", () => {
    const line = new Uint8Array(maxLineLength).fill(0x78);
    line.set(encode("data: "));
    const decoder = new SseDecoder();
    expect(decoder.push(line)).toEqual([]);
    expect(decoder.push(encode("\n\n"))[0]?.data.length).toBe(maxLineLength - 6);

    const tooLong = new SseDecoder();
    tooLong.push(line);
    expect(() => tooLong.push(encode("y"))).toThrow(RangeError);

    const wholeLine = new SseDecoder();
    expect(() => wholeLine.push(Buffer.concat([line, encode("yy\n")]))).toThrow(RangeError);

    const manyLines = new SseDecoder();
    manyLines.push(line);
    manyLines.push(encode("\n"));
    expect(() => manyLines.push(encode("data: 1234567\n"))).toThrow(RangeError);
  });

  test("a long line in many small pieces is not copied with every piece", () => {
    // 64 bytes at a time: copying what is there each time would move 2 TB.
    const piece = new Uint8Array(64).fill(0x78);
    const decoder = new SseDecoder();
    decoder.push(encode("data: "));
    for (let size = 0; size + 64 < maxLineLength - 6; size += 64) decoder.push(piece);
    expect(decoder.push(encode("\n\n"))).toHaveLength(1);
  });
});
