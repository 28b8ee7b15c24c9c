import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import {
  APICallError,
  embed,
  generateText,
  isStepCount,
  jsonSchema,
  streamText,
  type ToolSet,
  tool,
} from "ai";
import { type Caller, startApp, type TestApp } from "../harness.ts";
import { createKnowledgeBase, read, upload } from "../http/knowing.ts";
import { until } from "../until.ts";
import { answer, hangBeforeHeaders, refuse } from "../upstream-scripts.ts";
import { complete, createKey, listen, onFreePort } from "./listening.ts";

let app: TestApp;
let user: Caller;
let baseURL: string;
let provider: ReturnType<typeof createOpenAICompatible>;

beforeAll(async () => {
  app = await startApp(onFreePort);
  user = await app.signUp();
  baseURL = listen(app);
  const apiKey = await createKey(user);
  provider = createOpenAICompatible({ name: "ours", baseURL, apiKey, includeUsage: true });
});
afterAll(() => app.close());

/** The citations of a body or a chunk: an addition to the protocol. */
function metadataOf(body: unknown) {
  const { citations } = body as { citations?: { number: number; doc_name: string }[] };
  return citations && { ours: { citations } };
}

const model = () => provider("scripted/m");

interface City {
  readonly city: string;
}

const tools: ToolSet = {
  weather: tool({
    description: "The weather in a city",
    inputSchema: jsonSchema<City>({
      type: "object",
      properties: { city: { type: "string" } },
      required: ["city"],
    }),
    execute: ({ city }: City) => ({ city, degrees: 21 }),
  }),
};

const call = {
  id: "call-1",
  type: "function",
  function: { name: "weather", arguments: '{"city":"北京"}' },
};

describe("generateText", () => {
  test("answers", async () => {
    app.upstream.script(complete({ content: "Hi" }));
    const result = await generateText({ model: model(), prompt: "你好", temperature: 0.5 });
    expect(result.text).toBe("Hi");
    expect(result.finishReason).toBe("stop");
    expect(result.usage).toMatchObject({ inputTokens: 3, outputTokens: 2, totalTokens: 5 });
    expect(app.upstream.requests.at(-1)?.body).toMatchObject({ model: "m", temperature: 0.5 });
  });

  test("calls tools and goes on with what they say", async () => {
    app.upstream.script(
      complete(
        {},
        {
          choices: [
            {
              index: 0,
              message: { role: "assistant", content: null, tool_calls: [call] },
              finish_reason: "tool_calls",
            },
          ],
        },
      ),
      complete({ content: "21 °C" }),
    );
    const result = await generateText({
      model: model(),
      prompt: "北京天气？",
      tools,
      stopWhen: isStepCount(3),
    });
    expect(result.text).toBe("21 °C");
    expect(result.steps).toHaveLength(2);
    expect(result.steps[0]?.toolResults[0]).toMatchObject({
      toolName: "weather",
      output: { city: "北京", degrees: 21 },
    });
    expect(app.upstream.requests.at(-1)?.body).toMatchObject({
      tools: [{ type: "function", function: { name: "weather" } }],
      messages: [
        { role: "user" },
        { role: "assistant", tool_calls: [{ id: "call-1" }] },
        { role: "tool", tool_call_id: "call-1" },
      ],
    });
  });

  test("answers by the demo model", async () => {
    const result = await generateText({ model: provider("demo"), prompt: "你好" });
    expect(result.text).toContain("demo");
    expect(result.usage.outputTokens).toBeGreaterThan(10);
  });

  test("tries again what passes by itself, and nothing else", async () => {
    const busy = refuse(503, {}, { "retry-after": "0" });
    app.upstream.script(busy, busy, busy, complete({ content: "at last" }));
    const result = await generateText({ model: model(), prompt: "x", maxRetries: 1 });
    expect(result.text).toBe("at last");
    const before = app.upstream.requests.length;
    const error = { message: "no such tool", type: "invalid_request_error", code: "bad_tool" };
    app.upstream.script(refuse(400, { error }));
    const failed = await generateText({ model: model(), prompt: "x" }).catch((cause) => cause);
    if (!APICallError.isInstance(failed)) throw new Error(`no API error: ${failed}`);
    expect(failed).toMatchObject({ statusCode: 400, message: "no such tool", isRetryable: false });
    expect(failed.data).toEqual({ error: { ...error, param: null } });
    expect(app.upstream.requests.length - before).toBe(1);
  });
});

