import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { ChatProviderConfig } from "../../src/config/schema.ts";
import type { ChatProvider } from "../../src/providers/llm/index.ts";
import { createOpenAiChat } from "../../src/providers/llm/openai.ts";
import { type Script, startUpstream, type Upstream } from "../upstream.ts";
import { answer, hangBeforeHeaders, refuse, reset } from "../upstream-scripts.ts";
import { ManualClock } from "./manual-clock.ts";
import { piecesOf } from "./pieces-of.ts";
import { providerAt } from "./settings.ts";

const limits = { queueTimeout: 90, firstTokenTimeout: 60, idleTimeout: 30, requestTimeout: 600 };
const never = new AbortController().signal;

let upstream: Upstream;
let clock: ManualClock;

beforeEach(async () => {
  upstream = await startUpstream();
});
afterEach(() => upstream.close());

function provider(overrides: Partial<ChatProviderConfig>): ChatProvider {
  clock = new ManualClock();
  return createOpenAiChat(providerAt(upstream.url, overrides), limits, clock);
}

async function ask(chat: ChatProvider, signal = never, userId = 1) {
  const messages = [{ role: "user" as const, content: "hi" }];
  let text = "";
  try {
    const answer = await chat.stream({ userId, model: "m", messages }, signal);
    await answer.each((deltas) => {
      for (const delta of deltas) if (delta.type === "content") text += delta.text;
    });
  } catch (error) {
    return { text, error };
  }
  return { text, error: undefined };
}

const open = (chat: ChatProvider, signal = never) =>
  chat.stream({ userId: 1, model: "m", messages: [] }, signal);

describe("max_concurrent", () => {
  test("keeps the next one waiting until an answer is over", async () => {
    const chat = provider({ maxConcurrent: 1 });
    const gate = Promise.withResolvers<void>();
    upstream.script(answer(["a", gate.promise, "b"]));
    const first = ask(chat);
    const second = ask(chat);
    await upstream.nextRequest();
    // The wait does not count against the first token: its time begins with the request.
    clock.advance(limits.firstTokenTimeout * 1000 - 1);
    expect(upstream.requests).toHaveLength(1);
    gate.resolve();
    expect((await first).text).toBe("ab");
    expect((await second).text).toBe("Hello world");
  });

  const ends: readonly [string, (chat: ChatProvider) => Promise<unknown>, ...Script[]][] = [
    ["whole", ask],
    ["refused", ask, refuse(400, {})],
    ["cut", ask, answer(["a"], { end: "silent" })],
    ["cut before it began", ask, answer([], { end: "silent" })],
    ["garbled", ask, answer(["a", { raw: "data: {\n\n" }], { end: "hang" })],
    ["not ended after [DONE]", askAndDrain, answer([{ raw: "data: [DONE]\n\n" }], { end: "hang" })],
    ["without a first token", askUntilTimeout(60_000), hangBeforeHeaders],
    ["silent", readOne(30_000), answer(["a"], { end: "hang" })],
    ["given up before the headers", giveUp, hangBeforeHeaders],
    ["given up before it began", giveUp, answer([], { end: "hang" })],
    ["given up while it paused", giveUpPause, reset],
    ["left by its reader", leave, answer(["a"], { end: "hang" })],
    ["never read", abandon, answer(["a"], { end: "hang" })],
  ];
  for (const [name, end, ...scripts] of ends) {
    test(`gives the place back when the answer is ${name}`, async () => {
      const chat = provider({ maxConcurrent: 1 });
      upstream.script(...scripts);
      await end(chat);
      expect(await ask(chat)).toEqual({ text: "Hello world", error: undefined });
      await clock.until((delays) => delays.length === 0);
    });
  }

  async function askAndDrain(chat: ChatProvider): Promise<void> {
    await ask(chat);
    clock.advance(1000);
  }

  function askUntilTimeout(milliseconds: number) {
    return async (chat: ChatProvider): Promise<void> => {
      const asked = ask(chat);
      await upstream.nextRequest();
      clock.advance(milliseconds);
      await asked;
    };
  }

  function readOne(milliseconds: number) {
    return async (chat: ChatProvider): Promise<void> => {
      const iterator = piecesOf(await open(chat));
      await iterator.next();
      const silent = iterator.next().catch(() => {});
      clock.advance(milliseconds);
      await silent;
    };
  }

  async function giveUp(chat: ChatProvider): Promise<void> {
    const controller = new AbortController();
    const asked = ask(chat, controller.signal);
    await upstream.nextRequest();
    controller.abort("gone");
    expect((await asked).error).toBe("gone");
  }

  async function giveUpPause(chat: ChatProvider): Promise<void> {
    const controller = new AbortController();
    const asked = ask(chat, controller.signal);
    await clock.until((delays) => delays.length === 3);
    controller.abort("gone");
    await asked;
  }

  async function leave(chat: ChatProvider): Promise<void> {
    (await open(chat)).cancel();
  }

  async function abandon(chat: ChatProvider): Promise<void> {
    await open(chat);
    clock.advance(limits.requestTimeout * 1000);
  }
});

test("who gives up in the queue asks nothing", async () => {
  const chat = provider({ maxConcurrent: 1 });
  const gate = Promise.withResolvers<void>();
  upstream.script(answer(["a", gate.promise]));
  const first = ask(chat);
  await upstream.nextRequest();
  const controller = new AbortController();
  const second = ask(chat, controller.signal);
  controller.abort("gone");
  expect((await second).error).toBe("gone");
  gate.resolve();
  await first;
  expect(upstream.requests).toHaveLength(1);
});

test("a queue that is full refuses", async () => {
  const chat = provider({ maxConcurrent: 1, maxQueue: 0 });
  // One that came whole at once would give its place back at once.
  upstream.script(answer(["a"], { end: "hang" }));
  await open(chat);
  expect((await ask(chat)).error).toMatchObject({ code: "rate_limited" });
});

describe("requests_per_minute", () => {
  test("counts every request, and makes the next one wait", async () => {
    const chat = provider({ requestsPerMinute: 2 });
    await ask(chat);
    await ask(chat);
    const third = ask(chat);
    await clock.until((delays) => delays.includes(60_000));
    clock.advance(60_000);
    expect((await third).text).toBe("Hello world");
  });

  test("counts another try, which waits as well", async () => {
    const chat = provider({ requestsPerMinute: 2 });
    upstream.script(refuse(500, {}), refuse(500, {}));
    const asked = ask(chat);
    await clock.until((delays) => delays.some((delay) => delay < 1000));
    clock.advance(1000);
    // The next would have to wait for longer than the first token may take.
    const { error } = await asked;
    expect(error).toMatchObject({ code: "provider_failed", parameters: { status: 500 } });
    expect(upstream.requests).toHaveLength(2);
  });
});
