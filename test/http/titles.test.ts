import { beforeEach, describe, expect, test } from "bun:test";
import { readEvents } from "../chat-stream.ts";
import { FakeTime } from "../fake-time.ts";
import { until } from "../until.ts";
import type { UpstreamRequest } from "../upstream.ts";
import { after, announced, answer, hangBeforeHeaders, refuse } from "../upstream-scripts.ts";
import { useApp } from "../use-app.ts";
import { ask, historyOf } from "./conversing.ts";
import { expectFault } from "./expect-fault.ts";

const { app, user, stranger, log } = useApp();

const placeholder = "新对话";

/** Requests that the provider had got before the test. */
let before: number;

beforeEach(() => {
  before = app.upstream.requests.length;
  log.clear();
});

const asks = (): number => app.upstream.requests.length - before;

async function create(settings: Record<string, unknown> = {}): Promise<number> {
  const body = { model: "scripted/model", ...settings };
  const response = await user.post("/api/conversations/create", body);
  const { conversation_id }: { conversation_id: number } = await response.json();
  return conversation_id;
}

/** Asks, and resolves when the answer has ended. */
async function say(id: number, message: string, reply = "答复"): Promise<void> {
  app.upstream.script(answer([reply]));
  await readEvents(await ask(user, id, message));
}

const titleOf = async (id: number): Promise<string> => (await historyOf(user, id)).title;

const entitle = (id: number, caller = user) => caller.post(`/api/conversations/${id}/title`);

const rename = (id: number, title: string | null) =>
  user.request("PATCH", `/api/conversations/${id}`, { title });

interface Asked {
  readonly model: string;
  readonly max_tokens: number;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
}

/** What our own client sends; anything else should fail the test. */
const bodyOf = (request: UpstreamRequest | undefined): Asked => request?.body as Asked;

describe("a title that is asked for", () => {
  test("comes from the conversation's model and is stored", async () => {
    const id = await create({ title: "old", api_key: "sk-own" });
    await say(id, "什么是所有权？", "所有权是 Rust 的核心。");
    app.upstream.script(answer(["《Rust 的", "所有权》\n"]));
    const response = await entitle(id);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ conversation_id: id, title: "Rust 的所有权" });
    expect(await titleOf(id)).toBe("Rust 的所有权");
    const request = app.upstream.requests.at(-1);
    expect(request?.headers.authorization).toBe("Bearer sk-own");
    const { model, max_tokens, messages } = bodyOf(request);
    expect([model, max_tokens]).toEqual(["model", 512]);
    expect(messages[0]?.content).toContain("标题");
    expect(messages[1]?.content).toBe("user: 什么是所有权？\n\nassistant: 所有权是 Rust 的核心。");
  });

  test("is asked for in English where the conversation is, and with no more than it needs", async () => {
    const id = await create({ title: "old" });
    for (let turn = 1; turn <= 5; turn++) await say(id, `question ${turn} ${"x".repeat(5000)}`);
    await say(id, "question 6");
    await entitle(id);
    const [system, material] = bodyOf(app.upstream.requests.at(-1)).messages;
    expect(system?.content).toContain("标题");
    expect(material?.content.length).toBeLessThan(7000);
    for (const shown of [1, 5, 6]) expect(material?.content).toContain(`question ${shown}`);
    expect(material?.content).not.toContain("question 3");
    const english = await create({ title: "old" });
    await say(english, "What is ownership?", "A set of rules.");
    await entitle(english);
    expect(bodyOf(app.upstream.requests.at(-1)).messages[0]?.content).toContain("Find a title");
  });

  test("of a demo conversation is its first message", async () => {
    const id = await create({ model: "demo", title: "old" });
    await readEvents(await ask(user, id, "# 介绍一下 RUST 语言\n\n谢谢"));
    expect(await (await entitle(id)).json()).toEqual({
      conversation_id: id,
      title: "介绍一下 RUST 语言",
    });
    expect(asks()).toBe(0);
  });

  test("is the one of the branch that is shown", async () => {
    const id = await create({ title: "old" });
    await say(id, "about cats");
    app.upstream.script(answer(["other"]));
    const edit = { message: "about dogs", edit_message_id: 1 };
    await readEvents(await user.post(`/api/chat/${id}`, edit));
    await entitle(id);
    const material = bodyOf(app.upstream.requests.at(-1)).messages[1]?.content;
    expect(material).toContain("about dogs");
    expect(material).not.toContain("about cats");
  });

  test("gives way to one that the user sets meanwhile", async () => {
    const id = await create({ title: "old" });
    await say(id, "hello");
    const gate = Promise.withResolvers<void>();
    const { script, asked } = announced(after(gate.promise, answer(["the model's"])));
    app.upstream.script(script);
    const response = entitle(id);
    await asked;
    await rename(id, "the user's");
    gate.resolve();
    expect(await (await response).json()).toEqual({ conversation_id: id, title: "the user's" });
    expect(await titleOf(id)).toBe("the user's");
  });

  test("needs something to go by", async () => {
    const id = await create({ title: "old" });
    await expectFault(await entitle(id), 404, "message_not_found");
    const demo = await create({ title: "old", model: "demo" });
    await expectFault(await entitle(demo), 404, "message_not_found");
  });

  test("fails as its provider does, and nothing changes", async () => {
    const id = await create({ title: "old" });
    await say(id, "hello");
    app.upstream.script(refuse(400, { error: { message: "no" } }));
    await expectFault(await entitle(id), 502, "provider_failed");
    app.upstream.script(answer(["。\n", "“”"]));
    await expectFault(await entitle(id), 502, "provider_interrupted");
    app.upstream.script(answer([{ reasoning: "hm" }]));
    await expectFault(await entitle(id), 502, "provider_interrupted");
    await user.request("PATCH", `/api/conversations/${id}`, { model: "no-such-model" });
    await expectFault(await entitle(id), 400, "unknown_model");
    await user.request("PATCH", `/api/conversations/${id}`, { model: "openai/gpt-4o" });
    await expectFault(await entitle(id), 400, "missing_api_key");
    expect(await titleOf(id)).toBe("old");
  });

  test("is waited for ten seconds, and the provider is let go", async () => {
    const id = await create({ title: "old" });
    await say(id, "hello");
    using time = new FakeTime();
    const { script, asked } = announced(hangBeforeHeaders);
    app.upstream.script(script);
    const response = entitle(id);
    const { aborted } = await asked;
    await time.pass(10_000);
    await expectFault(await response, 504, "provider_timeout");
    await aborted;
  });

  test("is never endless", async () => {
    const id = await create({ title: "old" });
    await say(id, "hello");
    const gate = Promise.withResolvers<void>();
    app.upstream.script(answer(["word ".repeat(5000), gate.promise], { end: "hang" }));
    const { title }: { title: string } = await (await entitle(id)).json();
    expect(title).toEndWith("…");
    gate.resolve();
  });

  test("is the owner's alone to ask for", async () => {
    const id = await create({ title: "old" });
    await say(id, "hello");
    await expectFault(await entitle(id, stranger), 404, "conversation_not_found");
    await expectFault(await entitle(id, app.nobody), 401, "unauthorized");
    expect(asks()).toBe(1);
  });
});

