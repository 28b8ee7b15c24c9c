import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { CapturedLog } from "../captured-log.ts";
import { readUntil } from "../chat-stream.ts";
import { type Caller, startApp, type TestApp } from "../harness.ts";
import { ask, historyOf, lastMessage, readerOf } from "../http/conversing.ts";
import { until } from "../until.ts";
import type { Script } from "../upstream.ts";
import { announced, answer, hangBeforeHeaders } from "../upstream-scripts.ts";

let log: CapturedLog;
let app: TestApp;
let user: Caller;
let port: number;
let id: number;
let tests = 0;

beforeAll(async () => {
  log = new CapturedLog();
  app = await startApp({ SERVER_HOST: "127.0.0.1", SERVER_PORT: "0", CHAT_DISCONNECT_GRACE: "0" });
  port = app.app.listen().port;
  user = await app.signUp();
});
afterAll(async () => {
  await app.close();
  log.release();
});

beforeEach(async () => {
  id = await user.createConversation({ model: `scripted/gone-${++tests}` });
});
afterEach(() => {
  expect(log.complaints).toEqual([]);
});

/** Answers the next chat of this test by the script; resolves with the provider's request. */
function script(next: Script) {
  const { script, asked } = announced(next);
  app.upstream.scriptModel(`gone-${tests}`, script);
  return asked;
}

const talk = (signal: AbortSignal): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}/api/chat/${id}`, {
    method: "POST",
    headers: { authorization: `Bearer ${user.token}`, "content-type": "application/json" },
    body: '{"message":"hello"}',
    signal,
  });

/** The same over a bare connection, of which a test can do what it likes. */
function talkRaw() {
  const socket = connect(port, "127.0.0.1");
  const body = '{"message":"hello"}';
  socket.write(
    [
      `POST /api/chat/${id} HTTP/1.1`,
      "host: localhost",
      `authorization: Bearer ${user.token}`,
      "content-type: application/json",
      `content-length: ${body.length}`,
      "",
      body,
    ].join("\r\n"),
  );
  const received = { bytes: 0, tail: "" };
  socket.on("data", (data) => {
    received.bytes += data.length;
    received.tail = (received.tail + data.toString("latin1")).slice(-1000);
  });
  return { socket, received };
}

/** The conversation's last answer, once the server has let go of it. */
async function ended() {
  await until(async () => (await lastMessage(user, id))?.status !== "streaming", "the end");
  return lastMessage(user, id);
}

/** Asks, as soon as the conversation is free. */
async function askAgain(): Promise<string> {
  let response = await ask(user, id, "again");
  await until(async () => {
    if (response.status !== 409) return true;
    response = await ask(user, id, "again");
    return false;
  }, "the conversation to be free");
  return response.text();
}

const half = () => answer(["half of ", "an answer"], { end: "hang" });

describe("a client that leaves in the middle of an answer", () => {
  const kept = {
    content: "half of an answer",
    status: "interrupted",
    finish_reason: "interrupted",
  };

  test("by aborting lets the provider go, and the part is kept", async () => {
    const asked = script(half());
    const client = new AbortController();
    await readUntil(readerOf(await talk(client.signal)), (text) => text.includes("an answer"));
    client.abort();
    await (await asked).aborted;
    expect(await ended()).toMatchObject(kept);
  });

  test.each(["end", "destroy", "resetAndDestroy"] as const)(
    "by socket.%s() lets the provider go, and the part is kept",
    async (leave) => {
      const asked = script(half());
      const { socket, received } = talkRaw();
      await until(() => received.tail.includes("an answer"));
      socket[leave]();
      await (await asked).aborted;
      expect(await ended()).toMatchObject(kept);
    },
  );

  test("leaves the conversation free for the next message", async () => {
    const asked = script(half());
    const client = new AbortController();
    await readUntil(readerOf(await talk(client.signal)), (text) => text.includes("an answer"));
    client.abort();
    await (await asked).aborted;
    expect(await askAgain()).toContain('"full_response"');
    expect((await historyOf(user, id)).messages.map(({ content }) => content)).toEqual([
      "hello",
      "half of an answer",
      "again",
      "Hello world",
    ]);
  });
});

describe("a client that leaves before the first token", () => {
  test.each([
    ["headers", hangBeforeHeaders],
    ["a token", answer([], { end: "hang" })],
  ])("while the provider owes %s lets it go, and leaves its question alone", async (_, hang) => {
    const asked = script(hang);
    const client = new AbortController();
    const answering = talk(client.signal).catch((error: unknown) => error);
    const { aborted } = await asked;
    client.abort();
    await aborted;
    expect(await answering).toMatchObject({ name: "AbortError" });
    expect(await askAgain()).toContain('"full_response"');
    expect((await historyOf(user, id)).messages.map(({ content }) => content)).toEqual([
      "hello",
      "again",
      "Hello world",
    ]);
  });
});

test("a client that takes its time gets everything, and holds up nobody", async () => {
  const token = "x".repeat(10_000);
  script(answer(Array.from({ length: 500 }, () => token)));
  const { socket, received } = talkRaw();
  await until(() => received.bytes > 0);
  socket.pause();
  const other = await user.createConversation();
  expect(await (await ask(user, other, "quick")).text()).toContain('"full_response"');
  await until(async () => (await lastMessage(user, id))?.status === "complete");
  socket.resume();
  await until(() => received.tail.endsWith('x"}\n\n\r\n0\r\n\r\n'));
  expect(received.bytes).toBeGreaterThan(10_000_000);
  socket.destroy();
});
