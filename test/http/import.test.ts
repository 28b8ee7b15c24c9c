import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CapturedLog } from "../captured-log.ts";
import { readEvents } from "../chat-stream.ts";
import { type Caller, startApp, type TestApp } from "../harness.ts";
import { answer } from "../upstream-scripts.ts";
import { ask, historyOf } from "./conversing.ts";
import { expectFault } from "./expect-fault.ts";

const english = { "accept-language": "en" };
const maxBytes = 200_000;

let log: CapturedLog;
let app: TestApp;
let user: Caller;

beforeAll(async () => {
  log = new CapturedLog();
  app = await startApp({ RAG_MAX_UPLOAD_BYTES: String(maxBytes) });
});
afterAll(async () => {
  await app.close();
  expect(log.complaints).toEqual([]);
  log.release();
});
beforeEach(async () => {
  user = await app.signUp();
});

interface Imported {
  readonly conversation_ids: readonly number[];
  readonly failed: readonly {
    readonly index: number | null;
    readonly title: string | null;
    readonly code: string;
    readonly error: string;
  }[];
  readonly message: string;
}

const post = (body: BodyInit, headers = {}, caller = user): Promise<Response> =>
  caller.post("/api/conversations/import", body, {
    "content-type": "application/json",
    ...headers,
  });

async function send(value: unknown, headers = {}): Promise<Imported> {
  const response = await post(JSON.stringify(value), headers);
  if (response.status !== 200) throw new Error(await response.text());
  return response.json();
}

async function exported(id: number): Promise<string> {
  const response = await user.get(`/api/conversations/${id}/export`);
  expect(response.status).toBe(200);
  return response.text();
}

async function listed(): Promise<string[]> {
  const response = await user.get("/api/conversations/list");
  const list: { title: string }[] = await response.json();
  return list.map(({ title }) => title);
}

const file = {
  format: "llm-backend-conversation",
  version: 1,
  title: "旧对话",
  model: "scripted/model",
  system_prompt: null,
  temperature: null,
  top_p: null,
  max_tokens: null,
  created_time: 1731851729,
  tip: 2,
  messages: [
    { message_id: 1, parent_id: null, role: "user", content: "一", created_time: 1731851730 },
    {
      message_id: 2,
      parent_id: 1,
      role: "assistant",
      content: "甲",
      created_time: 1731851731,
      status: "complete",
      finish_reason: "stop",
    },
  ],
};

const chatGpt = (title: string, text: string) => ({
  title,
  create_time: 1700000000.5,
  current_node: "b",
  default_model_slug: "gpt-4o",
  mapping: {
    root: { id: "root", parent: null, children: ["a"], message: null },
    a: {
      id: "a",
      parent: "root",
      children: ["b"],
      message: {
        author: { role: "user" },
        content: { content_type: "text", parts: [text] },
        create_time: 1700000001,
      },
    },
    b: {
      id: "b",
      parent: "a",
      children: [],
      message: { author: { role: "assistant" }, content: { content_type: "text", parts: ["答"] } },
    },
  },
});

describe("our own export", () => {
  test("comes back as a new conversation that goes on like the old one", async () => {
    const { conversation_ids: ids, ...rest } = await send(file);
    expect(rest).toEqual({ failed: [], message: "已导入 1 个对话" });
    const [id = 0] = ids;
    expect(await historyOf(user, id)).toMatchObject({
      title: "旧对话",
      created_time: 1731851729,
      messages: [
        { message_id: 1, content: "一" },
        { message_id: 2, content: "甲", status: "complete", created_time: 1731851731 },
      ],
    });
    app.upstream.script(answer(["乙"]));
    await readEvents(await ask(user, id, "二"));
    expect(app.upstream.requests.at(-1)?.body).toMatchObject({
      messages: [{ role: "system" }, { content: "一" }, { content: "甲" }, { content: "二" }],
    });
    expect((await historyOf(user, id)).messages).toHaveLength(4);
    app.upstream.script(answer(["再"]));
    await readEvents(await user.post(`/api/chat/${id}/regenerate`, { message_id: 2 }));
    expect((await historyOf(user, id)).messages.map(({ content }) => content)).toEqual([
      "一",
      "再",
    ]);
    const resumed = await readEvents(await user.get(`/api/chat/${id}/stream?after=2-0`));
    expect(resumed.at(-1)).toMatchObject({ event: "full_response", data: "甲" });
  });

  test("is found by a search", async () => {
    const { conversation_ids } = await send(file);
    for (const q of ["旧对话", "甲"]) {
      const response = await user.get(`/api/conversations/search?q=${encodeURIComponent(q)}`);
      expect(await response.json()).toMatchObject({
        results: [{ conversation_id: conversation_ids[0] }],
      });
    }
  });

  test("says in English what was done", async () => {
    expect((await send([file, file], english)).message).toBe("2 conversations imported");
    const { message, failed } = await send([{ ...file, tip: 9 }, file], english);
    expect(message).toBe("1 conversations imported, 1 at fault");
    expect(failed[0]?.error).toBe("Invalid field tip: this value is not allowed");
  });
});

