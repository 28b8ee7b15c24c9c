import { Database } from "bun:sqlite";
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "bun:test";
import { CapturedLog } from "../captured-log.ts";
import { Caller, startApp, type TestApp } from "../harness.ts";
import { expectFault } from "../http/expect-fault.ts";
import { createKnowledgeBase, read, upload, uploadForm, uuidV7 } from "../http/knowing.ts";
import { until } from "../until.ts";

interface ListedKey {
  readonly key_id: string;
  readonly name: string;
  readonly prefix: string;
  readonly scopes: readonly string[];
  readonly created_time: number;
  readonly expires_time: number | null;
  readonly last_used_time: number | null;
}

const nowhere = "0198f0c4-7a11-7c3e-9f02-1b6d5e8a4c70";
const english = { "accept-language": "en" };
const now = () => Math.floor(Date.now() / 1000);

let log: CapturedLog;
let app: TestApp;
let user: Caller;
let stranger: Caller;

beforeAll(async () => {
  log = new CapturedLog();
  app = await startApp();
  user = await app.signUp();
  stranger = await app.signUp();
});
afterAll(async () => {
  await app.close();
  expect(log.complaints).toEqual([]);
  expect(log.text).not.toContain("sk-llmb-");
  log.release();
});
afterEach(() => {
  jest.useRealTimers();
});

async function create(
  owner: Caller,
  settings: Record<string, unknown> = {},
): Promise<ListedKey & { key: string }> {
  const body = { name: "a key", scopes: ["chat"], ...settings };
  const response = await owner.post("/api/keys", body);
  expect(response.status).toBe(201);
  expect(response.headers.get("cache-control")).toBe("no-store");
  return response.json();
}

const list = async (owner: Caller): Promise<ListedKey[]> => read(await owner.get("/api/keys"));

const holderOf = (key: string): Caller => new Caller(app.app, key);

async function holder(owner: Caller, ...scopes: string[]): Promise<Caller> {
  return holderOf((await create(owner, { scopes })).key);
}

describe("a key", () => {
  test("is told once, and listed without itself", async () => {
    const owner = await app.signUp();
    expect(await list(owner)).toEqual([]);
    const first = await create(owner, { name: "  CI  ", scopes: ["knowledge:write"] });
    expect(first).toEqual({
      key_id: expect.stringMatching(uuidV7),
      name: "CI",
      prefix: first.key.slice(0, 14),
      scopes: ["knowledge:write"],
      created_time: expect.any(Number),
      expires_time: null,
      last_used_time: null,
      key: expect.stringMatching(/^sk-llmb-[0-9A-Za-z]{49}$/),
    });
    expect(Math.abs(first.created_time - now())).toBeLessThan(10);
    const second = await create(owner, { scopes: ["chat", "chat", "knowledge:read"] });
    expect(second.scopes).toEqual(["chat", "knowledge:read"]);
    const { key: _, ...listedFirst } = first;
    const { key: __, ...listedSecond } = second;
    expect(await list(owner)).toEqual([listedSecond, listedFirst]);
    expect(await list(stranger)).toEqual([]);
  });

  test("is stored nowhere", async () => {
    const { key } = await create(user);
    await app.restart();
    for await (const name of new Bun.Glob("**").scan({ cwd: app.folder })) {
      const bytes = await Bun.file(`${app.folder}/${name}`).bytes();
      expect([name, Buffer.from(bytes).includes(key.slice(14))]).toEqual([name, false]);
    }
    expect((await holderOf(key).get("/v1/models")).status).not.toBe(401);
  });

  test("expires when it is said to", async () => {
    const inAnHour = await create(user, { expires_in: 3600, scopes: ["knowledge:read"] });
    expect(Math.abs((inAnHour.expires_time ?? 0) - now() - 3600)).toBeLessThan(10);
    const atATime = await create(user, { expires_time: now() + 60, scopes: ["knowledge:read"] });
    const listKnowledge = (key: string) => holderOf(key).get("/api/rag/kb/list");
    expect((await listKnowledge(inAnHour.key)).status).toBe(200);
    expect((await listKnowledge(atATime.key)).status).toBe(200);
    jest.useFakeTimers();
    jest.setSystemTime(Date.now() + 120_000);
    expect((await listKnowledge(inAnHour.key)).status).toBe(200);
    await expectFault(await listKnowledge(atATime.key), 401, "unauthorized");
    jest.setSystemTime(Date.now() + 3600_000);
    await expectFault(await listKnowledge(inAnHour.key), 401, "unauthorized");
  });

  test("opens nothing once it is revoked", async () => {
    const { key, key_id } = await create(user, { scopes: ["knowledge:read"] });
    const listKnowledge = () => holderOf(key).get("/api/rag/kb/list");
    expect((await listKnowledge()).status).toBe(200);
    expect(await read(await user.request("DELETE", `/api/keys/${key_id.toUpperCase()}`))).toEqual({
      success: true,
      message: "API 密钥已删除",
    });
    await expectFault(await listKnowledge(), 401, "unauthorized");
    const again = await user.request("DELETE", `/api/keys/${key_id}`);
    await expectFault(again, 404, "api_key_not_found");
  });

  test("of a user who is gone opens nothing", async () => {
    const gone = await app.signUp("gone");
    const key = await holder(gone, "knowledge:read");
    const database = new Database(`${app.folder}/test.db`);
    database.run("DELETE FROM users WHERE username = 'gone'");
    database.close();
    await expectFault(await key.get("/api/rag/kb/list"), 401, "unauthorized");
  });

  test("tells when it was last used, and writes that at most once a minute", async () => {
    const owner = await app.signUp();
    const { key } = await create(owner, { scopes: ["knowledge:read"] });
    const use = async () => expect((await holderOf(key).get("/api/rag/kb/list")).status).toBe(200);
    const lastUse = async () => (await list(owner))[0]?.last_used_time ?? null;
    await use();
    await until(async () => (await lastUse()) !== null);
    const first = (await lastUse()) ?? 0;
    jest.useFakeTimers();
    jest.setSystemTime((first + 59) * 1000);
    await use();
    // Writes are done in order: after one more, the use would have been noted.
    await create(owner);
    expect((await list(owner))[1]?.last_used_time).toBe(first);
    jest.setSystemTime((first + 61) * 1000);
    await use();
    await create(owner);
    expect((await list(owner))[2]?.last_used_time).toBe(first + 61);
  });

  test("of nobody is refused", async () => {
    const { key } = await create(user);
    const changed = key.slice(0, -1) + (key.endsWith("0") ? "1" : "0");
    for (const wrong of ["sk-", "sk-llmb-", changed, `${key}x`, key.slice(4), key.toUpperCase()]) {
      await expectFault(await holderOf(wrong).get("/api/rag/kb/list"), 401, "unauthorized");
    }
  });
});

