import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { ChatProviderConfig } from "../../src/config/schema.ts";
import { AppError } from "../../src/errors.ts";
import { drainGrace } from "../../src/providers/llm/drain.ts";
import type {
  ChatAnswer,
  ChatDelta,
  ChatProvider,
  ChatRequest,
} from "../../src/providers/llm/index.ts";
import { createOpenAiChat } from "../../src/providers/llm/openai.ts";
import { finishGrace } from "../../src/providers/llm/openai-answer.ts";
import { closedUrl, startUpstream, type Upstream } from "../upstream.ts";
import {
  after,
  answer,
  answerAtOnce,
  hangBeforeHeaders,
  longLine,
  refuse,
  reset,
  unpaidBill,
} from "../upstream-scripts.ts";
import { ManualClock } from "./manual-clock.ts";
import { piecesOf } from "./pieces-of.ts";
import { providerAt } from "./settings.ts";

const limits = { queueTimeout: 90, firstTokenTimeout: 60, idleTimeout: 30, requestTimeout: 600 };
const question: ChatRequest = {
  userId: 1,
  model: "model-1",
  messages: [
    { role: "system", content: "be brief" },
    { role: "user", content: "你好" },
  ],
};
const never = new AbortController().signal;

let upstream: Upstream;
let clock: ManualClock;

beforeEach(async () => {
  upstream = await startUpstream();
});
afterEach(() => upstream.close());

function provider(overrides: Partial<ChatProviderConfig> = {}): ChatProvider {
  clock = new ManualClock();
  return createOpenAiChat(providerAt(upstream.url, overrides), limits, clock);
}

/** All that an answer yields, and what it throws in the end; `begun` is called at the first piece. */
async function collect(answer: Promise<ChatAnswer>, begun: () => void = () => {}) {
  const deltas: ChatDelta[] = [];
  try {
    for await (const piece of piecesOf(await answer)) {
      expect(piece.length).toBeGreaterThan(0);
      deltas.push(...piece);
      begun();
    }
  } catch (error) {
    return { deltas, text: textOf(deltas), error };
  }
  return { deltas, text: textOf(deltas), error: undefined };
}

function textOf(deltas: readonly ChatDelta[]): string {
  return deltas.map((delta) => (delta.type === "content" ? delta.text : "")).join("");
}

const ask = (request = question, signal = never) => collect(provider().stream(request, signal));

/** Resolves when the pause before another try has begun: beside it the deadline's two timers run. */
const pauseBegun = () => clock.until((delays) => delays.length === 3);

async function skipPauses(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await pauseBegun();
    clock.advance(20_000);
  }
}

describe("the request", () => {
  test("carries what was asked for, and the key", async () => {
    const apiKey = " sk-own-key\n";
    await collect(
      provider().stream({ ...question, temperature: 0, topP: 0.5, maxTokens: 9, apiKey }, never),
    );
    expect(upstream.requests).toHaveLength(1);
    expect(upstream.requests[0]).toMatchObject({
      path: "/chat/completions",
      body: {
        model: "model-1",
        messages: question.messages,
        stream: true,
        stream_options: { include_usage: true },
        temperature: 0,
        top_p: 0.5,
        max_tokens: 9,
      },
      headers: {
        authorization: "Bearer sk-own-key",
        "content-type": "application/json",
        "accept-encoding": "identity",
      },
    });
  });

  test("carries nothing that was not asked for", async () => {
    const plain = provider({ streamOptions: false, requiresApiKey: false, apiKey: "" });
    await collect(plain.stream({ ...question, passages: [], question: "q" }, never));
    expect(upstream.requests[0]?.body).toEqual({
      model: "model-1",
      messages: question.messages,
      stream: true,
    });
    expect(upstream.requests[0]?.headers.authorization).toBeUndefined();
  });

  test("is put in the words of the model", async () => {
    const chat = provider({ maxCompletionTokens: ["o3", "GPT-5"], fixedSampling: ["o3", "GPT-5"] });
    const limited = { ...question, temperature: 0.5, topP: 0.9, maxTokens: 9 };
    for (const model of ["o3", "O3-mini", "gpt-5-2025-08-07", "gpt-5.1", "o35", "gpt-4o"]) {
      await collect(chat.stream({ ...limited, model }, never));
    }
    // Our own client sends an object.
    const settings = upstream.requests.map(({ body }) => {
      const { messages, stream, stream_options, ...rest } = body as Record<string, unknown>;
      return rest;
    });
    const sampling = { temperature: 0.5, top_p: 0.9 };
    expect(settings).toEqual([
      { model: "o3", max_completion_tokens: 9 },
      { model: "O3-mini", max_completion_tokens: 9 },
      { model: "gpt-5-2025-08-07", max_completion_tokens: 9 },
      { model: "gpt-5.1", max_completion_tokens: 9, ...sampling },
      { model: "o35", max_completion_tokens: 9, ...sampling },
      { model: "gpt-4o", max_tokens: 9, ...sampling },
    ]);
  });

  test("goes below a base URL with a slash or a query", async () => {
    const chat = provider({ baseUrl: `${upstream.url}/?api-version=1` });
    expect((await collect(chat.stream(question, never))).text).toBe("Hello world");
  });

  test("is not made without a key, nor with one that no header carries", async () => {
    const chat = provider({ apiKey: "" });
    expect(() => chat.checkAccess(undefined)).toThrow(AppError);
    expect(() => chat.checkAccess("own")).not.toThrow();
    expect((await collect(chat.stream(question, never))).error).toMatchObject({
      code: "missing_api_key",
      parameters: { provider: "scripted", key: "llm.providers[scripted].api_key" },
    });
    for (const apiKey of ["a\r\nx-evil: 1", "密钥", "a b"]) {
      expect((await collect(chat.stream({ ...question, apiKey }, never))).error).toMatchObject({
        code: "invalid_field",
        parameters: { field: "api_key" },
      });
    }
    expect(upstream.requests).toHaveLength(0);
  });
});

