import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { ChatProviderConfig } from "../../src/config/schema.ts";
import { AppError } from "../../src/errors.ts";
import { JsonObject } from "../../src/json-object.ts";
import type { ChatProvider, ForwardedAnswer } from "../../src/providers/llm/index.ts";
import { createOpenAiChat } from "../../src/providers/llm/openai.ts";
import { createChatRouter } from "../../src/providers/llm/router.ts";
import { ManualClock } from "../providers/manual-clock.ts";
import { configWith, providerAt } from "../providers/settings.ts";
import { type Exchange, type Script, startUpstream, type Upstream } from "../upstream.ts";
import {
  type AnswerOptions,
  answer,
  answerAtOnce,
  hangBeforeHeaders,
  longLine,
  refuse,
  unpaidBill,
} from "../upstream-scripts.ts";

const limits = { queueTimeout: 90, firstTokenTimeout: 60, idleTimeout: 30, requestTimeout: 600 };
const never = new AbortController().signal;

let upstream: Upstream;
let clock: ManualClock;

beforeEach(async () => {
  upstream = await startUpstream();
  clock = new ManualClock();
});
afterEach(() => upstream.close());

const provider = (overrides: Partial<ChatProviderConfig> = {}): ChatProvider =>
  createOpenAiChat(providerAt(upstream.url, overrides), limits, clock);

const object = (text: string): JsonObject => JsonObject.read(Buffer.from(text));

const request = (stream: boolean, body = `{"model":"mine","stream":${stream},"messages":[]}`) => ({
  userId: 1,
  model: "model-1",
  body: object(body),
  stream,
});

interface Collected {
  readonly text: string;
  readonly error: unknown;
}

/** All bytes that an answer yields, and what it throws in the end. */
async function collect(answer: Promise<ForwardedAnswer>): Promise<Collected> {
  let text = "";
  try {
    for await (const bytes of await answer) text += Buffer.from(bytes).toString();
  } catch (error) {
    return { text, error };
  }
  return { text, error: undefined };
}

/** A script, and all that it writes. */
function recorded(script: Script): { script: Script; sent: () => string } {
  let sent = "";
  return {
    sent: () => sent,
    script: (exchange: Exchange) => {
      const { write, end } = exchange;
      exchange.write = (data) => {
        sent += Buffer.from(data).toString("latin1");
        return write.call(exchange, data);
      };
      exchange.end = (data) => {
        sent += data ?? "";
        end.call(exchange, data);
      };
      return script(exchange);
    },
  };
}

const stream = (overrides: Partial<ChatProviderConfig> = {}, signal = never) =>
  collect(provider(overrides).forward(request(true), signal));

const whole = (overrides: Partial<ChatProviderConfig> = {}, signal = never) =>
  collect(provider(overrides).forward(request(false), signal));

describe("a request", () => {
  const sent =
    '{ "seed":12345678901234567890, "model" : "mine","stream":true, "x":{"y":[1.0,null]}}';

  /** The bytes of a request's body as a provider gets them. */
  async function bodyOf(overrides: Partial<ChatProviderConfig>, text: string): Promise<string> {
    const bodies: string[] = [];
    const server = Bun.serve({
      port: 0,
      async fetch(got) {
        bodies.push(await got.text());
        expect(got.headers.get("content-type")).toBe("application/json");
        expect(got.headers.get("authorization")).toBe("Bearer sk-scripted-0123456789");
        return new Response("data: [DONE]\n\n", {
          headers: { "content-type": "text/event-stream" },
        });
      },
    });
    const settings = providerAt(`http://127.0.0.1:${server.port}/v1`, overrides);
    const chat = createOpenAiChat(settings, limits, clock);
    await collect(chat.forward(request(true, text), never));
    await server.stop(true);
    return bodies.join();
  }

  test("reaches the provider byte by byte, but for the model", async () => {
    expect(await bodyOf({}, sent)).toBe(sent.replace('"mine"', '"model-1"'));
  });

  test("loses stream_options where the provider does not know them", async () => {
    const text = '{"model":"a","stream_options":{"include_usage":true},"n":2}';
    expect(await bodyOf({}, text)).toBe(text.replace('"a"', '"model-1"'));
    expect(await bodyOf({ streamOptions: false }, text)).toBe('{"model":"model-1","n":2}');
  });

  test("needs a key where the provider does", async () => {
    const error = await collect(provider({ apiKey: "" }).forward(request(true), never));
    expect(error.error).toMatchObject({ code: "missing_api_key" });
    expect(upstream.requests).toEqual([]);
  });
});

