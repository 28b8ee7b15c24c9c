import { afterEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { anyText } from "../any-text.ts";
import { type ChatEvent, messageText, readEvents, readUntil } from "../chat-stream.ts";
import { parseEventStream } from "../event-source.ts";
import { startApp } from "../harness.ts";
import { answer, answerAtOnce } from "../upstream-scripts.ts";
import { useApp } from "../use-app.ts";
import { ask, historyOf, readerOf } from "./conversing.ts";
import { expectFault } from "./expect-fault.ts";

const { app, user, log } = useApp();

const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };

afterEach(() => {
  expect(log.complaints).toEqual([]);
});

const kinds = (events: readonly ChatEvent[]) => events.map(({ event }) => event);

describe("the stream", () => {
  test("is the specification's, framed as the standard has it", async () => {
    const id = await user.createConversation();
    app.upstream.script(answer(["R", "ust", " 是一种系统编程语言"]));
    const response = await ask(user, id, "介绍一下RUST");
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(response.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
    expect(await response.text()).toBe(
      [
        'id: 2-0\ndata: {"event":"start","data":{"message_id":2,"user_message_id":1,"model":"scripted/model"}}\n\n',
        'id: 2-1\ndata: {"event":"message","data":"R"}\n\n',
        'id: 2-2\ndata: {"event":"message","data":"ust"}\n\n',
        'id: 2-3\ndata: {"event":"message","data":" 是一种系统编程语言"}\n\n',
        'id: 2-4\ndata: {"event":"done","data":"Stream finished"}\n\n',
        'id: 2-5\ndata: {"event":"full_response","data":"Rust 是一种系统编程语言"}\n\n',
      ].join(""),
    );
  });

  test("is the Go system's own bytes for who asks for NDJSON", async () => {
    const id = await user.createConversation();
    app.upstream.script(answer(["R", 'u"\n']));
    const response = await ask(user, id, "hello", { accept: "application/x-ndjson" });
    expect(response.headers.get("content-type")).toBe("application/x-ndjson; charset=utf-8");
    expect(await response.text()).toBe(
      [
        '{"event":"start","data":{"message_id":2,"user_message_id":1,"model":"scripted/model"}}\n\n',
        '{"event":"message","data":"R"}\n\n',
        '{"event":"message","data":"u\\"\\n"}\n\n',
        '{"event":"done","data":"Stream finished"}\n\n',
        '{"event":"full_response","data":"Ru\\"\\n"}\n\n',
      ].join(""),
    );
  });

  test("tells of reasoning and usage beside the answer", async () => {
    const id = await user.createConversation();
    app.upstream.script(answer([{ reasoning: "let me " }, { reasoning: "see" }, "4"], { usage }));
    const events = await readEvents(await ask(user, id, "2+2?"));
    expect(events.map(({ event, data }) => [event, data])).toEqual([
      ["start", { message_id: 2, user_message_id: 1, model: "scripted/model" }],
      ["reasoning", "let me "],
      ["reasoning", "see"],
      ["message", "4"],
      ["usage", usage],
      ["done", "Stream finished"],
      ["full_response", "4"],
    ]);
    expect((await historyOf(user, id)).messages[1]).toMatchObject({
      content: "4",
      reasoning: "let me see",
      usage,
    });
  });

  test("shows each token when it comes", async () => {
    const id = await user.createConversation();
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    app.upstream.script(answer(["one", gates[0].promise, "two", gates[1].promise, "three"]));
    const response = await ask(user, id, "count");
    const reader = readerOf(response);
    expect(await readUntil(reader, (text) => text.includes('"one"'))).not.toContain('"two"');
    gates[0].resolve();
    expect(await readUntil(reader, (text) => text.includes('"two"'))).not.toContain('"three"');
    gates[1].resolve();
    await readUntil(reader, (text) => text.includes('"onetwothree"'));
  });

  test("of an empty answer has its start and its end", async () => {
    const id = await user.createConversation();
    app.upstream.script(answer([]));
    const events = await readEvents(await ask(user, id, "hello"));
    expect(kinds(events)).toEqual(["start", "done", "full_response"]);
    expect(events[2]?.data).toBe("");
    expect((await historyOf(user, id)).messages[1]).toMatchObject({
      content: "",
      status: "complete",
    });
  });

  test("of a provider that does not stream is the same", async () => {
    const id = await user.createConversation();
    app.upstream.script(answerAtOnce("all at once"));
    const events = await readEvents(await ask(user, id, "hello"));
    expect(kinds(events)).toEqual(["start", "message", "usage", "done", "full_response"]);
    expect(events.at(-1)?.data).toBe("all at once");
  });

  test("carries any text unharmed, however it is cut into tokens", async () => {
    const id = await user.createConversation();
    let turns = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(anyText, { maxLength: 8 }), async (tokens) => {
        turns += 1;
        app.upstream.script(answer(tokens));
        const bytes = await (await ask(user, id, "hello")).bytes();
        const frames = parseEventStream(bytes);
        const events = frames.map(({ data }) => JSON.parse(data));
        const sent = tokens.filter((token) => token !== "");
        expect(events.slice(1, -2)).toEqual(sent.map((data) => ({ event: "message", data })));
        expect(events.at(-1)).toEqual({ event: "full_response", data: tokens.join("") });
        expect(frames.map(({ lastEventId }) => lastEventId)).toEqual(
          frames.map((_, n) => `${2 * turns}-${n}`),
        );
        expect((await historyOf(user, id)).messages.at(-1)?.content).toBe(
          tokens.join("").toWellFormed(),
        );
      }),
      { numRuns: 40 },
    );
  });

  test("joins the halves of a character that come in two tokens", async () => {
    const id = await user.createConversation();
    app.upstream.script(answer(["a\ud83d", "\ude00b"]));
    const events = await readEvents(await ask(user, id, "hello"));
    expect(messageText(events)).toBe("a😀b");
    expect(events.at(-1)?.data).toBe("a😀b");
    expect((await historyOf(user, id)).messages[1]?.content).toBe("a😀b");
  });
});

