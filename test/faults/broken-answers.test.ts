import { describe, expect, test } from "bun:test";
import { messageText, readEvents, readUntil } from "../chat-stream.ts";
import { FakeTime } from "../fake-time.ts";
import { startApp } from "../harness.ts";
import { ask, lastMessage, readerOf } from "../http/conversing.ts";
import type { Script } from "../upstream.ts";
import { announced, answer, reset } from "../upstream-scripts.ts";
import { key, useFaultyProvider } from "./faulty-provider.ts";

const english = { "accept-language": "en" };

const chat = useFaultyProvider();

describe("in the middle of an answer", () => {
  /** Asks, and answers the events of a stream that ends in an error, and what is kept of it. */
  async function broken(cut: Script) {
    chat.script(cut);
    const response = await ask(chat.user, chat.id, "hello", english);
    expect(response.status).toBe(200);
    const events = await readEvents(response);
    expect(events.map(({ event }) => event)).toEqual(["start", "message", "message", "error"]);
    expect(events.map((event) => event.id)).toEqual(events.map((_, n) => `2-${n}`));
    expect(await lastMessage(chat.user, chat.id)).toMatchObject({
      message_id: 2,
      role: "assistant",
      content: messageText(events),
      status: "interrupted",
      finish_reason: "interrupted",
      // As far as it came.
      usage: { completion_tokens: expect.any(Number), estimated: true },
    });
    return events.at(-1);
  }

  const cuts: Record<string, Script> = {
    "the body ends": answer(["half of ", "an ans"], { end: "silent" }),
    "the body ends within a line": answer(["half of ", "an ans", { raw: "data: {" }], {
      end: "silent",
    }),
    "a chunk is no JSON": answer(["half of ", "an ans", { raw: "data: {oops}\n\n" }, "wer"]),
    "a line is longer than 16 MB": answer([
      "half of ",
      "an ans",
      { raw: `data: ${"x".repeat(16 * 1024 * 1024 + 100)}\n\n` },
    ]),
    "the provider says why": answer([
      "half of ",
      "an ans",
      { chunk: { error: { code: "overloaded", message: `no room for ${key}` } } },
      "wer",
    ]),
    "the finish reason is a fault": answer(["half of ", "an ans"], {
      finishReason: "network_error",
    }),
  };

  test.each(Object.keys(cuts))("%s: the part is kept, and the stream looks cut", async (cut) => {
    const end = await broken(cuts[cut] ?? reset);
    expect(end).toMatchObject({ event: "error", code: "provider_interrupted", retryable: true });
    expect(end?.data).toStartWith("The provider scripted broke off its answer");
    expect(end?.data).not.toContain(key);
  });

  test("a fault that another try will not mend is told as such", async () => {
    const error = { type: "invalid_request_error", code: "context_length_exceeded" };
    const end = await broken(answer(["half of ", "an ans", { chunk: { error } }, "wer"]));
    expect(end).toMatchObject({ code: "provider_interrupted", retryable: false });
  });

  test("the connection breaks: the part is kept, and the stream looks cut", async () => {
    const read = Promise.withResolvers<void>();
    chat.script(answer(["half of ", "an ans", read.promise], { end: "cut" }));
    const reader = readerOf(await ask(chat.user, chat.id, "hello"));
    await readUntil(reader, (text) => text.includes("an ans"));
    read.resolve();
    const rest = await readUntil(reader, (text) => text.includes('"error"'));
    expect(rest).toContain('"code":"provider_interrupted"');
    expect((await reader.read()).done).toBe(true);
    expect(await lastMessage(chat.user, chat.id)).toMatchObject({
      content: "half of an ans",
      status: "interrupted",
    });
  });

  test("silence counts as a cut", async () => {
    using time = new FakeTime();
    const silence = announced(answer(["half of ", "an ans"], { end: "hang" }));
    chat.script(silence.script);
    const reader = readerOf(await ask(chat.user, chat.id, "hello"));
    const { aborted } = await silence.asked;
    await readUntil(reader, (text) => text.includes("an ans"));
    await time.pass(61_000);
    const end = await readUntil(reader, (text) => text.includes('"error"'));
    expect(end).toContain('"code":"provider_interrupted"');
    await aborted;
    expect(await lastMessage(chat.user, chat.id)).toMatchObject({
      content: "half of an ans",
      status: "interrupted",
    });
  });

  test("a fault after the finish reason changes nothing: the answer is whole", async () => {
    const finish = { choices: [{ delta: { content: "all" }, finish_reason: "stop" }] };
    for (const end of ["silent", "cut"] as const) {
      const read = Promise.withResolvers<void>();
      const pieces = [{ chunk: finish }, read.promise, { raw: "data: {oops\n\n" }];
      chat.script(answer(pieces, { end }));
      const reader = readerOf(await ask(chat.user, chat.id, "hello"));
      await readUntil(reader, (text) => text.includes('"all"'));
      read.resolve();
      await readUntil(reader, (text) => text.includes('{"event":"full_response","data":"all"}'));
      expect(await lastMessage(chat.user, chat.id)).toMatchObject({
        content: "all",
        status: "complete",
      });
    }
  });
});

test("a model that thinks for long is waited for, with signs of life", async () => {
  const patient = await startApp();
  const caller = await patient.signUp();
  const conversation = await caller.createConversation();
  const gate = Promise.withResolvers<void>();
  using time = new FakeTime();
  const slow = announced(answer([gate.promise, "at last"]));
  patient.upstream.script(slow.script);
  const answering = ask(caller, conversation, "hello");
  await slow.asked;
  await time.pass(10_000);
  const response = await answering;
  expect(response.status).toBe(200);
  const reading = response.text();
  await time.pass(40_000);
  gate.resolve();
  const text = await reading;
  expect(text.match(/^: keep-alive$/gm)?.length).toBeGreaterThanOrEqual(4);
  expect(text).toStartWith("id: 2-0\ndata: {");
  expect(text).toContain('id: 2-1\ndata: {"event":"message","data":"at last"}\n\n');
  expect(text).toEndWith('{"event":"full_response","data":"at last"}\n\n');
  await patient.close();
});