describe("a stream", () => {
  const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
  const shapes: readonly AnswerOptions[] = [
    {},
    { usage },
    { end: "finish" },
    { end: "bare-done" },
    { lineEnd: "\r\n", comments: true },
    { lineEnd: "\r", space: false },
    { bytewise: true, lineEnd: "\r\n" },
    { contentType: "text/plain" },
    { contentType: "application/json", comments: true },
  ];
  test.each(shapes)("comes through byte by byte: %j", async (options) => {
    const { script, sent } = recorded(answer(["你", "好", { reasoning: "r" }, "😀"], options));
    upstream.script(script);
    const { text, error } = await stream();
    expect(error).toBeUndefined();
    expect(Buffer.from(text).toString("latin1")).toBe(sent());
  });

  test("keeps tool calls, logprobs and whatever else is in a chunk", async () => {
    const chunk = {
      choices: [{ index: 1, delta: { tool_calls: [{ index: 0, id: "c" }] }, logprobs: { x: 1.0 } }],
      anything: [1, { else: null }],
    };
    upstream.script(answer([{ chunk }, { raw: 'data: {"odd"  :  1.50}\n\n' }]));
    const { text } = await stream();
    expect(text).toContain(`data: ${JSON.stringify(chunk)}\n\n`);
    expect(text).toContain('data: {"odd"  :  1.50}\n\n');
  });

  test("comes as it comes: each event is there before the next is sent", async () => {
    const gates = Array.from({ length: 3 }, () => Promise.withResolvers<void>());
    upstream.script(answer(["a", gates[0]?.promise ?? "", "b", gates[1]?.promise ?? "", "c"]));
    const forwarded = await provider().forward(request(true), never);
    const seen: string[] = [];
    for await (const bytes of forwarded) {
      const text = Buffer.from(bytes).toString();
      for (const [, content = ""] of text.matchAll(/"content":"(\w)"/g)) {
        seen.push(content);
        gates[seen.length - 1]?.resolve();
      }
    }
    expect(seen).toEqual(["a", "b", "c"]);
  });

  test.each([
    ["without a word", "silent"],
    ["with the connection", "cut"],
  ] as const)("that ends too early, %s, is known as cut, after what came", async (_, end) => {
    const read = Promise.withResolvers<void>();
    upstream.script(answer(["first", read.promise], { end }));
    const forwarded = await provider().forward(request(true), never);
    let text = "";
    const iterate = async () => {
      for await (const bytes of forwarded) {
        text += Buffer.from(bytes).toString();
        read.resolve();
      }
    };
    const error = await iterate().catch((error: unknown) => error);
    expect(text).toContain('"first"');
    expect(text).toEndWith("\n\n");
    expect(error).toMatchObject({ code: "provider_interrupted", retryable: true });
  });

  test.each([
    'data: {"error":{"message":"no more for sk-scripted-0123456789","code":"overloaded"}}',
    'event: error\ndata: {"message":"no more for sk-scripted-0123456789"}',
  ])("that ends in the provider's own error has that alone, without its key: %s", async (event) => {
    upstream.script(answer(["first", { raw: `${event}\n\n` }], { end: "silent" }));
    const { text, error } = await stream();
    expect(error).toBeUndefined();
    expect(text).toContain('"first"');
    expect(text).toContain(event.replace("sk-scripted-0123456789", "[redacted]"));
    expect(text).not.toContain("sk-scripted-0123456789");
  });

  test("that is cut within an event loses that event", async () => {
    upstream.script(answer(["first", { raw: 'data: {"choices":[{"del' }], { end: "silent" }));
    const { text, error } = await stream();
    expect(text).toContain('"first"');
    expect(text).toEndWith("\n\n");
    expect(text).not.toContain('[{"del\n');
    expect(error).toMatchObject({ code: "provider_interrupted" });
  });

  test("may lack the blank line at its end", async () => {
    upstream.script(answer(["a", { raw: "data: [DONE]" }], { end: "silent" }));
    const { text, error } = await stream();
    expect(error).toBeUndefined();
    expect(text).toEndWith("data: [DONE]\n\n");
  });

  test("that is told to be done is over, whatever the provider does", async () => {
    upstream.script(answer(["a", { raw: "data: [DONE]\n\n" }], { end: "hang" }));
    const chat = provider({ maxConcurrent: 1 });
    const { text, error } = await collect(chat.forward(request(true), never));
    expect([text.endsWith("[DONE]\n\n"), error]).toEqual([true, undefined]);
    clock.advance(1000);
    // The place is free again.
    expect((await collect(chat.forward(request(true), never))).error).toBeUndefined();
  });

  test("that is only said to be done in the answer's text goes on", async () => {
    upstream.script(answer(["data: [DONE]", "more"]));
    expect((await stream()).text).toContain('"more"');
  });

  test("begins with the first event that tells anything", async () => {
    const gate = Promise.withResolvers<void>();
    upstream.script(answer([{ raw: ": wait\n\n: wait\n\n" }, gate.promise, "x"]));
    let isThere = false;
    const forwarding = provider()
      .forward(request(true), never)
      .then((forwarded) => {
        isThere = true;
        return forwarded;
      });
    await upstream.nextRequest();
    expect(isThere).toBe(false);
    gate.resolve();
    const { text } = await collect(forwarding);
    expect(text).toStartWith(": wait\n\n: wait\n\ndata: ");
  });

  test("that begins with an error is that error", async () => {
    const cases: readonly [object, object][] = [
      [
        {
          error: {
            message: "too long",
            type: "invalid_request_error",
            code: "context_length_exceeded",
          },
        },
        { parameters: { status: 400, message: "too long" }, retryable: false },
      ],
      [
        { error: { message: "slow down", code: 429 } },
        { parameters: { status: 429 }, retryable: true },
      ],
      [
        { error: { message: "欠费", code: "1113" } },
        { parameters: { status: "1113" }, retryable: false },
      ],
    ];
    for (const [chunk, expected] of cases) {
      upstream.script(answer([{ chunk }]), refuse(200, chunk));
      for (const { text, error } of [await stream(), await stream()]) {
        expect(text).toBe("");
        expect(error).toMatchObject({ code: "provider_failed", ...expected });
      }
    }
    upstream.script(answer([{ raw: 'event: error\ndata: {"message":"no"}\n\n' }]));
    expect((await stream()).error).toMatchObject({ parameters: { message: "no" } });
  });

  test("is made of the answer of a provider that does not stream", async () => {
    upstream.script(answerAtOnce("all 全部", "length"));
    const { text, error } = await stream();
    expect(error).toBeUndefined();
    expect(text).toEndWith("\n\ndata: [DONE]\n\n");
    expect(JSON.parse(text.slice(6, text.indexOf("\n\n")))).toMatchObject({
      object: "chat.completion.chunk",
      choices: [
        { index: 0, delta: { role: "assistant", content: "all 全部" }, finish_reason: "length" },
      ],
      usage: { total_tokens: 5 },
    });
    const calls = [{ id: "a", type: "function", function: { name: "f", arguments: "{}" } }];
    const choices = [{ index: 0, message: { content: null, tool_calls: calls } }];
    upstream.script(refuse(200, { choices }));
    expect((await stream()).text).toContain('"tool_calls":[{"index":0,"id":"a"');
  });

  test("is refused where a page or nothing came", async () => {
    upstream.script(refuse(200, "<html><title>Welcome</title></html>"));
    expect((await stream()).error).toMatchObject({
      code: "provider_failed",
      parameters: { message: "Welcome" },
    });
    upstream.script(answer([], { end: "silent" }));
    expect((await stream()).error).toMatchObject({ code: "provider_interrupted" });
  });

  test("holds no event of more than 16 MB", async () => {
    upstream.script(longLine(16 * 1024 * 1024 + 10));
    expect((await stream()).error).toMatchObject({ code: "provider_interrupted" });
  });
});