describe("the answer", () => {
  test("arrives whole, however it is framed", async () => {
    const pieces = ["Hé", { reasoning: "想" }, "llo 世界 😀", '"\\\n'];
    const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
    for (const framing of [
      {},
      { lineEnd: "\r\n", comments: true },
      { lineEnd: "\r", space: false },
      { end: "finish" },
      { end: "bare-done" },
      { bytewise: true, lineEnd: "\r\n" },
      { contentType: "text/plain" },
    ] as const) {
      upstream.script(answer(pieces, { ...framing, usage }));
      const { deltas, text, error } = await ask();
      expect(error).toBeUndefined();
      expect(text).toBe('Héllo 世界 😀"\\\n');
      expect(deltas[1]).toEqual({ type: "reasoning", text: "想" });
      const ends = deltas.slice(4).map(({ type }) => type);
      const noUsage = "end" in framing && framing.end === "bare-done";
      expect(ends).toEqual(noUsage ? ["finish"] : ["finish", "usage"]);
      await clock.until((delays) => delays.length === 0);
    }
  });

  test("comes piece by piece, as the provider sends it", async () => {
    const gate = Promise.withResolvers<void>();
    upstream.script(answer(["first", gate.promise, "second"]));
    const stream = await provider().stream(question, never);
    const iterator = piecesOf(stream);
    expect(await iterator.next()).toEqual({
      done: false,
      value: [{ type: "content", text: "first" }],
    });
    gate.resolve();
    const rest = (await iterator.next()).value;
    expect(rest?.[0]).toEqual({ type: "content", text: "second" });
  });

  test("leaves its connection to the next one", async () => {
    for (let i = 0; i < 3; i++) {
      expect((await ask()).text).toBe("Hello world");
      await clock.until((delays) => delays.length === 0);
    }
    expect(upstream.connections).toBe(1);
  });

  test("may be one document, or one line of 16 MB", async () => {
    upstream.script(answerAtOnce("all of it", "length"), longLine(16 * 1024 * 1024));
    expect((await ask()).deltas).toEqual([
      { type: "content", text: "all of it" },
      { type: "finish", reason: "length" },
      {
        type: "usage",
        usage: { promptTokens: 3, completionTokens: 2, totalTokens: 5, estimated: false },
      },
    ]);
    expect((await ask()).text.length).toBeGreaterThan(16_000_000);
  });

  test("that is cut looks cut, and keeps what came", async () => {
    for (const end of ["cut", "silent"] as const) {
      const read = Promise.withResolvers<void>();
      upstream.script(answer(["part", read.promise], { end }));
      const { text, error } = await collect(provider().stream(question, never), read.resolve);
      expect(text).toBe("part");
      expect(error).toMatchObject({ code: "provider_interrupted", retryable: true });
      expect(clock.pending).toBe(0);
    }
  });

  test("that breaks off in words passes them on, without the key", async () => {
    const message = "overloaded, key sk-scripted-0123456789";
    upstream.script(answer(["part", { chunk: { error: { message } } }, "more"], { end: "hang" }));
    const { text, error } = await ask();
    expect(text).toBe("part");
    expect(error).toMatchObject({
      code: "provider_interrupted",
      parameters: { message: "overloaded, key [redacted]" },
    });
    await upstream.requests[0]?.aborted;
  });

  test("ends soon after its finish reason, though the provider never ends", async () => {
    const chunk = { choices: [{ delta: { content: "whole" }, finish_reason: "stop" }] };
    upstream.script(answer([{ chunk }], { end: "hang" }));
    const collected = collect(provider().stream(question, never));
    await clock.until((delays) => delays.includes(finishGrace));
    clock.advance(finishGrace);
    const { text, error } = await collected;
    expect(text).toBe("whole");
    expect(error).toBeUndefined();
    await upstream.requests[0]?.aborted;
    expect(clock.pending).toBe(0);
  });

  test("lets the connection go when [DONE] is not the end", async () => {
    upstream.script(answer(["whole", { raw: "data: [DONE]\n\n" }], { end: "hang" }));
    expect(await ask()).toMatchObject({ text: "whole", error: undefined });
    clock.advance(drainGrace);
    await upstream.requests[0]?.aborted;
    expect(clock.pending).toBe(0);
  });
});

