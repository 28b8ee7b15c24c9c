import { afterEach, describe, expect, jest, test } from "bun:test";
import { connect } from "node:net";
import fc from "fast-check";
import { anyText } from "../../test/any-text.ts";
import { parseEventStream } from "../../test/event-source.ts";
import { EventLog } from "./event-log.ts";
import { startServer } from "./server.ts";
import { eventStreamResponse, type StreamFormat, streamFormat } from "./sse.ts";

afterEach(() => {
  jest.useRealTimers();
});

/** A response over a log of its own, all of it read as it comes. */
function open(format: StreamFormat = "sse") {
  const log = new EventLog();
  const client = new AbortController();
  let ends = 0;
  const response = eventStreamResponse({
    log,
    format,
    idOf: (index: number) => `7-${index}`,
    first: 0,
    signal: client.signal,
    onEnd: () => {
      ends += 1;
    },
  });
  const chunks: Uint8Array[] = [];
  async function read(): Promise<Uint8Array> {
    for await (const chunk of response.body ?? []) chunks.push(chunk);
    return Buffer.concat(chunks);
  }
  const whole = read();
  return {
    log,
    client,
    response,
    chunks,
    whole,
    get ends() {
      return ends;
    },
  };
}

/** Lets the event loop turn, so that what was written has been read. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** What JSON puts into a line: no control character stands for itself. */
const json = anyText.map((text) => JSON.stringify({ data: text }));
const growth = fc.array(fc.oneof(fc.array(json, { maxLength: 4 }), fc.constant("turn" as const)));

describe("an event stream", () => {
  test("holds every event once, in order, counted from 0, by the standard's own rules", async () => {
    await fc.assert(
      fc.asyncProperty(growth, async (steps) => {
        const stream = open();
        const appended: string[] = [];
        for (const step of steps) {
          if (step === "turn") await turn();
          else {
            appended.push(...step);
            stream.log.append(step);
          }
        }
        stream.log.close();
        expect(parseEventStream(await stream.whole)).toEqual(
          appended.map((data, index) => ({ lastEventId: `7-${index}`, type: "message", data })),
        );
        expect(stream.ends).toBe(1);
      }),
      { numRuns: 50 },
    );
  });

  test("is the JSON objects with a blank line behind each, for whoever asks for NDJSON", async () => {
    const stream = open("ndjson");
    stream.log.append(['{"event":"message","data":"R"}', '{"event":"message","data":"\\n"}']);
    stream.log.append(['{"event":"done"}']);
    stream.log.close();
    expect(new TextDecoder().decode(await stream.whole)).toBe(
      '{"event":"message","data":"R"}\n\n{"event":"message","data":"\\n"}\n\n{"event":"done"}\n\n',
    );
  });

  test("says what it is, and that nobody may hold it back", async () => {
    const types = { sse: "text/event-stream", ndjson: "application/x-ndjson" } as const;
    for (const format of ["sse", "ndjson"] as const) {
      const { response, log, whole } = open(format);
      expect(response.headers.get("content-type")).toBe(`${types[format]}; charset=utf-8`);
      expect(response.headers.get("cache-control")).toBe("no-cache, no-transform");
      expect(response.headers.get("x-accel-buffering")).toBe("no");
      log.close();
      await whole;
    }
  });

  test("writes events that come together at once", async () => {
    const stream = open();
    await turn();
    stream.log.append(["1", "2", "3"]);
    await turn();
    expect(stream.chunks.map((chunk) => parseEventStream(chunk).length)).toEqual([3]);
    stream.log.close();
    await stream.whole;
  });

  test("ends when the client goes, and writes no more", async () => {
    const stream = open();
    stream.log.append(["1"]);
    await turn();
    stream.client.abort();
    expect(stream.ends).toBe(1);
    stream.log.append(["2"]);
    stream.log.close();
    expect(parseEventStream(await stream.whole)).toHaveLength(1);
    expect(stream.ends).toBe(1);
  });

  test("of a client that is gone already ends at once", async () => {
    const log = new EventLog();
    log.append(["1"]);
    const ended = Promise.withResolvers<void>();
    const response = eventStreamResponse({
      log,
      format: "sse",
      idOf: (index: number) => `7-${index}`,
      first: 0,
      signal: AbortSignal.abort(),
      onEnd: ended.resolve,
    });
    expect(await response.text()).toBe("");
    await ended.promise;
  });
});