describe("time", () => {
  test("without a first token ends the wait", async () => {
    upstream.script(hangBeforeHeaders);
    const answered = stream();
    await upstream.nextRequest();
    clock.advance(60_000);
    expect((await answered).error).toMatchObject({ code: "provider_timeout" });
  });

  test("of silence cuts a stream", async () => {
    upstream.script(answer(["a"], { end: "hang" }));
    const forwarded = await provider().forward(request(true), never);
    const iterator = forwarded[Symbol.asyncIterator]();
    expect((await iterator.next()).done).toBe(false);
    const next = iterator.next().catch((error: unknown) => error);
    clock.advance(30_000);
    expect(await next).toMatchObject({ code: "provider_interrupted" });
  });

  test("is longer for an answer that comes at once", async () => {
    const gate = Promise.withResolvers<void>();
    upstream.script(async (exchange) => {
      await gate.promise;
      await answerAtOnce("late")(exchange);
    });
    const answered = whole();
    await upstream.nextRequest();
    clock.advance(599_000);
    gate.resolve();
    expect((await answered).text).toContain("late");
    upstream.script(hangBeforeHeaders);
    const hanging = whole();
    await upstream.nextRequest();
    clock.advance(600_000);
    expect((await hanging).error).toMatchObject({ code: "provider_timeout" });
  });
});

