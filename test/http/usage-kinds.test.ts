import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { CapturedLog } from "../captured-log.ts";
import { readEvents, readUntil } from "../chat-stream.ts";
import { type Caller, startApp, type TestApp } from "../harness.ts";
import { complete } from "../openai/listening.ts";
import { until } from "../until.ts";
import {
  type AnswerOptions,
  announced,
  answer,
  hangBeforeHeaders,
  refuse,
} from "../upstream-scripts.ts";
import { ask, readerOf } from "./conversing.ts";
import { expectFault } from "./expect-fault.ts";
import { createKnowledgeBase, read, upload } from "./knowing.ts";

interface Sum {
  readonly day?: string;
  readonly model?: string;
  readonly user_id?: number;
  readonly username?: string;
  readonly kind?: string;
  readonly answers: number;
  readonly requests: number;
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly estimated_tokens: number;
}

interface Sums {
  readonly total: Sum;
  readonly days: readonly Sum[];
  readonly groups?: readonly Sum[];
}

const told = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 };
const numbers: AnswerOptions = { usage: told };

let log: CapturedLog;
let app: TestApp;
let user: Caller;
let today: string;

beforeAll(async () => {
  log = new CapturedLog();
  app = await startApp({
    AUTH_ADMINS: "root",
    RAG_CHAT_MODEL: "scripted/m",
    RAG_RERANKER_PROVIDER: "scripted",
    RAG_RERANKER_MODEL: "judge",
  });
  today = new Date().toISOString().slice(0, 10);
});
afterAll(async () => {
  await app.close();
  expect(log.complaints).toEqual([]);
  log.release();
});
beforeEach(async () => {
  user = await app.signUp();
});

const usageOf = async (query = "", caller = user): Promise<Sums> =>
  read(await caller.get(`/api/usage${query}`));

/** The sums by kind, once there are so many requests: they are stored behind an answer's back. */
async function kinds(requests: number): Promise<Record<string, Sum>> {
  await until(async () => (await usageOf()).total.requests === requests, "the usage to be stored");
  const { groups = [] } = await usageOf("?group_by=kind");
  return Object.fromEntries(groups.map(({ kind = "", ...sum }) => [kind, sum]));
}

const messages = [{ role: "user", content: "hello world" }];

const post = (body: Record<string, unknown>, init = {}): Promise<Response> =>
  user.request("POST", "/v1/chat/completions", { model: "scripted/m", messages, ...body }, init);

const once = {
  answers: 1,
  requests: 1,
  prompt_tokens: 7,
  completion_tokens: 3,
  total_tokens: 10,
  estimated_tokens: 0,
};

