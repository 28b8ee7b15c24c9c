import { afterAll, describe, expect, jest, test } from "bun:test";
import { Caller, startApp } from "../harness.ts";
import { useApp } from "../use-app.ts";
import { expectFault } from "./expect-fault.ts";

const { app, user, stranger, log } = useApp();

interface Summary {
  readonly conversation_id: number;
  readonly title: string;
  readonly created_time: number;
}

const english = { "accept-language": "en" };

afterAll(() => {
  expect(log.complaints).toEqual([]);
});

const create = (body: Record<string, unknown>, headers = {}) =>
  user.post("/api/conversations/create", body, headers);

async function list(caller: Caller, query = ""): Promise<Summary[]> {
  const response = await caller.get(`/api/conversations/list${query}`);
  expect(response.status).toBe(200);
  return response.json();
}

describe("creation", () => {
  test("answers what was asked for, with an id and a time", async () => {
    const body = { title: "我的新对话", model: "gpt-4o", api_key: "your-api-key-here" };
    const response = await create(body);
    expect(response.status).toBe(200);
    const created: Summary = await response.json();
    expect(created).toEqual({
      ...body,
      conversation_id: expect.any(Number),
      created_time: expect.any(Number),
    });
    expect(Number.isSafeInteger(created.conversation_id)).toBe(true);
    expect(created.created_time - Date.now() / 1000).toBeWithin(-60, 1);
  });

  test("takes everything that a conversation can be given, and drops the rest", async () => {
    const settings = {
      title: "",
      model: "glm-4",
      system_prompt: "简短",
      temperature: 0,
      top_p: 0.5,
      max_tokens: 100,
    };
    const response = await create({
      ...settings,
      conversation_id: 1,
      user_id: 1,
      created_time: 1,
      unknown: { deeply: [null] },
      ["__proto__"]: { title: "polluted" },
    });
    const created: Summary = await response.json();
    expect(created).toEqual({
      ...settings,
      conversation_id: expect.any(Number),
      created_time: expect.any(Number),
    });
    expect(created.conversation_id).not.toBe(1);
    expect(created.created_time).not.toBe(1);
  });

  test("names a conversation without a title in the caller's language", async () => {
    expect(await (await create({ model: "demo" })).json()).toMatchObject({ title: "新对话" });
    expect(await (await create({ model: "demo" }, english)).json()).toMatchObject({
      title: "New conversation",
    });
  });

  test.each([
    ["no model", "model", {}],
    ["an empty model", "model", { model: "" }],
    ["a number for a model", "model", { model: 4 }],
    ["a long model", "model", { model: "x".repeat(201) }],
    ["a number for a title", "title", { model: "x", title: 1 }],
    ["a list for a title", "title", { model: "x", title: ["a"] }],
    ["a long title", "title", { model: "x", title: "长".repeat(201) }],
    ["an object for a key", "api_key", { model: "x", api_key: {} }],
    ["a text for a temperature", "temperature", { model: "x", temperature: "0.5" }],
    ["a high temperature", "temperature", { model: "x", temperature: 2.1 }],
    ["a negative temperature", "temperature", { model: "x", temperature: -0.1 }],
    ["a high top_p", "top_p", { model: "x", top_p: 1.1 }],
    ["no tokens", "max_tokens", { model: "x", max_tokens: 0 }],
    ["half a token", "max_tokens", { model: "x", max_tokens: 1.5 }],
    ["a list for a prompt", "system_prompt", { model: "x", system_prompt: [] }],
    ["a long prompt", "system_prompt", { model: "x", system_prompt: "x".repeat(100_001) }],
  ])("refuses %s and names the field", async (_, field, body) => {
    const fault = await expectFault(await create(body, english), 400, "invalid_field");
    expect(fault.error).toStartWith(`Invalid field ${field}: `);
  });
});

describe("the list", () => {
  test("holds the caller's own, newest first, and nothing more of each", async () => {
    const caller = await app.signUp();
    expect(await list(caller)).toEqual([]);
    const ids: number[] = [];
    for (let i = 0; i < 5; i++) ids.unshift(await caller.createConversation({ title: `第 ${i}` }));
    const listed = await list(caller);
    expect(listed.map(({ conversation_id }) => conversation_id)).toEqual(ids);
    expect(listed[0]).toEqual({
      conversation_id: expect.any(Number),
      title: "第 4",
      created_time: expect.any(Number),
    });
    expect(ids).toEqual(ids.toSorted((a, b) => b - a));
  });

  test("pages by limit and before, whatever the size of a page", async () => {
    const caller = await app.signUp();
    for (let i = 0; i < 7; i++) await caller.createConversation();
    const whole = await list(caller);
    for (const limit of [1, 2, 3, 7, 8, 1000]) {
      const paged: Summary[] = [];
      for (;;) {
        const last = paged.at(-1);
        const before = last === undefined ? "" : `&before=${last.conversation_id}`;
        const page = await list(caller, `?limit=${limit}${before}`);
        expect(page.length).toBeLessThanOrEqual(limit);
        if (page.length === 0) break;
        paged.push(...page);
      }
      expect(paged).toEqual(whole);
    }
    expect(await list(caller, `?before=${whole[4]?.conversation_id}`)).toEqual(whole.slice(5));
    expect(await list(caller, "?before=1")).toEqual([]);
    expect(await list(caller, "?before=9007199254740991&other=x")).toEqual(whole);
  });

  test.each(["limit=0", "limit=-1", "limit=1001", "limit=1.5", "limit=x", "limit=", "limit=NaN"])(
    "refuses %s",
    async (query) => {
      const response = await user.get(`/api/conversations/list?${query}`, english);
      const fault = await expectFault(response, 400, "invalid_field");
      expect(fault.error).toStartWith("Invalid field limit: ");
    },
  );

  test.each(["before=0", "before=-1", "before=x", "before=1e400", "before=9007199254740993"])(
    "refuses %s",
    async (query) => {
      const response = await user.get(`/api/conversations/list?limit=5&${query}`, english);
      const fault = await expectFault(response, 400, "invalid_field");
      expect(fault.error).toStartWith("Invalid field before: ");
    },
  );
});