describe("a conversation without a title", () => {
  test("gets one after its first answer, which it does not delay", async () => {
    const id = await create();
    expect(await titleOf(id)).toBe(placeholder);
    const gate = Promise.withResolvers<void>();
    const { script, asked } = announced(after(gate.promise, answer(["所有权"])));
    app.upstream.script(answer(["答复"]), script);
    const events = await readEvents(await ask(user, id, "什么是所有权？"));
    expect(events.at(-1)).toMatchObject({ event: "full_response", data: "答复" });
    await asked;
    expect(await titleOf(id)).toBe(placeholder);
    gate.resolve();
    await until(async () => (await titleOf(id)) === "所有权");
    const list = await (await user.get("/api/conversations/list?limit=1")).json();
    expect(list).toMatchObject([{ conversation_id: id, title: "所有权" }]);
  });

  test("gets it once", async () => {
    const id = await create();
    app.upstream.script(answer(["答复"]), answer(["所有权"]));
    await readEvents(await ask(user, id, "什么是所有权？"));
    await until(async () => (await titleOf(id)) === "所有权");
    await say(id, "谢谢");
    await say(id, "再见");
    expect(asks()).toBe(4);
    expect(await titleOf(id)).toBe("所有权");
  });

  test("gets it in demo too", async () => {
    const id = await create({ model: "demo" });
    await readEvents(await ask(user, id, "介绍一下 RUST"));
    await until(async () => (await titleOf(id)) === "介绍一下 RUST");
  });

  test("gets none over the one that the user set meanwhile, be it the same", async () => {
    const titles = ["mine", placeholder];
    for (const title of titles) {
      const id = await create();
      const gate = Promise.withResolvers<void>();
      const { script, asked } = announced(after(gate.promise, answer(["the model's"])));
      app.upstream.script(answer(["答复"]), script);
      await readEvents(await ask(user, id, "hello"));
      await asked;
      await rename(id, title);
      gate.resolve();
      // The next answer is behind the end of that one, and asks for no title either.
      const sofar = asks();
      await say(id, "again");
      await say(id, "and again");
      expect(asks()).toBe(sofar + 2);
      expect(await titleOf(id)).toBe(title);
    }
  });

  test("gets it after a later answer where the first brought none, but not for ever", async () => {
    const id = await create();
    let titles = 0;
    const failing = () => {
      titles += 1;
      return refuse(400, { error: { message: "no" } });
    };
    for (let turn = 1; turn <= 3; turn++) {
      app.upstream.script(answer(["答复"]), failing());
      await readEvents(await ask(user, id, `question ${turn}`));
      await until(() => asks() === 2 * turn);
      await until(() => log.lines.filter((line) => line.level === "debug").length === turn);
    }
    await say(id, "question 4");
    expect(titles).toBe(3);
    expect(asks()).toBe(7);
    expect(await titleOf(id)).toBe(placeholder);
    expect(log.complaints).toEqual([]);
  });

  test("is one whose title was taken back, too", async () => {
    const id = await create({ title: "mine" });
    await rename(id, null);
    app.upstream.script(answer(["答复"]), answer(["所有权"]));
    await readEvents(await ask(user, id, "hello"));
    await until(async () => (await titleOf(id)) === "所有权");
  });

  test("keeps nobody waiting at the end of the server", async () => {
    const id = await create();
    const { script, asked } = announced(hangBeforeHeaders);
    app.upstream.script(answer(["答复"]), script);
    await readEvents(await ask(user, id, "hello"));
    const { aborted } = await asked;
    await app.restart();
    await aborted;
    expect(await titleOf(id)).toBe(placeholder);
    expect(log.complaints).toEqual([]);
  });
});

test("a conversation with a title keeps it, be it empty", async () => {
  for (const title of ["", "mine"]) {
    const id = await create({ title });
    await say(id, "hello");
    await say(id, "hello");
    expect(await titleOf(id)).toBe(title);
  }
  expect(asks()).toBe(4);
});
