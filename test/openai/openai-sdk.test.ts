import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import OpenAI from "openai";
import { CapturedLog } from "../captured-log.ts";
import { FakeTime } from "../fake-time.ts";
import { type Caller, startApp, type TestApp } from "../harness.ts";
import { until } from "../until.ts";
import { startUpstream, type Upstream } from "../upstream.ts";
import { announced, answer, hangBeforeHeaders, refuse, unpaidBill } from "../upstream-scripts.ts";
import { complete, createKey, listen, onFreePort } from "./listening.ts";

const messages = [{ role: "user" as const, content: "你好" }];
const tools = [
  {
    type: "function" as const,
    function: { name: "weather", parameters: { type: "object", properties: { city: {} } } },
  },
];

let log: CapturedLog;
let app: TestApp;
let upstream: Upstream;
let user: Caller;
let baseURL: string;
let client: OpenAI;
/** The same, which asks once. */
let impatient: OpenAI;

beforeAll(async () => {
  log = new CapturedLog();
  upstream = await startUpstream();
  const scripted = { name: "scripted", base_url: upstream.url, api_key: "sk-scripted-secret" };
  app = await startApp({
    ...onFreePort,
    LLM_PROVIDERS: JSON.stringify([
      { ...scripted, models: ["scripted"], listed_models: ["scripted-1", "other"] },
      { ...scripted, name: "plain", stream_options: false },
      { ...scripted, name: "keyless", api_key: "", listed_models: ["hidden"] },
    ]),
  });
  baseURL = listen(app);
  user = await app.signUp();
  client = new OpenAI({ baseURL, apiKey: await createKey(user) });
  impatient = client.withOptions({ maxRetries: 0 });
});
afterAll(async () => {
  await app.close();
  await upstream.close();
  log.release();
});

const lastBody = (): unknown => upstream.requests.at(-1)?.body;

const failing = async (asked: Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> => {
  const error = await asked.catch((error: unknown) => error);
  if (!(error instanceof OpenAI.APIError)) throw new Error(`no API error: ${error}`);
  return error;
};

const ask = (settings: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming> = {}) =>
  impatient.chat.completions.create({ model: "scripted/m", messages, ...settings });

const stream = (settings: Partial<OpenAI.ChatCompletionCreateParamsStreaming> = {}) =>
  impatient.chat.completions.create({ model: "scripted/m", messages, ...settings, stream: true });

describe("an answer", () => {
  test("comes with all that the provider says, to a request with all that the caller says", async () => {
    const logprobs = { content: [{ token: "Hi", logprob: -0.5, bytes: [72], top_logprobs: [] }] };
    upstream.script(
      complete({ content: "Hi" }, { choices: [{ index: 0, logprobs }], system_fingerprint: "fp" }),
    );
    const settings = {
      tools,
      tool_choice: "auto" as const,
      response_format: { type: "text" as const },
      n: 2,
      logprobs: true,
      top_logprobs: 3,
      seed: 7,
      temperature: 0.1,
      metadata: { a: "b" },
      messages: [
        {
          role: "user" as const,
          content: [
            { type: "text" as const, text: "what is this?" },
            { type: "image_url" as const, image_url: { url: "data:image/png;base64,iVBORw0=" } },
          ],
        },
      ],
    };
    const completion = await ask(settings);
    expect(lastBody()).toEqual({ model: "m", ...settings });
    expect(completion).toMatchObject({
      id: "chatcmpl-1",
      choices: [{ logprobs }],
      system_fingerprint: "fp",
      usage: { total_tokens: 5 },
    });
    expect(completion._request_id).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("is streamed piece by piece", async () => {
    const gate = Promise.withResolvers<void>();
    upstream.script(answer(["你", gate.promise, "好"]));
    const pieces: string[] = [];
    for await (const chunk of await stream()) {
      const content = chunk.choices[0]?.delta.content;
      if (content) pieces.push(content);
      gate.resolve();
    }
    expect(pieces).toEqual(["你", "好"]);
    expect(lastBody()).toEqual({ model: "m", messages, stream: true });
  });

  test("may be calls of tools", async () => {
    const call = (more: object) => ({
      chunk: { id: "c", choices: [{ index: 0, delta: { tool_calls: [{ index: 0, ...more }] } }] },
    });
    upstream.script(
      answer(
        [
          { chunk: { id: "c", choices: [{ index: 0, delta: { role: "assistant" } }] } },
          call({ id: "call-1", type: "function", function: { name: "weather", arguments: "" } }),
          call({ function: { arguments: '{"city":' } }),
          call({ function: { arguments: '"北京"}' } }),
        ],
        { finishReason: "tool_calls" },
      ),
    );
    const running = impatient.chat.completions.stream({ model: "scripted/m", messages, tools });
    const message = await running.finalMessage();
    expect(message.tool_calls).toMatchObject([
      { id: "call-1", function: { name: "weather", arguments: '{"city":"北京"}' } },
    ]);
    expect(lastBody()).toMatchObject({ tools });
  });

  test("of the demo model comes at once and streamed, without a provider", async () => {
    const completion = await ask({ model: "demo", max_tokens: 5 });
    expect(completion).toMatchObject({
      object: "chat.completion",
      model: "demo",
      choices: [{ message: { role: "assistant" }, finish_reason: "length" }],
      usage: { completion_tokens: 5 },
    });
    const whole = await ask({ model: "DEMO" });
    expect(whole.choices[0]?.message.content).toContain("“你好”");
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    const settings = { model: "demo", stream_options: { include_usage: true } };
    for await (const chunk of await stream(settings)) chunks.push(chunk);
    const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("");
    expect(text).toBe(whole.choices[0]?.message.content ?? "");
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: "assistant", content: "" });
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe("stop");
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { total_tokens: expect.any(Number) },
    });
  });

  test("is stored in no conversation", async () => {
    await ask({ model: "demo" });
    expect(await (await user.get("/api/conversations/list")).json()).toEqual([]);
  });

  test("is given to whoever is signed in, too", async () => {
    const signedIn = new OpenAI({ baseURL, apiKey: user.token });
    const request = { model: "demo", messages, max_tokens: 1 };
    expect((await signedIn.chat.completions.create(request)).choices).toHaveLength(1);
  });
});