describe("the history", () => {
  test("of a new conversation has no message", async () => {
    const id = await user.createConversation({ title: "我的新对话", system_prompt: "secret" });
    const response = await user.get(`/api/conversations/history/${id}`);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(await response.json()).toEqual({
      conversation_id: id,
      title: "我的新对话",
      model: "scripted/model",
      messages: [],
      created_time: expect.any(Number),
    });
  });

  test("keeps every character of a title", async () => {
    const title = `"\\/\b\f\n\r\t\u0000\u2028\u2029😀 <script> é e\u0301 ${"汉".repeat(100)}`;
    const id = await user.createConversation({ title });
    expect(await (await user.get(`/api/conversations/history/${id}`)).json()).toMatchObject({
      title,
    });
    expect((await list(user, "?limit=1"))[0]?.title).toBe(title);
  });
});

describe("deletion", () => {
  test("takes the conversation away, once, for good", async () => {
    const id = await user.createConversation();
    await user.post(`/api/chat/${id}`, { message: "hello" }).then((answer) => answer.text());
    const response = await user.post(`/api/conversations/del/${id}`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ message: "对话删除成功" });
    const id404 = [
      user.post(`/api/conversations/del/${id}`),
      user.get(`/api/conversations/history/${id}`),
      user.post(`/api/chat/${id}`, { message: "hello" }),
    ];
    for (const answer of id404) await expectFault(await answer, 404, "conversation_not_found");
    expect((await list(user)).map(({ conversation_id }) => conversation_id)).not.toContain(id);
  });

  test("frees no id, even if the server starts anew on an earlier day", async () => {
    const own = await startApp();
    const { token } = await own.signUp();
    const newest = await new Caller(own.app, token).createConversation();
    await new Caller(own.app, token).post(`/api/conversations/del/${newest}`);
    jest.useFakeTimers();
    jest.setSystemTime(Date.now() - 3_600_000);
    await own.restart();
    expect(await new Caller(own.app, token).createConversation()).toBeGreaterThan(newest);
    jest.useRealTimers();
    await own.close();
  });

  test("says so in English to who asks for it", async () => {
    const id = await user.createConversation();
    const response = await user.post(`/api/conversations/del/${id}`, undefined, english);
    expect(await response.json()).toEqual({ message: "Conversation deleted" });
  });

  test("takes any body, as it takes none", async () => {
    for (const body of [undefined, "", "{}", "{", "null", "x".repeat(2_000_000)]) {
      const id = await user.createConversation();
      const response = await user.post(`/api/conversations/del/${id}`, body, {
        "content-type": "application/json",
      });
      expect([body?.length, response.status]).toEqual([body?.length, 200]);
    }
  });
});

const byId = [
  ["GET", "/api/conversations/history/"],
  ["POST", "/api/conversations/del/"],
  ["POST", "/api/chat/"],
] as const;

describe.each(byId)("%s %s:conversation_id", (method, path) => {
  const ask = (caller: Caller, id: string | number, headers = {}) =>
    caller.request(method, `${path}${id}`, method === "GET" ? undefined : { message: "hello" }, {
      headers,
    });

  test("refuses what is no id", async () => {
    const ids = ["x", "0", "-1", "1.5", "9007199254740992", "%00", "%ff", "1,2", "null", "[1]"];
    for (const id of ids) {
      const fault = await expectFault(await ask(user, id, english), 400, "invalid_field");
      expect(fault.error).toStartWith("Invalid field conversation_id: ");
    }
  });

  test("tells another user's from none by nothing", async () => {
    const id = await user.createConversation();
    const faults: unknown[] = [];
    for (const [caller, asked] of [
      [stranger, id],
      [stranger, 1],
      [user, 1],
    ] as const) {
      const response = await ask(caller, asked, { "x-request-id": "same" });
      const fault = await expectFault(response, 404, "conversation_not_found");
      faults.push([fault, [...response.headers].filter(([name]) => name !== "date")]);
    }
    expect(faults[1]).toEqual(faults[0]);
    expect(faults[2]).toEqual(faults[0]);
    expect(await (await user.get(`/api/conversations/history/${id}`)).json()).toMatchObject({
      messages: [],
    });
  });
});