describe("asking for a key", () => {
  const bad: readonly [string, Record<string, unknown>][] = [
    ["name", { name: undefined }],
    ["name", { name: "" }],
    ["name", { name: "  " }],
    ["name", { name: "a\nb" }],
    ["name", { name: "x".repeat(101) }],
    ["name", { name: 7 }],
    ["scopes", { scopes: undefined }],
    ["scopes", { scopes: [] }],
    ["scopes", { scopes: "chat" }],
    ["scopes.0", { scopes: ["admin"] }],
    ["scopes.1", { scopes: ["chat", null] }],
    ["expires_in", { expires_in: 0 }],
    ["expires_in", { expires_in: -5 }],
    ["expires_in", { expires_in: 1.5 }],
    ["expires_in", { expires_in: "3600" }],
    ["expires_in", { expires_in: 1e12 }],
    ["expires_time", { expires_time: 1 }],
    ["expires_time", { expires_time: 1e15 }],
    ["expires_time", { expires_in: 60, expires_time: 4e9 }],
  ];
  test.each(bad)("names %s at fault in %j", async (field, settings) => {
    const body = { name: "a key", scopes: ["chat"], ...settings };
    const fault = await expectFault(
      await user.post("/api/keys", body, english),
      400,
      "invalid_field",
    );
    expect(fault.error).toStartWith(`Invalid field ${field}: `);
  });

  test.each(["null", "[]", "7", '"x"', "{", ""])("refuses the body %j", async (body) => {
    const response = await user.post("/api/keys", body, { "content-type": "application/json" });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ success: false });
  });

  test("has an end at a hundred", async () => {
    const owner = await app.signUp();
    for (let i = 0; i < 100; i++) await create(owner);
    const body = { name: "one more", scopes: ["chat"] };
    await expectFault(await owner.post("/api/keys", body), 409, "too_many_api_keys");
    const [newest] = await list(owner);
    await owner.request("DELETE", `/api/keys/${newest?.key_id}`);
    await create(owner);
  });
});

describe("a stranger", () => {
  test("sees and revokes nobody's keys but their own", async () => {
    const { key_id, key } = await create(user, { scopes: ["knowledge:read"] });
    for (const id of [key_id, nowhere]) {
      const response = await stranger.request("DELETE", `/api/keys/${id}`);
      await expectFault(response, 404, "api_key_not_found");
    }
    expect((await holderOf(key).get("/api/rag/kb/list")).status).toBe(200);
    await expectFault(await user.request("DELETE", "/api/keys/7"), 400, "invalid_field");
  });

  test("needs a token", async () => {
    for (const [method, path] of [
      ["POST", "/api/keys"],
      ["GET", "/api/keys"],
      ["DELETE", `/api/keys/${nowhere}`],
    ] as const) {
      await expectFault(await app.nobody.request(method, path), 401, "unauthorized");
    }
  });
});

