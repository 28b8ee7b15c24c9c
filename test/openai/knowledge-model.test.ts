import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import OpenAI from "openai";
import type { Citation } from "../../src/modules/chat/citations.ts";
import { type Caller, startApp, type TestApp } from "../harness.ts";
import { createKnowledgeBase, read, upload } from "../http/knowing.ts";
import { startUpstream, type Upstream } from "../upstream.ts";
import { answer, refuse } from "../upstream-scripts.ts";
import { complete, createKey, listen, onFreePort } from "./listening.ts";

type Chunk = OpenAI.ChatCompletionChunk & { readonly citations?: readonly Citation[] };
type Completion = OpenAI.ChatCompletion & { readonly citations?: readonly Citation[] };

const fruit = "# 水果\n\n苹果是一种红色的水果。\n\n# 蔬菜\n\n白菜是一种绿色的蔬菜。\n";
const question = "苹果是什么颜色的？";

let app: TestApp;
let upstream: Upstream;
let user: Caller;
let stranger: Caller;
let baseURL: string;
let client: OpenAI;
let kb: string;

beforeAll(async () => {
  upstream = await startUpstream();
  const scripted = { name: "scripted", base_url: upstream.url, api_key: "sk-scripted-secret" };
  app = await startApp({
    ...onFreePort,
    RAG_CHAT_MODEL: "scripted/default",
    LLM_PROVIDERS: JSON.stringify([
      scripted,
      { ...scripted, name: "plain", stream_options: false },
    ]),
    RAG_EMBEDDING_MODELS: JSON.stringify([
      { name: "remote", provider: "scripted", model: "e", dimensions: 8 },
    ]),
  });
  baseURL = listen(app);
  [user, stranger] = await Promise.all([app.signUp(), app.signUp()]);
  client = new OpenAI({ baseURL, apiKey: await createKey(user), maxRetries: 0 });
  kb = await createKnowledgeBase(user);
  await read(await upload(user, kb, "食物.md", fruit));
});
afterAll(async () => {
  await app.close();
  await upstream.close();
});

type Settings = Partial<OpenAI.ChatCompletionCreateParamsNonStreaming>;

/** The citations are an addition of ours, which the client passes on. */
const ask = async (settings: Settings = {}): Promise<Completion> =>
  client.chat.completions.create({
    model: `kb:${kb}`,
    messages: [{ role: "user", content: question }],
    ...settings,
  }) as Promise<Completion>;

async function stream(settings: Settings = {}): Promise<Chunk[]> {
  const running = await client.chat.completions.create({
    model: `kb:${kb}`,
    messages: [{ role: "user", content: question }],
    ...settings,
    stream: true,
  });
  const chunks: Chunk[] = [];
  for await (const chunk of running) chunks.push(chunk);
  return chunks;
}

const textOf = (chunks: readonly Chunk[], index = 0): string =>
  chunks
    .flatMap(({ choices }) => choices)
    .filter((choice) => choice.index === index)
    .map(({ delta }) => delta.content ?? "")
    .join("");

/** What the provider was asked last. */
function asked(): OpenAI.ChatCompletionCreateParams {
  // Whatever our server sent: the tests look at it.
  return upstream.requests.findLast(({ path }) => path === "/chat/completions")
    ?.body as OpenAI.ChatCompletionCreateParams;
}

const note = "[^1]: 食物.md · 水果";