describe("what goes out comes in again", () => {
  const text = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.string({ unit: "grapheme", maxLength: 20 }),
    fc.constantFrom("", "不可抗力\n", "\u0000\u2028", '"\\/'),
  );
  const time = fc.integer({ min: 0, max: 4_000_000_000 });
  const count = fc.nat();
  const usage = fc.record(
    {
      prompt_tokens: count,
      completion_tokens: count,
      total_tokens: count,
      estimated: fc.constant(true),
    },
    { requiredKeys: ["prompt_tokens", "completion_tokens", "total_tokens"] },
  );
  const citation = fc.record(
    {
      number: fc.integer({ min: 1, max: 50 }),
      content: text,
      score: fc.double({ min: 0, max: 1, noNaN: true }).map((score) => score + 0),
      doc_id: text,
      doc_name: text,
      chunk_id: text,
      chunk_index: count,
      page: fc.oneof(count, text),
      heading: text,
    },
    {
      requiredKeys: ["number", "content", "score", "doc_id", "doc_name", "chunk_id", "chunk_index"],
    },
  );
  const answered = fc
    .record(
      {
        status: fc.constantFrom("complete", "interrupted"),
        finish_reason: fc.option(text),
        model: text,
        reasoning: text,
        sources: fc.array(citation, { maxLength: 3 }),
        usage,
      },
      { requiredKeys: ["status", "finish_reason"] },
    )
    .chain((fields) =>
      // What was searched for is told with what was found.
      fields.sources === undefined
        ? fc.constant(fields)
        : fc.record({ query: text }).map((query) => ({ ...fields, ...query })),
    );
  const seed = fc.record({
    parent: fc.option(count),
    content: text,
    created_time: time,
    answer: fc.option(answered),
    gap: fc.integer({ min: 1, max: 3 }),
  });

  /** A tree whose messages follow whichever came before them. */
  const messages = fc.array(seed, { maxLength: 12 }).map((seeds) => {
    const ids: number[] = [];
    return seeds.map(({ parent, answer: fields, gap, content, created_time }) => {
      const message_id = (ids.at(-1) ?? 0) + gap;
      const parent_id = parent === null ? null : (ids[parent % (ids.length || 1)] ?? null);
      ids.push(message_id);
      const role = fields === null ? "user" : "assistant";
      return { message_id, parent_id, role, content, created_time, ...fields };
    });
  });

  const conversation = fc
    .record({
      title: text,
      untitled: fc.option(fc.constant(true), { nil: undefined }),
      model: fc.string({ minLength: 1, maxLength: 50 }),
      system_prompt: fc.option(text),
      temperature: fc.option(fc.double({ min: 0, max: 2, noNaN: true }).map((value) => value + 0)),
      top_p: fc.option(fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0)),
      max_tokens: fc.option(fc.integer({ min: 1, max: 10_000_000 })),
      created_time: time,
      messages,
      tipAt: count,
    })
    .map(({ tipAt, ...fields }) => ({
      ...fields,
      format: "llm-backend-conversation",
      version: 1,
      tip: fields.messages[tipAt % (fields.messages.length || 1)]?.message_id ?? null,
    }));

  test("to the last byte, any number of times", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(conversation, { minLength: 1, maxLength: 3 }), async (files) => {
        const { conversation_ids: first, failed } = await send(files);
        expect(failed).toEqual([]);
        const once = await Promise.all(first.map(exported));
        expect(once.map((each) => JSON.parse(each))).toEqual(JSON.parse(JSON.stringify(files)));
        const again = `[${once.join(",")}]`;
        const response = await post(again);
        const { conversation_ids: second }: Imported = await response.json();
        expect(await Promise.all(second.map(exported))).toEqual(once);
      }),
      { numRuns: 40 },
    );
  });
});