describe("a conversation that is answering", () => {
  test("takes no second message until it is done", async () => {
    const id = await user.createConversation();
    const gate = Promise.withResolvers<void>();
    app.upstream.script(answer(["one", gate.promise]));
    const first = await ask(user, id, "first");
    const fault = await expectFault(await ask(user, id, "second"), 409, "generation_running");
    expect(fault.error).toBe("该对话正在生成回答，请等待其结束");
    gate.resolve();
    await readUntil(readerOf(first), (text) => text.includes('"done"'));
    expect((await ask(user, id, "third")).status).toBe(200);
    const { messages } = await historyOf(user, id);
    expect(messages.map(({ content }) => content)).toEqual(
      expect.arrayContaining(["first", "one", "third"]),
    );
    expect(messages.map(({ content }) => content)).not.toContain("second");
  });

  test("takes exactly one of many messages at once", async () => {
    const id = await user.createConversation();
    const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => ask(user, id, `m${n}`)));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([200, ...Array.from({ length: 9 }, () => 409)]);
    await Promise.all(answers.map((response) => response.text()));
    expect((await historyOf(user, id)).messages).toHaveLength(2);
  });

  test("does not hold up another", async () => {
    const [first, second] = [await user.createConversation(), await user.createConversation()];
    const gate = Promise.withResolvers<void>();
    app.upstream.script(answer(["one", gate.promise]));
    const slow = await ask(user, first, "slow");
    expect(kinds(await readEvents(await ask(user, second, "quick")))).toContain("full_response");
    gate.resolve();
    await slow.text();
  });
});

describe("a question that cannot be asked", () => {
  test("for want of a provider is refused, and leaves no trace", async () => {
    const id = await user.createConversation({ model: "no-such-model" });
    const fault = await expectFault(await ask(user, id, "hello"), 400, "unknown_model");
    expect(fault.error).toContain("no-such-model");
    expect((await historyOf(user, id)).messages).toEqual([]);
  });

  test("for want of a key is refused, and leaves no trace", async () => {
    const own = await startApp({ LLM_PROVIDERS: '[{"name":"zhipu","api_key":""}]' });
    const caller = await own.signUp();
    const id = await caller.createConversation({ model: "glm-4" });
    const response = await caller.post(
      `/api/chat/${id}`,
      { message: "hello" },
      { "accept-language": "en" },
    );
    const fault = await expectFault(response, 400, "missing_api_key");
    expect(fault.error).toBe("The provider zhipu has no API key: set llm.providers[zhipu].api_key");
    const path = `/api/conversations/history/${id}`;
    expect(await (await caller.get(path)).json()).toMatchObject({ messages: [] });
    await own.close();
  });
});

test("the model demo answers with no provider at all", async () => {
  const id = await user.createConversation({ model: "demo" });
  const asked = app.upstream.requests.length;
  const events = await readEvents(await ask(user, id, "你是谁？"));
  expect(kinds(events)).toEqual(expect.arrayContaining(["start", "message", "usage", "done"]));
  expect(events.at(-1)?.data).toBe(messageText(events));
  expect(app.upstream.requests).toHaveLength(asked);
});