describe("scopes", () => {
  let knowledgeBase: string;
  beforeAll(async () => {
    knowledgeBase = await createKnowledgeBase(user);
    await read(await upload(user, knowledgeBase, "a.txt", "苹果是一种水果"));
  });

  const refused = async (response: Response, needed: string) => {
    expect(response.headers.get("www-authenticate")).toBe('Bearer error="insufficient_scope"');
    const fault = await expectFault(response, 403, "insufficient_scope");
    expect(fault.error).toContain(needed);
  };

  test("knowledge:read reads and changes nothing", async () => {
    const reader = await holder(user, "knowledge:read");
    expect(await read(await reader.get("/api/rag/kb/list"))).toMatchObject({ success: true });
    await read(await reader.get(`/api/rag/doc/list?kb_id=${knowledgeBase}`));
    await read(await reader.get("/api/rag/models"));
    const query = { kb_id: knowledgeBase, query: "苹果" };
    const { results } = await read<{ results: unknown[] }>(
      await reader.post("/api/rag/retrieve", query),
    );
    expect(results).toHaveLength(1);
    const write = "knowledge:write";
    await refused(await reader.post("/api/rag/kb/create", { kb_name: "x" }), write);
    await refused(await reader.post("/api/rag/kb/delete", { kb_id: knowledgeBase }), write);
    const form = uploadForm(knowledgeBase, "b.txt", "x");
    await refused(await reader.post("/api/rag/doc/upload", form), write);
    await refused(await reader.post("/api/rag/doc/delete", {}), write);
  });

  test("knowledge:write fills knowledge bases and reads nothing", async () => {
    const writer = await holder(user, "knowledge:write");
    const created = await createKnowledgeBase(writer);
    await read(await upload(writer, created, "b.txt", "香蕉也是一种水果"));
    expect(await read(await user.get(`/api/rag/doc/list?kb_id=${created}`))).toMatchObject({
      docs: [{ doc_name: "b.txt" }],
    });
    const query = { kb_id: created, query: "香蕉" };
    await refused(await writer.post("/api/rag/retrieve", query), "knowledge:read");
    await refused(await writer.get("/api/rag/kb/list"), "knowledge:read");
    await read(await writer.post("/api/rag/kb/delete", { kb_id: created }));
  });

  test("no key reaches conversations, chats stored in them, or keys", async () => {
    const id = await user.createConversation();
    const all = await holder(user, "chat", "knowledge:read", "knowledge:write");
    const { key_id } = await create(user);
    for (const [method, path] of [
      ["POST", "/api/conversations/create"],
      ["GET", "/api/conversations/list"],
      ["GET", `/api/conversations/history/${id}`],
      ["POST", `/api/conversations/del/${id}`],
      ["POST", `/api/chat/${id}`],
      ["GET", `/api/chat/${id}/stream`],
      ["POST", `/api/chat/${id}/stop`],
      ["POST", "/api/rag/chat"],
      ["POST", "/api/keys"],
      ["GET", "/api/keys"],
      ["DELETE", `/api/keys/${key_id}`],
    ] as const) {
      const body = method === "GET" ? undefined : "{";
      const headers = { "content-type": "application/json" };
      await refused(await all.request(method, path, body, { headers }), "需要登录令牌");
      await refused(await all.request(method, `${path}/`, body, { headers }), "需要登录令牌");
    }
  });

  test("chat alone reads no knowledge", async () => {
    const chatter = await holder(user, "chat");
    await refused(await chatter.get("/api/rag/kb/list"), "knowledge:read");
  });

  test("a key opens its owner's knowledge alone", async () => {
    const other = await holder(stranger, "knowledge:read", "knowledge:write");
    const query = { kb_id: knowledgeBase, query: "苹果" };
    const retrieve = await other.post("/api/rag/retrieve", query);
    await expectFault(retrieve, 404, "knowledge_base_not_found");
    const remove = await other.post("/api/rag/kb/delete", { kb_id: knowledgeBase });
    await expectFault(remove, 404, "knowledge_base_not_found");
  });

  test("what a key may not do is refused before its body is read", async () => {
    const reader = await holder(user, "knowledge:read");
    let read = 0;
    const endless = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          read += 1;
          controller.enqueue(new Uint8Array(1000));
        },
      },
      { highWaterMark: 0 },
    );
    const headers = { "content-type": "application/json" };
    await refused(await reader.post("/api/rag/kb/create", endless, headers), "knowledge:write");
    expect(read).toBe(0);
  });
});