describe("what is counted beside the answers of conversations", () => {
  test("is a completion of /v1 as the provider says, whole or streamed", async () => {
    app.upstream.script(complete({ content: "hi" }, { usage: told }));
    await (await post({})).text();
    expect(await kinds(1)).toEqual({ completion: once });
    app.upstream.script(answer(["hi"], numbers));
    await (await post({ stream: true, stream_options: { include_usage: true } })).text();
    app.upstream.script(answer(["hi"], numbers));
    await (await post({ stream: true })).text();
    const sums = await kinds(3);
    expect(sums.completion).toEqual({
      answers: 3,
      requests: 3,
      prompt_tokens: 21,
      completion_tokens: 9,
      total_tokens: 30,
      estimated_tokens: 0,
    });
    expect((await usageOf()).days).toMatchObject([{ day: today, model: "scripted/m" }]);
  });

  test("is one that the provider says nothing of, by the tokenizer", async () => {
    app.upstream.script(answer(["hello", " world"]));
    await (await post({ stream: true })).text();
    const { completion } = await kinds(1);
    // Two words on each side; a message is framed by 4 tokens, the answer by 3.
    expect(completion).toMatchObject({
      prompt_tokens: 9,
      completion_tokens: 2,
      estimated_tokens: 11,
    });
    app.upstream.script(complete({ content: "hello world" }, { usage: undefined }));
    await (await post({})).text();
    expect((await kinds(2)).completion).toMatchObject({ total_tokens: 22, estimated_tokens: 22 });
  });

  test("is one that was left, cut or broken off, as far as it came", async () => {
    app.upstream.script(answer(["hello world"], { end: "hang" }));
    const client = new AbortController();
    const left = await post({ stream: true }, { signal: client.signal });
    await readUntil(readerOf(left), (text) => text.includes("world"));
    client.abort();
    expect((await kinds(1)).completion).toMatchObject({ completion_tokens: 2, total_tokens: 11 });
    app.upstream.script(answer(["hello world"], { end: "silent" }));
    await (await post({ stream: true })).text();
    expect((await kinds(2)).completion).toMatchObject({ completion_tokens: 4, total_tokens: 22 });
  });

  test("is the question of one that was left before it began", async () => {
    for (const [index, stream] of [false, true].entries()) {
      const { script, asked } = announced(hangBeforeHeaders);
      app.upstream.script(script);
      const client = new AbortController();
      const left = post({ stream }, { signal: client.signal });
      const { aborted } = await asked;
      client.abort();
      await Promise.all([left, aborted]);
      const { completion } = await kinds(index + 1);
      // A provider that is let go has read the question.
      expect(completion).toMatchObject({
        requests: index + 1,
        prompt_tokens: 9 * (index + 1),
        completion_tokens: 0,
      });
    }
  });

  test("is not one that never began", async () => {
    app.upstream.script(refuse(400, { error: { message: "no" } }));
    await (await post({})).text();
    app.upstream.script(answer(["a"], numbers));
    await (await post({ stream: true, stream_options: { include_usage: true } })).text();
    expect(await kinds(1)).toEqual({ completion: once });
  });

  test("is one over a knowledge base, by the model that answered, and its rewritten question", async () => {
    const kb = await createKnowledgeBase(user);
    await upload(user, kb, "tea.txt", "Green tea is brewed at 80 degrees.");
    const followUp = [...messages, { role: "assistant", content: "hi" }, ...messages];
    app.upstream.script(
      answer(["green tea"], numbers),
      complete({ content: "[1]" }, { usage: told }),
    );
    await (await post({ model: `kb:${kb}`, messages: followUp })).text();
    expect(await kinds(2)).toMatchObject({
      completion: once,
      rewrite: { ...once, answers: 0 },
    });
    expect((await usageOf()).days).toMatchObject([{ model: "scripted/m", requests: 2 }]);
  });

  test("are embeddings and rerankings of /v1, with the numbers that callers are told", async () => {
    const embed = await user.post("/v1/embeddings", { model: "builtin", input: ["不可抗力", "x"] });
    const rank = await user.post("/v1/rerank", { query: "a", documents: ["a", "b"] });
    const [embedding, rerank] = [
      await read<{ usage: Sum }>(embed),
      await read<{ usage: Sum }>(rank),
    ];
    const sums = await kinds(2);
    for (const [kind, { usage }] of Object.entries({ embedding, rerank })) {
      expect(sums[kind]).toEqual({
        answers: 0,
        requests: 1,
        prompt_tokens: usage.prompt_tokens,
        completion_tokens: 0,
        total_tokens: usage.total_tokens,
        estimated_tokens: usage.total_tokens,
      });
    }
    expect((await usageOf("?group_by=model")).groups?.map(({ model }) => model)).toEqual([
      "builtin",
      "judge",
    ]);
  });

  test("are titles and rewritten questions, told or counted", async () => {
    const kb = await createKnowledgeBase(user);
    await upload(user, kb, "tea.txt", "Green tea is brewed at 80 degrees.");
    const id = await user.createConversation({ kb_ids: [kb] });
    app.upstream.script(answer(["80"], numbers));
    await readEvents(await ask(user, id, "How hot is green tea?"));
    app.upstream.script(answer(["green tea"]), answer(["two"], numbers));
    await readEvents(await ask(user, id, "And how long?"));
    app.upstream.script(answer(["Tea"], numbers));
    await read(await user.post(`/api/conversations/${id}/title`));
    const { rewrite, ...sums } = await kinds(4);
    expect(sums).toEqual({
      answer: {
        ...once,
        answers: 2,
        requests: 2,
        prompt_tokens: 14,
        completion_tokens: 6,
        total_tokens: 20,
      },
      title: { ...once, answers: 0 },
    });
    expect(rewrite).toMatchObject({ answers: 0, completion_tokens: 2 });
    expect(rewrite?.estimated_tokens).toBe(rewrite?.total_tokens ?? -1);
    expect((await usageOf()).total).toMatchObject({ answers: 2, requests: 4 });
  });

  test("is a title that the model finds unasked, and one that comes to nothing", async () => {
    const body = { model: "scripted/m" };
    const created = await user.post("/api/conversations/create", body);
    const { conversation_id } = await read<{ conversation_id: number }>(created);
    app.upstream.script(answer(["a"], numbers), answer(["half a ti"], { end: "silent" }));
    await readEvents(await ask(user, conversation_id, "hello"));
    expect((await kinds(2)).title).toMatchObject({ answers: 0, completion_tokens: 3 });
  });

  test("outlives a restart", async () => {
    app.upstream.script(complete({ content: "hi" }, { usage: told }));
    await (await post({})).text();
    await app.restart();
    expect(await kinds(1)).toEqual({ completion: once });
  });
});

