import { expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { byteStreamResponse } from "./byte-stream.ts";
import { startServer } from "./server.ts";

const contentType = "text/event-stream; charset=utf-8";
const nobody = new AbortController().signal;
const bytes = (text: string): Uint8Array => Buffer.from(text);

/** A server that answers with a stream of these bytes, and a connection that has asked it. */
async function serve(stream: () => AsyncIterable<Uint8Array>) {
  const server = startServer({
    host: "127.0.0.1",
    port: 0,
    handle: ({ signal }) =>
      byteStreamResponse({ bytes: stream(), contentType, signal, ending: String }),
    lastResort: () => new Response(null, { status: 500 }),
  });
  const socket: Socket = connect(server.port, "127.0.0.1");
  const opened = new Promise((resolve) => socket.once("data", resolve));
  socket.write("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
  await opened;
  return { server, socket };
}

test("bytes go out as they come, each piece before the next is asked for", async () => {
  const asked: string[] = [];
  async function* pieces() {
    for (const piece of ["a", "b", "c"]) {
      asked.push(piece);
      yield bytes(piece);
    }
  }
  const response = byteStreamResponse({
    bytes: pieces(),
    contentType,
    signal: nobody,
    ending: String,
  });
  expect(response.headers.get("content-type")).toBe(contentType);
  expect(asked).toEqual([]);
  expect(await response.text()).toBe("abc");
  expect(asked).toEqual(["a", "b", "c"]);
});

test("what is thrown is told behind what came", async () => {
  async function* broken() {
    yield bytes("begun;");
    throw new Error("cut");
  }
  const options = { bytes: broken(), contentType, signal: nobody };
  const response = byteStreamResponse({ ...options, ending: (error) => `ended by ${error}` });
  expect(await response.text()).toBe("begun;ended by Error: cut");
});

test("a client that does not read is waited for, at no more than what its connection holds", async () => {
  const piece = Buffer.alloc(65_536, "x");
  const count = 1000;
  let made = 0;
  const ended = Promise.withResolvers<void>();
  async function* pieces() {
    for (; made < count; made++) {
      yield piece;
      await turn();
    }
    ended.resolve();
  }
  const { server, socket } = await serve(pieces);
  socket.pause();
  for (let i = 0; i < 5 * count; i++) await turn();
  // The kernel holds some megabytes on both sides; all of it would be 65.
  expect(made).toBeLessThan(count / 2);
  socket.resume();
  await ended.promise;
  expect(made).toBe(count);
  socket.destroy();
  await server.stop(0);
});

test("a client that has gone ends whoever makes the bytes, read or not", async () => {
  for (const reads of [true, false]) {
    const ended = Promise.withResolvers<void>();
    async function* endless() {
      try {
        for (;;) {
          yield Buffer.alloc(reads ? 10 : 65_536, "x");
          await turn();
        }
      } finally {
        ended.resolve();
      }
    }
    const { server, socket } = await serve(endless);
    if (!reads) socket.pause();
    for (let i = 0; i < 1000; i++) await turn();
    socket.destroy();
    await ended.promise;
    await server.stop(0);
  }
});