describe("ChatGPT's export", () => {
  test("comes in with its branches, listed in its order", async () => {
    const files = [chatGpt("最新", "问一"), chatGpt("中间", "问二"), chatGpt("最旧", "问三")];
    const { conversation_ids: ids } = await send(files);
    expect(ids).toHaveLength(3);
    expect(await listed()).toEqual(["最新", "中间", "最旧"]);
    expect(await historyOf(user, ids[1] ?? 0)).toMatchObject({
      title: "中间",
      model: "gpt-4o",
      created_time: 1700000000,
      messages: [
        { role: "user", content: "问二", created_time: 1700000001 },
        { role: "assistant", content: "答" },
      ],
    });
  });

  test("is all or nothing for each conversation, and names those at fault", async () => {
    const { conversation_ids, failed } = await send([
      chatGpt("好的", "问"),
      { title: "坏的", mapping: 7 },
      null,
      7,
      "x",
      [],
      {},
      file,
      { ...file, title: "未来", version: 2 },
      { ...file, title: "x".repeat(300), messages: [{ role: "user" }] },
    ]);
    expect(conversation_ids).toHaveLength(2);
    expect(await listed()).toEqual(["好的", "旧对话"]);
    expect(failed).toEqual([
      expect.objectContaining({
        index: 1,
        title: "坏的",
        code: "invalid_field",
        error: "字段 mapping 无效：必须是对象",
      }),
      expect.objectContaining({ index: 2, title: null, code: "invalid_body" }),
      expect.objectContaining({ index: 3, title: null, code: "invalid_body" }),
      expect.objectContaining({ index: 4, title: null, code: "invalid_body" }),
      expect.objectContaining({ index: 5, title: null, code: "invalid_body" }),
      expect.objectContaining({
        index: 6,
        code: "invalid_field",
        error: "字段 format 无效：缺少该字段",
      }),
      expect.objectContaining({
        index: 8,
        title: "未来",
        error: "字段 version 无效：不是允许的值",
      }),
      expect.objectContaining({ index: 9, title: "x".repeat(200) }),
    ]);
  });
});

describe("a file", () => {
  test.each([
    ["nothing", "", 400, "malformed_json"],
    ["a brace", "{", 400, "malformed_json"],
    ["half a conversation", '{"format":', 400, "malformed_json"],
    ["a bracket", "[", 400, "malformed_json"],
    ["null", "null", 400, "invalid_body"],
    ["a number", "7", 400, "invalid_body"],
    ["a text", '"x"', 400, "invalid_body"],
    ["no conversation", "[]", 400, "invalid_body"],
    ["an empty object", "{}", 400, "invalid_field"],
    ["a tip that is not there", JSON.stringify({ ...file, tip: 3 }), 400, "invalid_field"],
    ["a list for a tree", JSON.stringify({ mapping: [] }), 400, "invalid_field"],
    ["too many bytes", " ".repeat(maxBytes + 1), 413, "file_too_large"],
  ] as const)("of %s is refused", async (_, text, status, code) => {
    await expectFault(await post(text), status, code);
    expect(await listed()).toEqual([]);
  });

  test("that is no UTF-8 is refused", async () => {
    const gbk = new Uint8Array([...Buffer.from('[{"title":"'), 0xb6, 0xd4, ...Buffer.from('"}]')]);
    expect(await (await post(gbk)).json()).toMatchObject({ failed: [{ code: "malformed_json" }] });
  });

  test("of another type is refused", async () => {
    for (const type of ["text/plain", "multipart/form-data; boundary=x", "text/csv"]) {
      const response = await post(JSON.stringify(file), { "content-type": type });
      await expectFault(response, 415, "unsupported_content_type");
    }
  });

  test.each([
    ["messages.0.message_id", { message_id: 0 }],
    ["messages.0.message_id", { message_id: 2_000_000_000 }],
    ["messages.0.parent_id", { parent_id: 1 }],
    ["messages.0.parent_id", { parent_id: 9 }],
    ["messages.0.role", { role: "system" }],
    ["messages.0.content", { content: null }],
    ["messages.0.created_time", { created_time: 1.5 }],
    ["messages.0.status", { status: "streaming" }],
    ["messages.0.sources", { sources: "x" }],
    ["messages.0.sources.0.number", { sources: [{}] }],
    ["messages.0.usage.total_tokens", { usage: { prompt_tokens: 1, completion_tokens: 1 } }],
  ])("with a bad %s is refused, and it is named", async (field, change) => {
    const [first, second] = file.messages;
    const body = { ...file, messages: [{ ...first, ...change }, second] };
    const fault = await expectFault(await post(JSON.stringify(body)), 400, "invalid_field");
    expect(fault.error).toStartWith(`字段 ${field} 无效：`);
    expect(await listed()).toEqual([]);
  });

  test("in which a message comes twice, or before the one that it follows, is refused", async () => {
    const [first, second] = file.messages;
    for (const messages of [
      [first, { ...second, message_id: 1 }],
      [second, first],
    ]) {
      const response = await post(JSON.stringify({ ...file, messages }));
      await expectFault(response, 400, "invalid_field");
    }
  });

  test("that comes byte by byte, and breaks off, brings what came whole", async () => {
    const text = `[${JSON.stringify(file)}, ${JSON.stringify(file).slice(0, -1)}`;
    const bytes = new TextEncoder().encode(text);
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < bytes.length; at += 7) controller.enqueue(bytes.slice(at, at + 7));
        controller.close();
      },
    });
    expect(await (await post(body)).json()).toMatchObject({
      conversation_ids: [expect.any(Number)],
      failed: [{ index: null, title: null, code: "malformed_json" }],
    });
    expect(await listed()).toEqual(["旧对话"]);
  });

  test("that grows too large after its first conversation brings that one", async () => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(Buffer.from(`[${JSON.stringify(file)},`));
        controller.enqueue(new Uint8Array(maxBytes).fill(0x20));
        controller.close();
      },
    });
    expect(await (await post(body)).json()).toMatchObject({
      conversation_ids: [expect.any(Number)],
      failed: [{ index: null, code: "file_too_large" }],
    });
  });

  test("of nothing but faults is left after a hundred", async () => {
    const { conversation_ids, failed } = await send(Array.from({ length: 1000 }, () => 7));
    expect([conversation_ids, failed.length]).toEqual([[], 100]);
  });

  test("nested as deep as it may be is refused like any other", async () => {
    const deep = `${"[".repeat(90_000)}${"]".repeat(90_000)}`;
    const { conversation_ids, failed }: Imported = await (await post(deep)).json();
    expect(conversation_ids).toEqual([]);
    expect(failed).toHaveLength(1);
  });
});