describe("groups", () => {
  beforeEach(async () => {
    for (const model of ["scripted/a", "scripted/a", "scripted/b"]) {
      app.upstream.script(complete({ content: "hi" }, { usage: told }));
      await (await post({ model })).text();
    }
    await kinds(3);
  });

  test("are told apart by what is asked for, and left out where nothing is", async () => {
    expect(await usageOf()).not.toHaveProperty("groups");
    for (const [query, groups] of [
      ["day", [{ day: today, requests: 3 }]],
      ["model", [{ model: "scripted/a" }, { model: "scripted/b", requests: 1 }]],
      ["kind", [{ kind: "completion", requests: 3 }]],
      [
        "kind,model,day",
        [
          { day: today, model: "scripted/a", kind: "completion", requests: 2 },
          { day: today, model: "scripted/b", kind: "completion", total_tokens: 10 },
        ],
      ],
    ] as const) {
      const sums = await usageOf(`?group_by=${query}`);
      expect([query, sums.groups]).toMatchObject([query, [...groups]]);
      expect(sums.days).toHaveLength(2);
      expect(sums.total).toMatchObject({ requests: 3, total_tokens: 30 });
    }
    const [mine, ...others] = (await usageOf("?group_by=user")).groups ?? [];
    expect(mine).toMatchObject({
      user_id: expect.any(Number),
      username: expect.stringMatching(/^user-/),
      requests: 3,
    });
    expect(others).toEqual([]);
    expect(mine).not.toHaveProperty("model");
  });

  test("are empty where nothing was asked", async () => {
    const query = "?to=1000&group_by=model";
    const none = { answers: 0, requests: 0, total_tokens: 0, estimated_tokens: 0 };
    expect(await usageOf(query)).toMatchObject({ total: none, days: [], groups: [] });
  });

  test.each(["", "month", "day,", "day,hour", "DAY", "day;model", "__proto__"])(
    "by %p are refused",
    async (name) => {
      const response = await user.get(`/api/usage?group_by=${encodeURIComponent(name)}`);
      await expectFault(response, 400, "invalid_field");
    },
  );
});

describe("everybody's usage", () => {
  test("is for administrators alone, whoever else asks", async () => {
    const admin = await app.signUp("root");
    for (const caller of [user, await app.signUp("Root"), await app.signUp("root2")]) {
      await expectFault(await caller.get("/api/usage?users=all"), 403, "not_an_admin");
    }
    await expectFault(await app.nobody.get("/api/usage?users=all"), 401, "unauthorized");
    await expectFault(await user.get("/api/usage?users=1"), 400, "invalid_field");
    app.upstream.script(complete({ content: "hi" }, { usage: told }));
    await (await post({})).text();
    await kinds(1);
    const own = await usageOf("?group_by=user", admin);
    expect(own).toMatchObject({ total: { requests: 0 }, groups: [] });
    const all = await usageOf("?users=all&group_by=user,model", admin);
    const mine = (await usageOf("?group_by=user")).groups?.[0];
    expect(all.groups).toContainEqual(expect.objectContaining({ ...mine, model: "scripted/m" }));
    expect(all.total.requests).toBeGreaterThanOrEqual(1);
    const names = all.groups?.map(({ username }) => username);
    expect(names).not.toContain("root");
  });

  test("is nobody's where no administrator is named", async () => {
    const other = await startApp();
    try {
      const root = await other.signUp("root");
      await expectFault(await root.get("/api/usage?users=all"), 403, "not_an_admin");
    } finally {
      await other.close();
    }
  });
});