describe("usage at the end of a stream", () => {
  const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
  const usages = async (model: string) => {
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    const settings = { model, stream_options: { include_usage: true } };
    for await (const chunk of await stream(settings)) chunks.push(chunk);
    const told = chunks.filter((chunk) => chunk.usage);
    return { last: chunks.at(-1), told };
  };

  test("is the provider's own, once", async () => {
    upstream.script(answer(["a"], { usage }));
    const { last, told } = await usages("scripted/m");
    expect(lastBody()).toMatchObject({ stream_options: { include_usage: true } });
    expect(told).toHaveLength(1);
    expect(last).toMatchObject({ choices: [], usage });
  });

  test("is what the provider said elsewhere", async () => {
    const chunk = {
      id: "x",
      model: "m-1",
      choices: [{ index: 0, delta: {}, finish_reason: "stop" }],
      usage,
    };
    upstream.script(answer(["a", { chunk }], { end: "bare-done" }));
    const { last } = await usages("plain/m");
    expect(lastBody()).toEqual({ model: "m", messages, stream: true });
    expect(last).toMatchObject({ id: "x", model: "m-1", choices: [], usage });
  });

  test("is counted where the provider says nothing", async () => {
    for (const end of ["done", "finish"] as const) {
      upstream.script(answer([{ reasoning: "hm" }, "Hello", " world"], { end }));
      const { last, told } = await usages("plain/m");
      expect(told).toHaveLength(1);
      expect(last).toMatchObject({ object: "chat.completion.chunk", choices: [] });
      // 你好 with its frame, and "hmHello world".
      expect(last?.usage?.prompt_tokens).toBeGreaterThan(4);
      expect(last?.usage?.completion_tokens).toBeGreaterThan(1);
    }
  });

  test("comes only to whoever asks", async () => {
    upstream.script(answer(["a"]));
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    for await (const chunk of await stream({ model: "plain/m" })) chunks.push(chunk);
    expect(chunks.filter((chunk) => chunk.usage)).toEqual([]);
  });
});