describe("giving up", () => {
  test("the caller's reason comes back, and the provider is let go", async () => {
    for (const script of [
      hangBeforeHeaders,
      answer([], { end: "hang" }),
      answer(["part"], { end: "hang" }),
    ]) {
      upstream.script(script);
      const controller = new AbortController();
      const collected = ask(question, controller.signal);
      const request = await upstream.nextRequest();
      const reason = new Error("gone");
      controller.abort(reason);
      expect((await collected).error).toBe(reason);
      await request.aborted;
      expect(clock.pending).toBe(0);
    }
  });

  test("an aborted caller asks nothing", async () => {
    const { error } = await ask(question, AbortSignal.abort("early"));
    expect(error).toBe("early");
    expect(upstream.requests).toHaveLength(0);
  });

  test("leaving the loop drops the connection at once, also while a read waits", async () => {
    upstream.script(answer(["part"], { end: "hang" }), answer(["part"], { end: "hang" }));
    for await (const deltas of piecesOf(await provider().stream(question, never))) {
      expect(textOf(deltas)).toBe("part");
      break;
    }
    await upstream.requests[0]?.aborted;
    expect(clock.pending).toBe(0);

    const iterator = piecesOf(await provider().stream(question, never));
    await iterator.next();
    const waiting = iterator.next();
    await iterator.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
    await upstream.requests[1]?.aborted;
  });

  test("no first token in time", async () => {
    const roleOnly = { chunk: { choices: [{ delta: { role: "assistant", content: "" } }] } };
    for (const script of [
      hangBeforeHeaders,
      answer([], { end: "hang" }),
      answer([roleOnly, { raw: ": still thinking\n" }], { end: "hang" }),
    ]) {
      upstream.script(script);
      const collected = ask();
      const request = await upstream.nextRequest();
      clock.advance(limits.firstTokenTimeout * 1000);
      expect((await collected).error).toMatchObject({
        code: "provider_timeout",
        parameters: { provider: "scripted" },
      });
      await request.aborted;
      expect(clock.pending).toBe(0);
    }
  });

  test("no end in time", async () => {
    clock = new ManualClock();
    const chat = createOpenAiChat(providerAt(upstream.url), { ...limits, idleTimeout: 0 }, clock);
    upstream.script(answer(["part"], { end: "hang" }));
    const iterator = piecesOf(await chat.stream(question, never));
    await iterator.next();
    clock.advance(limits.requestTimeout * 1000 - 1);
    const end = iterator.next();
    clock.advance(1);
    expect(await end.catch((error: unknown) => error)).toMatchObject({ code: "provider_timeout" });
    await upstream.requests[0]?.aborted;
  });

  test("an answer that falls silent counts as cut, and keeps what came", async () => {
    const begun = Promise.withResolvers<void>();
    upstream.script(answer(["part"], { end: "hang" }));
    const collected = collect(provider().stream(question, never), begun.resolve);
    await begun.promise;
    clock.advance(limits.idleTimeout * 1000);
    const { text, error } = await collected;
    expect(text).toBe("part");
    expect(error).toMatchObject({
      code: "provider_interrupted",
      parameters: { provider: "scripted", message: "nothing came for 30 s" },
      retryable: true,
    });
    await upstream.requests[0]?.aborted;
    expect(clock.pending).toBe(0);
  });

  test("silence is counted from the last thing that came", async () => {
    const gate = Promise.withResolvers<void>();
    upstream.script(answer(["a", gate.promise, "b"], { end: "hang" }));
    const iterator = piecesOf(await provider().stream(question, never));
    await iterator.next();
    const second = iterator.next();
    clock.advance(29_000);
    gate.resolve();
    expect((await second).value).toEqual([{ type: "content", text: "b" }]);
    const third = iterator.next();
    clock.advance(1000);
    expect(clock.pending).toBe(2);
    clock.advance(29_000);
    expect(await third.catch((error: unknown) => error)).toMatchObject({
      code: "provider_interrupted",
    });
  });

  test("any silence is borne where the limit is off", async () => {
    clock = new ManualClock();
    const settings = providerAt(upstream.url);
    const chat = createOpenAiChat(settings, { ...limits, idleTimeout: 0 }, clock);
    const gate = Promise.withResolvers<void>();
    upstream.script(answer(["a", gate.promise, "b"]));
    const iterator = piecesOf(await chat.stream(question, never));
    await iterator.next();
    const second = iterator.next();
    clock.advance(599_999);
    gate.resolve();
    expect((await second).value?.[0]).toEqual({ type: "content", text: "b" });
  });
});