describe("a knowledge base as a model", () => {
  test("answers from its passages, with footnotes and citations", async () => {
    upstream.script(complete({ content: "苹果是红色的[1]。" }));
    const completion = await ask({ temperature: 0.3, seed: 5 });
    expect(completion.choices[0]?.message.content).toBe(`苹果是红色的[^1]。\n\n${note}`);
    expect(completion.citations?.[0]).toMatchObject({
      number: 1,
      content: expect.stringContaining("苹果是一种红色的水果"),
      doc_name: "食物.md",
      heading: "水果",
      score: expect.any(Number),
    });
    expect(completion.usage?.total_tokens).toBe(5);
    const { model, messages, ...rest } = asked();
    expect([model, rest]).toEqual(["default", { temperature: 0.3, seed: 5 }]);
    const prompt = String(messages[0]?.content);
    expect(prompt).toContain('<passage number="1" document="食物.md">');
    expect(prompt).toEndWith(`问题：${question}`);
  });

  test("streams, with the footnotes in front of the end", async () => {
    upstream.script(answer(["苹果是", "红色的", "[", "1", "]", "。"]));
    const chunks = await stream();
    expect(textOf(chunks)).toBe(`苹果是红色的[^1]。\n\n${note}`);
    const ends = chunks.filter(({ choices }) => choices[0]?.finish_reason);
    expect(ends).toHaveLength(1);
    expect(ends[0]).toBe(chunks.at(-1));
    expect(ends[0]?.choices[0]?.finish_reason).toBe("stop");
    expect(ends[0]?.citations?.map(({ number }) => number)).toContain(1);
    expect(new Set(chunks.map(({ id }) => id))).toEqual(new Set(["chatcmpl-1"]));
  });

  test("answers by the model that is named, the demo among them", async () => {
    upstream.script(complete({ content: "x" }));
    await ask({ model: `kb:${kb.toUpperCase()}/plain/a/b` });
    expect(asked().model).toBe("a/b");
    const before = upstream.requests.length;
    const demo = await ask({ model: `KB:${kb}/demo` });
    expect(demo.choices[0]?.message.content).toBe(`苹果是一种红色的水果。[^1]\n\n${note}`);
    const streamed = await stream({ model: `kb:${kb}/demo` });
    expect(textOf(streamed)).toBe(demo.choices[0]?.message.content ?? "");
    expect(streamed.at(-1)?.citations).toEqual(demo.citations ?? []);
    expect(upstream.requests).toHaveLength(before);
  });

  test("puts no footnotes where nothing is cited", async () => {
    upstream.script(complete({ content: "不知道" }), answer(["no [7]"]));
    const completion = await ask();
    expect(completion.choices[0]?.message.content).toBe("不知道");
    expect(completion.citations?.length).toBeGreaterThan(0);
    const chunks = await stream();
    expect(textOf(chunks)).toBe("no [7]");
    expect(chunks.at(-1)?.citations?.length).toBeGreaterThan(0);
  });

  test("cites nothing where there is nothing", async () => {
    const empty = await createKnowledgeBase(user);
    upstream.script(complete({ content: "nothing [1]" }));
    const completion = await ask({ model: `kb:${empty}` });
    expect(completion.citations).toEqual([]);
    expect(completion.choices[0]?.message.content).toBe("nothing [1]");
    expect(String(asked().messages[0]?.content)).toContain("没有找到相关资料");
  });

  test("searches for the last message of the user, made to stand by itself, and keeps the rest", async () => {
    upstream.script(answer(["白菜是什么颜色的？"]), complete({ content: "[1]" }));
    const messages: OpenAI.ChatCompletionMessageParam[] = [
      { role: "system", content: "be brief" },
      { role: "user", content: question },
      { role: "assistant", content: `红色[^1]\n\n${note}` },
      { role: "user", content: "那白菜呢？" },
      {
        role: "assistant",
        tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: "{}" } }],
      },
      { role: "tool", tool_call_id: "c", content: "绿色" },
    ];
    const completion = await ask({ messages });
    expect(completion.citations?.[0]?.heading).toBe("蔬菜");
    const rewriting = JSON.stringify(upstream.requests.at(-2)?.body);
    expect(rewriting).toContain("assistant: 红色[^1]\\n\\nuser: 那白菜呢？");
    const sent = asked().messages;
    expect(sent).toHaveLength(6);
    expect(sent.toSpliced(2, 2)).toEqual(messages.toSpliced(2, 2));
    expect(sent[2]).toEqual({ role: "assistant", content: "红色[^1]" });
    expect(String(sent[3]?.content)).toEndWith("问题：那白菜呢？");
  });

  test("takes the texts of a message with images, and leaves the images", async () => {
    upstream.script(complete({ content: "[1]" }));
    const image = {
      type: "image_url" as const,
      image_url: { url: "data:image/png;base64,iVBORw0=" },
    };
    const content = [
      { type: "text" as const, text: "苹果是" },
      image,
      { type: "text" as const, text: "什么颜色的？" },
    ];
    const completion = await ask({ messages: [{ role: "user", content }] });
    expect(completion.citations?.[0]?.heading).toBe("水果");
    const text = expect.stringMatching(/问题：苹果是\n什么颜色的？$/);
    expect(asked().messages[0]?.content).toEqual([{ type: "text", text }, image]);
    upstream.script(complete({ content: "a picture [1]" }));
    const pictures = await ask({ messages: [{ role: "user", content: [image] }] });
    expect(pictures.citations).toEqual([]);
  });

  test("leaves JSON and calls of tools alone", async () => {
    const format = { type: "json_object" as const };
    upstream.script(complete({ content: '{"a":[1]}' }), answer(['{"a":', "[1]}"]));
    const completion = await ask({ response_format: format });
    expect(completion.choices[0]?.message.content).toBe('{"a":[1]}');
    expect(completion.citations?.length).toBeGreaterThan(0);
    const chunks = await stream({ response_format: format });
    expect(textOf(chunks)).toBe('{"a":[1]}');
    const delta = { tool_calls: [{ index: 0, id: "c", function: { name: "f", arguments: "{}" } }] };
    const call = { id: "c", choices: [{ index: 0, delta, finish_reason: null }] };
    upstream.script(answer(["see [1]", { chunk: call }], { finishReason: "tool_calls" }));
    const called = await stream({ tools: [{ type: "function", function: { name: "f" } }] });
    expect(textOf(called)).toBe("see [^1]");
    expect(called.filter(({ choices }) => choices[0]?.delta.tool_calls)).toHaveLength(1);
    expect(called.at(-1)?.citations?.length).toBeGreaterThan(0);
  });

  test("cites in every choice by itself", async () => {
    const choice = (index: number, content: string, finish_reason: string | null) => ({
      chunk: { id: "c", choices: [{ index, delta: { content }, finish_reason }] },
    });
    upstream.script(
      answer(
        [
          { chunk: { id: "c", choices: [] } },
          choice(0, "a [1", null),
          choice(1, "b [2", null),
          choice(0, "]", null),
          choice(1, "].", "stop"),
          choice(0, ".", "length"),
        ],
        { end: "bare-done" },
      ),
    );
    const chunks = await stream({ n: 2 });
    expect(textOf(chunks, 0)).toBe(`a [^1].\n\n${note}`);
    expect(textOf(chunks, 1)).toBe("b [^2].\n\n[^2]: 食物.md · 蔬菜");
    const ends = chunks.flatMap(({ choices }) => choices).filter((each) => each.finish_reason);
    expect(ends.map((each) => each.finish_reason)).toEqual(["stop", "length"]);
    expect(ends.every(({ delta }) => delta.content === undefined)).toBe(true);
  });

  test("ends what the provider leaves open", async () => {
    upstream.script(
      answer(["red [1"], { end: "bare-done" }),
      answer(["red [1]"], { end: "bare-done" }),
    );
    expect(textOf(await stream())).toBe("red [1");
    const chunks = await stream();
    expect(textOf(chunks)).toBe(`red [^1]\n\n${note}`);
    expect(chunks.filter(({ citations }) => citations)).toHaveLength(1);
  });

  test("counts what the model said, not what was added", async () => {
    upstream.script(answer(["红[1]"]));
    const chunks = await stream({
      model: `kb:${kb}/plain/m`,
      stream_options: { include_usage: true },
    } as Settings);
    const last = chunks.at(-1);
    expect(last?.choices).toEqual([]);
    expect(last?.usage?.completion_tokens).toBeLessThan(8);
    // The passages are part of the prompt.
    expect(last?.usage?.prompt_tokens).toBeGreaterThan(80);
    expect(last?.citations).toBeUndefined();
  });

  test("is cut as any answer is", async () => {
    upstream.script(answer(["red [1]"], { end: "silent" }));
    const error = await stream().catch((error: unknown) => error);
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(error).toMatchObject({ code: "provider_interrupted" });
  });
});