describe("a client that goes", () => {
  beforeAll(() => log.clear());

  test("in the middle of a stream ends the provider's answer", async () => {
    upstream.script(answer(["a"], { end: "hang" }));
    const running = await stream();
    for await (const _ of running) running.controller.abort();
    await upstream.requests.at(-1)?.aborted;
  });

  test("before the answer, too", async () => {
    for (const streamed of [true, false]) {
      upstream.script(hangBeforeHeaders);
      const before = upstream.requests.length;
      const controller = new AbortController();
      const { signal } = controller;
      const request = { model: "scripted/m", messages, stream: streamed };
      const asked = impatient.chat.completions.create(request, { signal });
      await until(() => upstream.requests.length > before);
      controller.abort();
      const error = await asked.catch((error: unknown) => error);
      expect(error).toBeInstanceOf(OpenAI.APIUserAbortError);
      await upstream.requests.at(-1)?.aborted;
    }
    // No fault of ours: the next request is served when the answer to the last has been given up.
    await ask({ model: "demo" });
    expect(log.complaints).toEqual([]);
  });
});

describe("an error", () => {
  test("of the key is an AuthenticationError", async () => {
    for (const apiKey of ["sk-wrong", "x", `${client.apiKey}0`]) {
      const error = await failing(
        new OpenAI({ baseURL, apiKey }).chat.completions.create({ model: "demo", messages }),
      );
      expect(error).toBeInstanceOf(OpenAI.AuthenticationError);
      expect(error).toMatchObject({ status: 401, code: "invalid_api_key" });
      expect(error.message).toContain("API 密钥");
    }
  });

  test("of the key's scopes is a PermissionDeniedError", async () => {
    const apiKey = await createKey(user, ["knowledge:read"]);
    const reader = new OpenAI({ baseURL, apiKey });
    const error = await failing(reader.chat.completions.create({ model: "demo", messages }));
    expect(error).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(error).toMatchObject({ status: 403, code: "insufficient_scope" });
  });

  test("of the model is a NotFoundError", async () => {
    for (const model of ["no-such-model", "kb:", "kb:nothing", "kb:x/demo", "Demo/x"]) {
      const error = await failing(ask({ model }));
      expect(error).toBeInstanceOf(OpenAI.NotFoundError);
      expect(error).toMatchObject({ status: 404, code: "model_not_found", param: "model" });
    }
  });

  test("of the request is a BadRequestError", async () => {
    // Not what the types allow.
    const wrong: readonly [string, object][] = [
      ["messages", { messages: undefined }],
      ["messages", { messages: "hi" }],
      ["messages", { messages: {} }],
      ["model", { model: undefined }],
      ["model", { model: "" }],
      ["model", { model: 5 }],
      ["model", { model: "x".repeat(1000) }],
      ["stream", { stream: "yes" }],
      ["stream_options", { stream_options: [] }],
    ];
    for (const [param, settings] of wrong) {
      const error = await failing(ask(settings));
      expect(error).toBeInstanceOf(OpenAI.BadRequestError);
      expect(error).toMatchObject({ param, code: "invalid_field" });
    }
  });

  test("that the provider finds in the request is told in its words", async () => {
    const said = {
      message: "This model's maximum context length is 8192 tokens",
      type: "invalid_request_error",
      param: "messages",
      code: "context_length_exceeded",
    };
    for (const status of [400, 404, 413, 422]) {
      upstream.script(refuse(status, { error: said }));
      const error = await failing(ask());
      expect(error.error).toEqual(said);
      expect(error.status).toBe(status);
    }
    upstream.script(refuse(400, "<html><title>Bad</title></html>"));
    expect((await failing(ask())).error).toEqual({
      message: "Bad",
      type: "invalid_request_error",
      param: null,
      code: null,
    });
    upstream.script(answer([{ chunk: { error: { ...said, code: 400 } } }]));
    expect((await failing(stream())).status).toBe(400);
  });

  test("with the server's own key at the provider is none of the caller's", async () => {
    for (const status of [401, 402, 403]) {
      upstream.script(refuse(status, { error: { message: "bad key sk-scripted-secret" } }));
      const error = await failing(ask());
      expect(error).toBeInstanceOf(OpenAI.InternalServerError);
      expect(error).toMatchObject({ status: 502, code: "provider_failed" });
      expect(JSON.stringify(error)).not.toContain("scripted-secret");
      expect(error.headers?.get("x-should-retry")).toBe("false");
    }
    const error = await failing(ask({ model: "keyless/m" }));
    expect(error).toMatchObject({ status: 400, code: "missing_api_key" });
  });

  test("of too many requests is a RateLimitError, with the time to wait", async () => {
    upstream.script(refuse(429, { error: { message: "slow down" } }, { "retry-after": "33" }));
    const error = await failing(ask());
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect(error.headers?.get("retry-after")).toBe("33");
    expect(error.headers?.get("x-should-retry")).toBe("true");
  });

  test("of an unpaid bill is not tried again", async () => {
    upstream.script(unpaidBill);
    const before = upstream.requests.length;
    const error = await failing(client.chat.completions.create({ model: "scripted/m", messages }));
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect(error.code).toBe("1113");
    expect(upstream.requests.length - before).toBe(1);
  });

  test("of a provider that fails or says nothing in time is an InternalServerError", async () => {
    const down = refuse(503, { error: { message: "down" } }, { "retry-after": "60" });
    upstream.script(down);
    const failed = await failing(ask());
    expect(failed).toBeInstanceOf(OpenAI.InternalServerError);
    expect(failed).toMatchObject({ status: 502, code: "provider_failed" });
    expect(failed.headers?.get("retry-after")).toBe("60");
    using time = new FakeTime();
    const { script, asked } = announced(hangBeforeHeaders);
    upstream.script(script);
    const answering = failing(stream());
    await asked;
    await time.pass(60_000);
    const late = await answering;
    expect(late).toMatchObject({ status: 504, code: "provider_timeout" });
    expect(late.headers?.get("x-should-retry")).toBe("true");
  });

  test("in the middle of a stream is thrown behind what came", async () => {
    upstream.script(answer(["first", "second"], { end: "silent" }));
    const pieces: string[] = [];
    const read = async () => {
      for await (const chunk of await stream()) pieces.push(chunk.choices[0]?.delta.content ?? "");
    };
    const error = await failing(read());
    expect(pieces).toEqual(["first", "second"]);
    expect(error.error).toMatchObject({ code: "provider_interrupted", type: "server_error" });
  });
});