test("a client that does not read is waited for, at no more than what its connection holds", async () => {
  const event = JSON.stringify("x".repeat(65_000));
  const count = 1000;
  let furthest = 0;
  /** Tells how far the stream has read it. */
  class WatchedLog extends EventLog {
    override at(index: number): string | undefined {
      furthest = Math.max(furthest, index);
      return super.at(index);
    }
  }
  const log = new WatchedLog();
  const ended = Promise.withResolvers<void>();
  const server = startServer({
    host: "127.0.0.1",
    port: 0,
    handle: ({ signal }) =>
      eventStreamResponse({
        log,
        first: 0,
        idOf: String,
        format: "sse",
        signal,
        onEnd: ended.resolve,
      }),
    lastResort: () => new Response(),
  });
  const socket = connect(server.port, "127.0.0.1");
  const opened = new Promise((resolve) => socket.once("data", resolve));
  socket.write("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
  log.append(["1"]);
  await opened;
  socket.pause();
  for (let i = 0; i < count; i++) {
    log.append([event]);
    await turn();
  }
  log.close();
  // The kernel holds some megabytes on both sides; all of it would be 65.
  expect(furthest).toBeLessThan(count / 2);
  socket.resume();
  await ended.promise;
  expect(furthest).toBe(count);
  socket.destroy();
  await server.stop(0);
});

test("an event of any length is whole, and goes out in parts of whole characters", async () => {
  const stream = open();
  const long = ["😀".repeat(100_000), `x${"😀".repeat(100_000)}`, "字".repeat(65_536)];
  stream.log.append(long);
  stream.log.append(["short"]);
  stream.log.close();
  const events = parseEventStream(await stream.whole);
  // Not by `toEqual`, which would print megabytes.
  expect(events.map(({ data }, index) => data === (long[index] ?? "short"))).toEqual(
    Array.from({ length: 4 }, () => true),
  );
  expect(events.map(({ lastEventId }) => lastEventId)).toEqual(["7-0", "7-1", "7-2", "7-3"]);
  expect(Math.max(...stream.chunks.map(({ length }) => length))).toBeLessThan(400_000);
});

test("a closed log is let go of while the client does not read, and found again when it does", async () => {
  jest.useFakeTimers();
  const events = Array.from({ length: 30 }, (_, n) => `${n}${"字".repeat(500_000)}`);
  const source = (place: number) => {
    const log = new EventLog();
    log.append(events.slice(place));
    log.close();
    return { log, first: 0, idOf: (index: number) => String(index + place) };
  };
  const released = Promise.withResolvers<void>();
  const reopened: number[] = [];
  const server = startServer({
    host: "127.0.0.1",
    port: 0,
    handle: ({ signal }) =>
      eventStreamResponse({
        ...source(0),
        format: "sse",
        signal,
        onEnd: released.resolve,
        async reopen(index) {
          reopened.push(index);
          return { ...source(index), onEnd: () => {} };
        },
      }),
    lastResort: () => new Response(),
  });
  const socket = connect(server.port, "127.0.0.1");
  const received: Buffer[] = [];
  const opened = Promise.withResolvers<void>();
  const ended = new Promise((resolve) => socket.once("end", resolve));
  socket.on("data", (data) => {
    if (received.length === 0) socket.pause();
    received.push(Buffer.from(data));
    opened.resolve();
  });
  // HTTP/1.0: a body without chunks, to the end of the connection.
  socket.write("GET / HTTP/1.0\r\nhost: localhost\r\n\r\n");
  await opened.promise;
  for (let n = 0; n < 100; n++) await turn();
  jest.advanceTimersByTime(10_000);
  await released.promise;
  expect(reopened).toEqual([]);
  socket.resume();
  await ended;
  expect(reopened).toEqual([expect.any(Number)]);
  const bytes = Buffer.concat(received);
  const told = parseEventStream(bytes.subarray(bytes.indexOf("\r\n\r\n") + 4));
  expect(told.map(({ lastEventId }) => lastEventId)).toEqual(events.map((_, n) => String(n)));
  expect(told.every(({ data }, n) => data === events[n])).toBe(true);
  jest.useRealTimers();
  await server.stop(0);
});

describe("a quiet stream", () => {
  const signs = { sse: ": keep-alive\n\n", ndjson: "\n" };

  test.each(["sse", "ndjson"] as const)("%s gives a sign of life every 10 s", async (format) => {
    jest.useFakeTimers();
    const stream = open(format);
    stream.log.append(['{"event":"start"}']);
    await turn();
    let silence = 0;
    let written = stream.chunks.length;
    for (let second = 0; second < 60; second++) {
      jest.advanceTimersByTime(1000);
      await turn();
      silence = stream.chunks.length > written ? 0 : silence + 1;
      expect(silence).toBeLessThan(10);
      written = stream.chunks.length;
    }
    stream.log.append(['{"event":"done"}']);
    stream.log.close();
    const [start, done] =
      format === "sse"
        ? ['id: 7-0\ndata: {"event":"start"}\n\n', 'id: 7-1\ndata: {"event":"done"}\n\n']
        : ['{"event":"start"}\n\n', '{"event":"done"}\n\n'];
    const text = new TextDecoder().decode(await stream.whole);
    expect(text).toBe(`${start}${signs[format].repeat(6)}${done}`);
    expect(jest.getTimerCount()).toBe(0);
  });

  test("that is not quiet needs none", async () => {
    jest.useFakeTimers();
    const stream = open();
    for (let second = 0; second < 60; second++) {
      stream.log.append(["1"]);
      jest.advanceTimersByTime(1000);
      await turn();
    }
    stream.log.close();
    expect(new TextDecoder().decode(await stream.whole)).not.toContain(": keep-alive");
  });
});

test.each([
  [null, "sse"],
  ["*/*", "sse"],
  ["text/event-stream", "sse"],
  ["application/x-ndjson", "ndjson"],
  ["Application/X-NDJSON; q=1", "ndjson"],
  ["text/html, application/x-ndjson", "ndjson"],
] as const)("Accept: %s asks for %s", (accept, format) => {
  expect(streamFormat(accept)).toBe(format);
});
