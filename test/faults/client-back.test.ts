import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { messageText, readEvents, readUntil } from "../chat-stream.ts";
import { eventually, FakeTime, turn } from "../fake-time.ts";
import { lastMessage, readerOf } from "../http/conversing.ts";
import type { UpstreamRequest } from "../upstream.ts";
import { announced, answer, hangBeforeHeaders } from "../upstream-scripts.ts";
import { useApp } from "../use-app.ts";

const { app, user, log } = useApp();

const grace = 30_000;

let id: number;

beforeEach(async () => {
  id = await user.createConversation();
});
afterEach(() => {
  expect(log.complaints).toEqual([]);
});

/** An answer of two pieces, the second of which waits to be let out. */
function script() {
  const gate = Promise.withResolvers<void>();
  const { script, asked } = announced(answer(["half ", gate.promise, "and all"]));
  app.upstream.script(script);
  return { asked, release: () => gate.resolve() };
}

/** Reads a stream up to the first piece, and leaves. */
async function readAndLeave(open: (signal: AbortSignal) => Promise<Response>): Promise<void> {
  const client = new AbortController();
  const response = await open(client.signal);
  await readUntil(readerOf(response), (text) => text.includes('"half "'));
  client.abort();
  await turn();
}

const ask = (signal: AbortSignal): Promise<Response> =>
  user.request("POST", `/api/chat/${id}`, { message: "hello" }, { signal });

const follow = (signal?: AbortSignal): Promise<Response> =>
  user.request("GET", `/api/chat/${id}/stream`, undefined, signal === undefined ? {} : { signal });

/** Whether the provider has been let go by now. */
async function isLetGo({ aborted }: UpstreamRequest): Promise<boolean> {
  let isAborted = false;
  void aborted.then(() => {
    isAborted = true;
  });
  for (let turns = 0; turns < 20; turns += 1) await turn();
  return isAborted;
}

const ended = () =>
  eventually(async () => (await lastMessage(user, id))?.status !== "streaming").then(() =>
    lastMessage(user, id),
  );

describe("an answer whose reader has gone", () => {
  test("goes on for half a minute, and is stored", async () => {
    using time = new FakeTime();
    const { asked, release } = script();
    await readAndLeave(ask);
    await time.pass(grace - 1000);
    expect(await isLetGo(await asked)).toBe(false);
    release();
    expect(await ended()).toMatchObject({ content: "half and all", status: "complete" });
  });

  test("is cut when nobody has come back by then, and what came is kept", async () => {
    using time = new FakeTime();
    const { asked } = script();
    await readAndLeave(ask);
    await time.pass(grace);
    await (await asked).aborted;
    expect(await ended()).toMatchObject({
      content: "half ",
      status: "interrupted",
      finish_reason: "interrupted",
    });
  });

  test("goes on for whoever comes back, and as long again when they leave", async () => {
    using time = new FakeTime();
    const { asked, release } = script();
    await readAndLeave(ask);
    await time.pass(grace - 5000);
    await readAndLeave(follow);
    await time.pass(grace - 5000);
    expect(await isLetGo(await asked)).toBe(false);
    const events = follow().then(readEvents);
    await turn();
    await time.pass(6000);
    release();
    expect(messageText(await events)).toBe("half and all");
    expect(await ended()).toMatchObject({ content: "half and all", status: "complete" });
  });

  test("goes on before its first piece, too", async () => {
    using time = new FakeTime();
    const gate = Promise.withResolvers<void>();
    const { script, asked } = announced(answer([gate.promise, "all"]));
    app.upstream.script(script);
    const client = new AbortController();
    const asking = ask(client.signal).catch((error: unknown) => error);
    await asked;
    client.abort();
    await time.pass(grace - 1000);
    expect(await isLetGo(await asked)).toBe(false);
    gate.resolve();
    expect(await ended()).toMatchObject({ content: "all", status: "complete" });
    await asking;
  });

  test("keeps the end of the server waiting no longer than shutdown_timeout", async () => {
    const { script, asked } = announced(hangBeforeHeaders);
    app.upstream.script(script);
    const client = new AbortController();
    const asking = ask(client.signal).catch((error: unknown) => error);
    const { aborted } = await asked;
    client.abort();
    const before = performance.now();
    await app.restart();
    expect(performance.now() - before).toBeLessThan(grace);
    await Promise.all([aborted, asking]);
    // Its question is there and unanswered.
    expect(await lastMessage(user, id)).toMatchObject({ role: "user", content: "hello" });
  });
});