describe("a fault", () => {
  const failing = async (
    asking: Promise<unknown>,
  ): Promise<InstanceType<typeof OpenAI.APIError>> => {
    const error = await asking.catch((error: unknown) => error);
    if (!(error instanceof OpenAI.APIError)) throw new Error(`no API error: ${error}`);
    return error;
  };

  test("of a stranger is that of nobody: there is no such model", async () => {
    const faults: unknown[] = [];
    const keys = [
      await createKey(stranger),
      await createKey(user, ["chat"]),
      await createKey(user, ["chat", "knowledge:write"]),
      stranger.token ?? "",
    ];
    for (const apiKey of keys) {
      const other = new OpenAI({ baseURL, apiKey });
      for (const model of [`kb:${kb}`, `kb:${kb}/demo`]) {
        for (const streamed of [true, false]) {
          const messages = [{ role: "user" as const, content: question }];
          const error = await failing(
            other.chat.completions.create({ model, messages, stream: streamed }),
          );
          faults.push(error.error);
        }
      }
    }
    const gone = await createKnowledgeBase(user);
    await user.post("/api/rag/kb/delete", { kb_id: gone });
    faults.push((await failing(ask({ model: `kb:${gone}` }))).error);
    for (const id of ["0198f0c4-7a11-7c3e-9f02-1b6d5e8a4c70", "", "x", "%00", "../..", "kb:1"]) {
      faults.push((await failing(ask({ model: `kb:${id}` }))).error);
    }
    for (const fault of faults) expect(fault).toEqual(faults[0]);
    expect(faults[0]).toMatchObject({ code: "model_not_found", param: "model" });
    expect(asked()).not.toHaveProperty("model", "stranger");
  });

  test("of the model behind it is told", async () => {
    expect(await failing(ask({ model: `kb:${kb}/nope` }))).toMatchObject({
      status: 404,
      code: "model_not_found",
    });
    expect(await failing(ask({ model: `kb:${kb}/openai/gpt-4o` }))).toMatchObject({
      code: "missing_api_key",
    });
    upstream.script(refuse(400, { error: { message: "too long" } }));
    expect(await failing(ask())).toMatchObject({ status: 400, error: { message: "too long" } });
    upstream.script(refuse(200, '{"choices":[{,}]}'));
    expect(await failing(ask())).toMatchObject({ status: 502 });
  });

  test("of the embedding model is told", async () => {
    const remote = await createKnowledgeBase(user, { embedding_model: "remote" });
    const down = refuse(401, { error: { message: "bad key" } });
    upstream.scriptPath("/embeddings", down);
    expect(await failing(ask({ model: `kb:${remote}` }))).toMatchObject({
      status: 502,
      code: "provider_failed",
    });
  });

  test("of the messages names them", async () => {
    const messageLists: unknown[] = [[], [{ role: "system", content: "x" }], [null], [5], ["user"]];
    for (const messages of messageLists) {
      // Not what the types allow.
      const settings = { messages } as Settings;
      const error = await failing(ask(settings));
      expect(error).toMatchObject({ status: 400, code: "invalid_field", param: "messages" });
    }
    const odd: unknown[] = [null, 7, {}, [null, { type: "text" }, { text: 5 }], ""];
    for (const content of odd) {
      upstream.script(complete({ content: "x" }));
      const settings = { messages: [{ role: "user", content }] } as Settings;
      expect((await ask(settings)).citations).toEqual([]);
    }
  });
});