describe("what passes by itself", () => {
  test.each([429, 500, 503])(
    "%d is tried again by the client, until it has passed",
    async (status) => {
      const again = refuse(status, {}, { "retry-after": "0" });
      // Three tries of the server, for each of the client's.
      upstream.script(again, again, again, complete({ content: "at last" }));
      const before = upstream.requests.length;
      const completion = await client.chat.completions.create({ model: "scripted/m", messages });
      expect(completion.choices[0]?.message.content).toBe("at last");
      expect(upstream.requests.length - before).toBe(4);
    },
  );
});

describe("models", () => {
  test("are listed: ours, those of the configuration, the user's own", async () => {
    const created = await user.post("/api/rag/kb/create", { kb_name: "法律" });
    const { kb_id }: { kb_id: string } = await created.json();
    const listed: OpenAI.Model[] = [];
    for await (const model of client.models.list()) listed.push(model);
    const number = expect.any(Number);
    expect(listed).toEqual([
      { id: "demo", object: "model", created: number, owned_by: "llm-backend-api" },
      { id: "scripted-1", object: "model", created: number, owned_by: "scripted" },
      { id: "scripted/other", object: "model", created: number, owned_by: "scripted" },
      {
        id: `kb:${kb_id}`,
        object: "model",
        created: number,
        owned_by: "knowledge-base",
        name: "法律",
      } as OpenAI.Model, // The name is an addition of ours.
    ]);
    for (const { id } of listed) expect(await client.models.retrieve(id)).toMatchObject({ id });

    const stranger = await app.signUp();
    const theirs = new OpenAI({ baseURL, apiKey: await createKey(stranger) });
    const chatOnly = new OpenAI({ baseURL, apiKey: await createKey(user, ["chat"]) });
    for (const other of [theirs, chatOnly]) {
      const ids = (await other.models.list()).data.map(({ id }) => id);
      expect(ids).toEqual(["demo", "scripted-1", "scripted/other"]);
      const error = await failing(other.models.retrieve(`kb:${kb_id}`));
      expect(error).toMatchObject({ status: 404, code: "model_not_found" });
    }
    const none = new OpenAI({ baseURL, apiKey: await createKey(user, ["knowledge:write"]) });
    expect((await none.models.list()).data).toHaveLength(3);
  });

  test("are known by the beginnings of their names, and by their embeddings", async () => {
    expect(await client.models.retrieve("scripted-99")).toMatchObject({ owned_by: "scripted" });
    expect(await client.models.retrieve("plain/x/y")).toMatchObject({ id: "plain/x/y" });
    expect(await client.models.retrieve("builtin")).toMatchObject({ owned_by: "llm-backend-api" });
    for (const id of ["nope", "kb:x", "kb:"]) {
      expect(await failing(client.models.retrieve(id))).toMatchObject({ status: 404 });
    }
  });
});