describe("streamText", () => {
  test("streams text, reasoning and usage", async () => {
    const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
    app.upstream.script(answer([{ reasoning: "hm" }, "Hel", "lo"], { usage }));
    const result = streamText({ model: model(), prompt: "你好" });
    const pieces: string[] = [];
    for await (const piece of result.textStream) pieces.push(piece);
    expect(pieces).toEqual(["Hel", "lo"]);
    expect(await result.reasoningText).toBe("hm");
    expect(await result.usage).toMatchObject({ inputTokens: 1, outputTokens: 2 });
    expect(await result.finishReason).toBe("stop");
  });

  test("streams the calls of tools", async () => {
    const part = (more: object) => ({
      chunk: { id: "c", choices: [{ index: 0, delta: { tool_calls: [{ index: 0, ...more }] } }] },
    });
    app.upstream.script(
      answer(
        [
          part({ id: "call-1", type: "function", function: { name: "weather", arguments: "" } }),
          part({ function: { arguments: '{"city":"北' } }),
          part({ function: { arguments: '京"}' } }),
        ],
        { finishReason: "tool_calls" },
      ),
      answer(["21", " °C"]),
    );
    const result = streamText({
      model: model(),
      prompt: "北京天气？",
      tools,
      stopWhen: isStepCount(3),
    });
    expect(await result.text).toBe("21 °C");
    expect((await result.steps)[0]?.toolCalls[0]).toMatchObject({ input: { city: "北京" } });
  });

  test("ends the provider's answer when it is aborted", async () => {
    app.upstream.script(answer(["a"], { end: "hang" }));
    const controller = new AbortController();
    const result = streamText({
      model: model(),
      prompt: "x",
      abortSignal: controller.signal,
      onError: () => {},
    });
    for await (const _ of result.textStream) controller.abort();
    await app.upstream.requests.at(-1)?.aborted;
    const before = app.upstream.requests.length;
    app.upstream.script(hangBeforeHeaders);
    const second = new AbortController();
    const asked = generateText({ model: model(), prompt: "x", abortSignal: second.signal });
    const settled = asked.catch((error: unknown) => error);
    await until(() => app.upstream.requests.length > before);
    second.abort();
    expect(await settled).toBeInstanceOf(Error);
    await app.upstream.requests.at(-1)?.aborted;
  });

  test("tells of an answer that was cut", async () => {
    app.upstream.script(answer(["first"], { end: "silent" }));
    const errors: unknown[] = [];
    const result = streamText({
      model: model(),
      prompt: "x",
      onError: ({ error }) => {
        errors.push(error);
      },
    });
    const pieces: string[] = [];
    for await (const piece of result.textStream) pieces.push(piece);
    expect(pieces).toEqual(["first"]);
    expect(JSON.stringify(errors)).toContain("provider_interrupted");
  });
});

test("a knowledge base answers with footnotes, and its citations can be had", async () => {
  const kb = await createKnowledgeBase(user);
  await read(await upload(user, kb, "食物.md", "# 水果\n\n苹果是一种红色的水果。\n"));
  const cited = createOpenAICompatible({
    name: "ours",
    baseURL,
    apiKey: await createKey(user),
    metadataExtractor: {
      extractMetadata: async ({ parsedBody }) => metadataOf(parsedBody),
      createStreamExtractor() {
        let metadata: ReturnType<typeof metadataOf>;
        return {
          processChunk(chunk) {
            metadata = metadataOf(chunk) ?? metadata;
          },
          buildMetadata: () => metadata,
        };
      },
    },
  });
  const prompt = "苹果是什么颜色的？";
  const whole = await generateText({ model: cited(`kb:${kb}`), prompt });
  expect(whole.text).toBe("苹果是一种红色的水果。[^1]\n\n[^1]: 食物.md · 水果");
  const citations = [{ number: 1, doc_name: "食物.md", heading: "水果" }];
  expect(whole.providerMetadata).toMatchObject({ ours: { citations } });
  const streamed = streamText({ model: cited(`kb:${kb}/demo`), prompt });
  expect(await streamed.text).toBe(whole.text);
  expect(await streamed.providerMetadata).toMatchObject({ ours: { citations } });
});

test("embed gives the vector of a text", async () => {
  const { embedding, usage } = await embed({
    model: provider.embeddingModel("builtin"),
    value: "苹果",
  });
  expect(embedding).toHaveLength(1024);
  expect(usage.tokens).toBeGreaterThan(0);
});
