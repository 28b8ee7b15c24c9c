import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { SseDecoder } from "../sse.ts";
import { EventRuns } from "./event-runs.ts";

const lineEnd = fc.constantFrom("\n", "\r\n", "\r");
const line = fc.oneof(
  fc.constantFrom(": comment", "data:", "data: [DONE]", "event: error", "id"),
  fc.string({ unit: "binary" }).map((text) => `data: ${text.replace(/[\r\n]/g, " ")}`),
);
const stream = fc
  .tuple(lineEnd, fc.array(fc.array(line, { minLength: 1, maxLength: 3 }), { maxLength: 8 }))
  .map(([end, events]) => events.map((lines) => `${lines.join(end)}${end}${end}`).join(""));
const tail = fc.constantFrom("", "data", "data: x", "data: x\n", "\n", "data: x\r");

/** The stream cut at these places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length];
  ends.sort((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

describe("runs of events", () => {
  test("are the stream's own bytes, each of whole events, and hold all that are whole", () => {
    fc.assert(
      fc.property(stream, tail, fc.array(fc.nat(), { maxLength: 30 }), (text, rest, places) => {
        const bytes = Buffer.from(text + rest);
        const runs = new EventRuns();
        const told: string[] = [];
        const came: Buffer[] = [];
        let length = 0;
        for (const piece of cut(bytes, places)) {
          const run = runs.push(piece);
          length += piece.length;
          if (run !== undefined) {
            came.push(run);
            // Read by itself, a run has its events to the last.
            const reader = new SseDecoder();
            told.push(...reader.push(run).map(({ data }) => data));
            expect(reader.end()).toEqual([]);
          }
          // A carriage return may be the first half of a line's end.
          const settled = new SseDecoder().push(bytes.subarray(0, Math.max(0, length - 1)));
          const whole = new SseDecoder().push(bytes.subarray(0, length)).map(({ data }) => data);
          expect(told.length).toBeGreaterThanOrEqual(settled.length);
          expect(told).toEqual(whole.slice(0, told.length));
        }
        expect(Buffer.concat([...came, runs.end()]).toString("hex")).toBe(bytes.toString("hex"));
      }),
      { numRuns: 500 },
    );
  });

  test("need no copy where whole events come", () => {
    const bytes = Buffer.from("data: a\n\ndata: b\n\n");
    expect(new EventRuns().push(bytes)?.buffer).toBe(bytes.buffer);
  });

  test("end where an event grows without end, in a time that grows with its length alone", () => {
    const runs = new EventRuns();
    const piece = Buffer.alloc(4096, "x");
    expect(() => {
      for (let i = 0; i < 5000; i++) runs.push(piece);
    }).toThrow(RangeError);
  });
});