describe("embeddings", () => {
  const input = ["苹果是一种水果", "The quick brown fox"];

  test("come as base64 to the client, and as numbers to whoever wants them", async () => {
    const coded = await client.embeddings.create({ model: "builtin", input });
    const plainly = await client.embeddings.create({
      model: "builtin",
      input,
      encoding_format: "float",
      dimensions: 1024,
    });
    expect(coded.data.map(({ index }) => index)).toEqual([0, 1]);
    for (const [index, { embedding }] of plainly.data.entries()) {
      expect(embedding).toHaveLength(1024);
      expect(coded.data[index]?.embedding).toEqual(embedding);
      expect(Math.hypot(...embedding)).toBeCloseTo(1, 5);
    }
    expect(plainly).toMatchObject({
      object: "list",
      model: "builtin",
      usage: { prompt_tokens: expect.any(Number), total_tokens: expect.any(Number) },
    });
    expect(coded.usage.total_tokens).toBeGreaterThan(8);
  });

  test("of one text are those of the text among others", async () => {
    const one = await client.embeddings.create({ model: "builtin", input: input[1] ?? "" });
    const many = await client.embeddings.create({ model: "builtin", input: [...input, ...input] });
    expect(one.data).toHaveLength(1);
    expect(many.data[3]?.embedding).toEqual(one.data[0]?.embedding);
  });

  test("of 2,048 texts come in order", async () => {
    const texts = Array.from({ length: 2048 }, (_, index) => `text number ${index % 7}`);
    const { data } = await client.embeddings.create({ model: "builtin", input: texts });
    expect(data.map(({ index }) => index)).toEqual([...texts.keys()]);
    expect(data[2047]?.embedding).toEqual(data[2047 % 7]?.embedding);
  });

  test("name what is wrong with the request", async () => {
    const wrong: readonly [string, object][] = [
      ["input", { input: undefined }],
      ["input", { input: [] }],
      ["input", { input: "" }],
      ["input.1", { input: ["a", ""] }],
      ["input.1", { input: ["a", 5] }],
      ["input", { input: [1, 2, 3] }],
      ["input", { input: [[1, 2], [3]] }],
      ["input", { input: Array.from({ length: 2049 }, () => "x") }],
      ["input.0", { input: ["x".repeat(32_769)] }],
      ["encoding_format", { encoding_format: "hex" }],
      ["dimensions", { dimensions: 256 }],
      ["dimensions", { dimensions: "1024" }],
    ];
    for (const [param, settings] of wrong) {
      const body = { model: "builtin", input: "x", ...settings };
      const error = await failing(impatient.embeddings.create(body));
      expect(error).toBeInstanceOf(OpenAI.BadRequestError);
      expect([error.param, error.code]).toEqual([param, "invalid_field"]);
    }
    const unknown = await failing(impatient.embeddings.create({ model: "ada", input: "x" }));
    expect(unknown).toMatchObject({ status: 404, code: "model_not_found" });
    const keyless = impatient.embeddings.create({ model: "zhipu-embedding-3", input: "x" });
    expect(await failing(keyless)).toMatchObject({ status: 400, code: "missing_api_key" });
  });
});
