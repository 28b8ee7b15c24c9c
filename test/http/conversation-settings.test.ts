import { beforeEach, describe, expect, test } from "bun:test";
import { useApp } from "../use-app.ts";
import { ask, historyOf } from "./conversing.ts";
import { expectFault } from "./expect-fault.ts";

const { app, user, stranger } = useApp({ LLM_SYSTEM_PROMPT: "the default prompt" });

const english = { "accept-language": "en" };

let id: number;

beforeEach(async () => {
  id = await user.createConversation();
});

const change = (body: Record<string, unknown>, headers = {}, caller = user) =>
  caller.request("PATCH", `/api/conversations/${id}`, body, { headers });

/** What the provider is sent next. */
async function sent() {
  await (await ask(user, id, "hello")).text();
  const request = app.upstream.requests.at(-1);
  if (request === undefined) throw new Error("nothing was sent");
  // What our own client sends; anything else should fail the test.
  return request as typeof request & { body: Record<string, unknown> };
}

const unset = {
  has_api_key: false,
  system_prompt: null,
  temperature: null,
  top_p: null,
  max_tokens: null,
  kb_ids: [],
};

test("answers all settings, and nothing changes where nothing is sent", async () => {
  const response = await change({});
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({
    ...unset,
    conversation_id: id,
    title: "测试",
    model: "scripted/model",
    created_time: expect.any(Number),
  });
});

test("every setting can be changed, by itself or together, and taken back", async () => {
  const changes = {
    title: "改名",
    model: "scripted/other",
    system_prompt: "be brief",
    temperature: 0,
    top_p: 0.5,
    max_tokens: 77,
  };
  let expected: Record<string, unknown> = { ...unset, title: "测试", model: "scripted/model" };
  for (const [field, value] of Object.entries(changes)) {
    expected = { ...expected, [field]: value };
    expect(await (await change({ [field]: value })).json()).toMatchObject(expected);
  }
  expect((await sent()).body).toMatchObject({
    model: "other",
    messages: [{ role: "system", content: "be brief" }, { role: "user" }],
    temperature: 0,
    top_p: 0.5,
    max_tokens: 77,
  });
  const none = { system_prompt: null, temperature: null, top_p: null, max_tokens: null };
  expect(await (await change(none)).json()).toMatchObject({ ...none, title: "改名" });
  const { body } = await sent();
  expect(body).toMatchObject({ messages: [{ content: "the default prompt" }, {}, {}, {}] });
  for (const field of ["temperature", "top_p", "max_tokens"]) {
    expect(body).not.toHaveProperty(field);
  }
});

test("the history, cached or not, and the list show the change at once", async () => {
  await ask(user, id, "hello").then((response) => response.text());
  expect((await historyOf(user, id)).title).toBe("测试");
  await change({ title: "新标题", model: "demo" });
  expect(await historyOf(user, id)).toMatchObject({ title: "新标题", model: "demo" });
  const list = await (await user.get("/api/conversations/list?limit=1")).json();
  expect(list).toMatchObject([{ conversation_id: id, title: "新标题" }]);
});

test("a title that is taken back is the one of a conversation without any", async () => {
  expect(await (await change({ title: null })).json()).toMatchObject({ title: "新对话" });
  const response = await change({ title: null }, english);
  expect(await response.json()).toMatchObject({ title: "New conversation" });
});

describe("the key", () => {
  const key = "sk-own-Zy8kQw3xLmN0pRtV5uB7";

  test("is used from the next answer on, and never shown", async () => {
    const response = await change({ api_key: key });
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ has_api_key: true });
    expect(text).not.toContain(key);
    expect((await sent()).headers.authorization).toBe(`Bearer ${key}`);
    await change({ title: "another" });
    expect((await sent()).headers.authorization).toBe(`Bearer ${key}`);
    await app.restart();
    expect((await sent()).headers.authorization).toBe(`Bearer ${key}`);
  });

  test.each([[null], [""]])("is the server's again after %p", async (none) => {
    await change({ api_key: key });
    expect(await (await change({ api_key: none })).json()).toMatchObject({ has_api_key: false });
    expect((await sent()).headers.authorization).toBe("Bearer sk-scripted-secret");
  });
});

test("a model that nobody provides is taken, as at creation, and refused when it is asked", async () => {
  expect((await change({ model: "no-such-model" })).status).toBe(200);
  await expectFault(await ask(user, id, "hello"), 400, "unknown_model");
});

test.each([
  ["a number for a title", "title", { title: 1 }, "it must be a string"],
  ["a long title", "title", { title: "长".repeat(201) }, "at most 200 characters"],
  ["no model", "model", { model: null }, "it must be a string"],
  ["an empty model", "model", { model: "" }, "it must not be empty"],
  ["a list for a key", "api_key", { api_key: [] }, "it must be a string"],
  ["a high temperature", "temperature", { temperature: 2.1 }, "at most 2"],
  ["a text for top_p", "top_p", { top_p: "0.5" }, "it must be a number"],
  ["half a token", "max_tokens", { max_tokens: 1.5 }, "it must be an integer"],
  ["an object for a prompt", "system_prompt", { system_prompt: {} }, "it must be a string"],
])("%s is refused, and nothing changes", async (_, field, body, reason) => {
  const fault = await expectFault(
    await change({ title: "kept out", ...body }, english),
    400,
    "invalid_field",
  );
  expect(fault.error).toBe(`Invalid field ${field}: ${reason}`);
  expect((await historyOf(user, id)).title).toBe("测试");
});

test("what is no JSON object is refused", async () => {
  for (const [body, code] of [
    ["null", "invalid_body"],
    ["[]", "invalid_body"],
    ['"title"', "invalid_body"],
    ["{", "malformed_json"],
    ["", "malformed_json"],
  ] as const) {
    const response = await user.request("PATCH", `/api/conversations/${id}`, body, {
      headers: { "content-type": "application/json" },
    });
    await expectFault(response, 400, code);
  }
  const large = await change({ title: "x".repeat(app.config.server.maxBodyBytes) });
  await expectFault(large, 413, "body_too_large");
});

test("only the owner changes it", async () => {
  await expectFault(await change({ title: "theirs" }, {}, stranger), 404, "conversation_not_found");
  await expectFault(await change({}, {}, stranger), 404, "conversation_not_found");
  await expectFault(await change({ title: "x" }, {}, app.nobody), 401, "unauthorized");
  expect((await historyOf(user, id)).title).toBe("测试");
});