describe("refusals", () => {
  test("are passed on with status and message", async () => {
    upstream.script(
      refuse(401, { error: { message: "bad key sk-scripted-0123456789", code: "invalid" } }),
      refuse(400, { error: "no such model" }),
      refuse(404, "<html><title>404 Not Found</title></html>"),
    );
    for (const parameters of [
      { provider: "scripted", status: 401, message: "bad key [redacted]" },
      { provider: "scripted", status: 400, message: "no such model" },
      { provider: "scripted", status: 404, message: "404 Not Found" },
    ]) {
      expect((await ask()).error).toMatchObject({
        code: "provider_failed",
        parameters,
        retryable: false,
      });
      expect(clock.pending).toBe(0);
    }
    expect(upstream.requests).toHaveLength(3);
  });

  test("that a pause may mend are tried again, twice", async () => {
    upstream.script(refuse(500, {}), reset, answer(["third"]));
    const collected = ask();
    await skipPauses(2);
    expect(await collected).toMatchObject({ text: "third", error: undefined });
    expect(upstream.requests).toHaveLength(3);

    upstream.script(refuse(503, {}), refuse(503, {}), refuse(503, { message: "third" }));
    const failing = ask();
    await skipPauses(2);
    expect((await failing).error).toMatchObject({ parameters: { status: 503, message: "third" } });
    expect(upstream.requests).toHaveLength(6);
  });

  test("are waited out as long as Retry-After says", async () => {
    upstream.script(refuse(429, {}, { "retry-after": "7" }), answer(["second"]));
    const collected = ask();
    await pauseBegun();
    clock.advance(6999);
    expect(upstream.requests).toHaveLength(1);
    clock.advance(1);
    expect((await collected).text).toBe("second");
  });

  test("are final when Retry-After leaves no time for the first token", async () => {
    upstream.script(refuse(429, { message: "slow down" }, { "retry-after": "21" }));
    const { error } = await ask();
    expect(error).toMatchObject({
      code: "provider_failed",
      parameters: { status: 429 },
      retryable: true,
      options: { retryAfter: 21 },
    });
    expect(upstream.requests).toHaveLength(1);
  });

  test("over an unpaid bill are final", async () => {
    upstream.script(unpaidBill);
    expect((await ask()).error).toMatchObject({
      parameters: { status: 429, message: "您的账户已欠费，请充值后重试。" },
      retryable: false,
    });
    expect(upstream.requests).toHaveLength(1);
  });

  test("after the first byte are not tried again", async () => {
    const read = Promise.withResolvers<void>();
    upstream.script(answer(["part", read.promise], { end: "cut" }));
    await collect(provider().stream(question, never), read.resolve);
    expect(upstream.requests).toHaveLength(1);
  });

  test("an abort ends the pause", async () => {
    upstream.script(refuse(500, {}));
    const controller = new AbortController();
    const collected = ask(question, controller.signal);
    await pauseBegun();
    controller.abort("gone");
    expect((await collected).error).toBe("gone");
    expect(clock.pending).toBe(0);
  });

  test("a redirect is not followed, and the key stays here", async () => {
    const other = await startUpstream();
    for (const status of [301, 302, 303, 307, 308]) {
      upstream.script(refuse(status, {}, { location: `${other.url}/chat/completions?key=1` }));
      expect((await ask()).error).toMatchObject({
        code: "provider_failed",
        parameters: { status },
      });
    }
    expect(other.requests).toHaveLength(0);
    await other.close();
  });

  test("a provider that cannot be reached is named", async () => {
    const baseUrl = await closedUrl();
    const collected = collect(provider({ baseUrl }).stream(question, never));
    await skipPauses(2);
    expect((await collected).error).toMatchObject({
      code: "provider_failed",
      parameters: { provider: "scripted", status: "unreachable", message: "ECONNREFUSED" },
    });
  });

  test("a refusal whose body never ends is over in time", async () => {
    const gate = Promise.withResolvers<void>();
    upstream.script(
      after(gate.promise, async (exchange) => {
        exchange.head(500, {});
        await exchange.write("half a mess");
      }),
    );
    const collected = ask();
    const request = await upstream.nextRequest();
    gate.resolve();
    clock.advance(limits.firstTokenTimeout * 1000);
    expect((await collected).error).toMatchObject({ code: "provider_timeout" });
    await request.aborted;
  });
});