test("a conversation of ten thousand messages is as good as any", async () => {
  const messages = Array.from({ length: 10_000 }, (_, at) => ({
    message_id: at + 1,
    parent_id: at === 0 ? null : at,
    role: at % 2 === 0 ? "user" : "assistant",
    content: "x",
    created_time: 0,
  }));
  const roomy = await startApp();
  const caller = await roomy.signUp();
  const response = await caller.post(
    "/api/conversations/import",
    JSON.stringify({ ...file, tip: 10_000, messages }),
  );
  const { conversation_ids }: Imported = await response.json();
  const [id = 0] = conversation_ids;
  const whole = await caller.get(`/api/conversations/history/${id}?branches=true`);
  const history: { messages: unknown[] } = await whole.json();
  expect(history.messages).toHaveLength(10_000);
  expect(history.messages.at(-1)).toMatchObject({ siblings: [10_000] });
  const shown = await caller.post(`/api/conversations/${id}/branch`, { message_id: 1 });
  expect(await shown.json()).toEqual({ tip: 10_000 });
  expect((await caller.post(`/api/conversations/del/${id}`)).status).toBe(200);
  await roomy.close();
});

test("an import is its user's alone, and needs one", async () => {
  const stranger = await app.signUp();
  const { conversation_ids } = await send(file);
  const [id] = conversation_ids;
  const path = `/api/conversations/history/${id}`;
  await expectFault(await stranger.get(path), 404, "conversation_not_found");
  await expectFault(await post("{}", {}, app.nobody), 401, "unauthorized");
});

test("one after the other, imports leave nothing behind that keeps the next out", async () => {
  for (let i = 0; i < 20; i++) await post("{");
  await Promise.all(Array.from({ length: 8 }, () => send(file)));
  expect(await listed()).toHaveLength(8);
});

test("no more than eight at a time are read", async () => {
  const reads: Promise<void>[] = [];
  const sources = Array.from({ length: 8 }, () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const rest = Promise.withResolvers<void>();
    reads.push(promise);
    const pieces = ["[", `${JSON.stringify(file)}]`].values();
    const body = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const { value, done } = pieces.next();
          if (done) return controller.close();
          if (value === "[") resolve();
          else await rest.promise;
          controller.enqueue(Buffer.from(value));
        },
      },
      { highWaterMark: 0 },
    );
    return { body, finish: rest.resolve };
  });
  const running = sources.map(({ body }) => post(body));
  await Promise.all(reads);
  const refused = await post(JSON.stringify(file));
  expect(refused.headers.get("retry-after")).toBe("5");
  await expectFault(refused, 429, "rate_limited");
  for (const { finish } of sources) finish();
  for (const response of await Promise.all(running)) expect(response.status).toBe(200);
  expect((await send(file)).conversation_ids).toHaveLength(1);
});