describe("a caller who goes", () => {
  const reason = new Error("gone");

  test("before the answer, drops the request", async () => {
    upstream.script(hangBeforeHeaders);
    const controller = new AbortController();
    const chat = provider({ maxConcurrent: 1 });
    const answered = collect(chat.forward(request(true), controller.signal));
    const { aborted } = await upstream.nextRequest();
    controller.abort(reason);
    expect((await answered).error).toBe(reason);
    await aborted;
    expect((await collect(chat.forward(request(true), never))).error).toBeUndefined();
  });

  test("in the middle of it, too, by the signal or by reading no more", async () => {
    const controller = new AbortController();
    const chat = provider({ maxConcurrent: 1 });
    upstream.script(answer(["a"], { end: "hang" }));
    const forwarded = await chat.forward(request(true), controller.signal);
    const iterator = forwarded[Symbol.asyncIterator]();
    await iterator.next();
    const next = iterator.next().catch((error: unknown) => error);
    controller.abort(reason);
    expect(await next).toBe(reason);
    await (await upstream.nextRequest()).aborted;

    upstream.script(answer(["a"], { end: "hang" }));
    for await (const _ of await chat.forward(request(true), never)) break;
    await (await upstream.nextRequest()).aborted;
    expect((await collect(chat.forward(request(true), never))).error).toBeUndefined();
  });
});

describe("an answer at once", () => {
  test("comes through byte by byte", async () => {
    const text = '{ "choices":[{"message":{"content":"1.0"}}], "x":12345678901234567890 }\n';
    upstream.script((exchange) => {
      exchange.head(200, { "content-type": "application/json" });
      exchange.end(text);
    });
    expect(await whole()).toEqual({ text, error: undefined });
  });

  test("is an error where it holds one, is no answer, or is cut", async () => {
    const chat = provider({ maxConcurrent: 1 });
    const cases: readonly [Script, object][] = [
      [refuse(200, { error: { message: "no", code: "1211" } }), { parameters: { status: 400 } }],
      [refuse(200, "<title>Login</title>"), { parameters: { message: "Login" } }],
      [refuse(200, { hello: "world" }), { code: "provider_failed" }],
      [
        async (exchange) => {
          exchange.head(200, { "content-type": "application/json", "content-length": "100" });
          await exchange.write('{"choices":[');
          exchange.destroy();
        },
        { code: "provider_interrupted" },
      ],
    ];
    for (const [script, expected] of cases) {
      upstream.script(script);
      const { error } = await collect(chat.forward(request(false), never));
      expect(error).toBeInstanceOf(AppError);
      expect(error).toMatchObject(expected);
    }
  });

  test("tells the provider's refusal in its own words, without its key", async () => {
    const error = {
      message: "bad key sk-scripted-0123456789",
      type: "invalid_request_error",
      code: "context_length_exceeded",
      param: "messages[0].content",
    };
    upstream.script(refuse(400, { error }));
    const refusal = await whole();
    expect(refusal.error).toMatchObject({
      parameters: { status: 400, message: "bad key [redacted]" },
      options: {
        words: {
          type: "invalid_request_error",
          code: "context_length_exceeded",
          param: "messages[0].content",
        },
      },
    });
    upstream.script(refuse(400, { error: { message: "x", code: "sk-scripted-0123456789" } }));
    expect((await whole()).error).toMatchObject({ options: { words: { code: undefined } } });
    upstream.script(unpaidBill);
    expect((await whole()).error).toMatchObject({
      retryable: false,
      options: { words: { code: "1113" } },
    });
  });
});

test("a fallback gets the request, with its own model", async () => {
  const second = await startUpstream();
  const config = configWith([
    providerAt(upstream.url, { name: "first", models: ["one"], fallback: ["two-b"] }),
    providerAt(second.url, { name: "second", models: ["two"] }),
  ]);
  const { provider: chat, model } = createChatRouter(config, clock).route("one-a");
  const body = object('{"model":"x","tools":[1],"messages":[]}');
  upstream.script(refuse(503, {}, { "retry-after": "3" }), refuse(400, { error: "no" }));
  const first = await collect(chat.forward({ userId: 1, model, body, stream: true }, never));
  expect(first.error).toBeUndefined();
  expect(second.requests.map((each) => each.body)).toEqual([
    { model: "two-b", tools: [1], messages: [] },
  ]);
  const refused = await collect(chat.forward({ userId: 1, model, body, stream: true }, never));
  expect(refused.error).toMatchObject({ parameters: { status: 400 } });
  expect(second.requests).toHaveLength(1);
  await second.close();
});
