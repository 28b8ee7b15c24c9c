import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { CapturedLog } from "../captured-log.ts";
import { readEvents } from "../chat-stream.ts";
import { type Caller, startApp, type TestApp } from "../harness.ts";
import { answer, refuse } from "../upstream-scripts.ts";
import { ask } from "./conversing.ts";
import { expectFault } from "./expect-fault.ts";

interface Match {
  readonly message_id: number;
  readonly role: string;
  readonly snippet: string;
  readonly highlights: readonly (readonly [number, number])[];
  readonly created_time: number;
}

interface Result {
  readonly conversation_id: number;
  readonly title: string;
  readonly title_highlights: readonly (readonly [number, number])[];
  readonly created_time: number;
  readonly match_count: number;
  readonly matches: readonly Match[];
}

interface Page {
  readonly results: readonly Result[];
  readonly has_more: boolean;
}

let log: CapturedLog;
let app: TestApp;
let user: Caller;

beforeAll(async () => {
  log = new CapturedLog();
  app = await startApp();
});
afterAll(async () => {
  await app.close();
  expect(log.complaints).toEqual([]);
  log.release();
});

async function search(caller: Caller, q: string, rest = ""): Promise<Page> {
  const response = await caller.get(`/api/conversations/search?q=${encodeURIComponent(q)}${rest}`);
  if (response.status !== 200) throw new Error(await response.text());
  return response.json();
}

const idsOf = ({ results }: Page): number[] => results.map((result) => result.conversation_id);

const find = async (caller: Caller, q: string): Promise<number[]> => idsOf(await search(caller, q));

/** A conversation in which each question got its answer. */
async function converse(
  caller: Caller,
  title: string,
  ...turns: readonly (readonly [string, string])[]
): Promise<number> {
  const id = await caller.createConversation({ title });
  for (const [message, reply] of turns) await say(caller, id, { message }, reply);
  return id;
}

async function say(caller: Caller, id: number, body: Record<string, unknown>, reply: string) {
  app.upstream.script(answer([reply]));
  await readEvents(await caller.post(`/api/chat/${id}`, body));
}

const marked = (text: string, highlights: Match["highlights"]): string[] =>
  highlights.map(([start, end]) => text.slice(start, end));

describe("a search", () => {
  let law: number;
  let rust: number;

  beforeAll(async () => {
    user = await app.signUp();
    law = await converse(user, "合同问题", [
      "什么是不可抗力条款？",
      "不可抗力條款是指因不可預見的客觀情況免除責任的條款。",
    ]);
    rust = await converse(user, "Rust ownership", [
      "What about borrowing?",
      "Borrows are checked.",
    ]);
  });

  test.each([
    ["不可抗力", "law"],
    ["条款", "law"],
    ["條款", "law"],
    ["抗", "law"],
    ["款", "law"],
    ["免除责任", "law"],
    ["什么 条款", "law"],
    ["合同", "law"],
    ["同", "law"],
    ["borrow", "rust"],
    ["BORROWING", "rust"],
    ["checking", "rust"],
    ["ownership", "rust"],
    ["what about borrowing", "rust"],
    ["条款 borrow", undefined],
    ["不可靠", undefined],
    ["抗不", undefined],
    ["rusty", undefined],
    ["😀", undefined],
    ["。", undefined],
    ["%", undefined],
    ['"', undefined],
    ["* OR NOT", undefined],
    ["scripted", undefined],
  ] as const)("for %j finds %p", async (q, expected) => {
    const ids = { law, rust };
    expect(await find(user, q)).toEqual(expected === undefined ? [] : [ids[expected]]);
  });

  test("finds a name as the beginning or a part of a longer one, and a number nowhere else", async () => {
    const caller = await app.signUp();
    const id = await converse(caller, "names", [
      "gpt-4o-mini, v1.2.3-beta, 2024-01-05, my_user_name",
      "done",
    ]);
    await converse(caller, "numbers", ["1. a\n2. b\n3. c: gpt, 4 or 5, 2024, 1", "done"]);
    for (const q of ["gpt-4o", "v1.2", "v1.2.3", "2024-01", "user_name", "GPT 4o mini"]) {
      expect(await find(caller, q), q).toEqual([id]);
    }
    // A version's name begins with another sign.
    expect(await find(caller, "1.2")).toEqual([]);
  });

  test("shows where it found something", async () => {
    const { results } = await search(user, "不可抗力");
    expect(results).toEqual([
      {
        conversation_id: law,
        title: "合同问题",
        title_highlights: [],
        created_time: expect.any(Number),
        match_count: 2,
        matches: [
          {
            message_id: 2,
            role: "assistant",
            snippet: "不可抗力條款是指因不可預見的客觀情況免除責任的條款。",
            highlights: [
              [0, 4],
              [9, 11],
            ],
            created_time: expect.any(Number),
          },
          {
            message_id: 1,
            role: "user",
            snippet: "什么是不可抗力条款？",
            highlights: [[3, 7]],
            created_time: expect.any(Number),
          },
        ],
      },
    ]);
    const [found] = (await search(user, "ownership")).results;
    expect(found).toMatchObject({ title_highlights: [[5, 14]], match_count: 0, matches: [] });
  });

  test("shows three messages of many, a piece of each", async () => {
    const caller = await app.signUp();
    const long = `${"前文。".repeat(100)}关键词${"后文。".repeat(100)}`;
    await converse(caller, "x", ...[1, 2, 3].map((n) => [`关键词 ${n}`, long] as const));
    const [found] = (await search(caller, "关键词")).results;
    expect(found?.match_count).toBe(6);
    expect(found?.matches.map(({ message_id }) => message_id)).toEqual([6, 5, 4]);
    for (const { snippet, highlights } of found?.matches ?? []) {
      expect(marked(snippet, highlights)).toEqual(["关键词"]);
      expect(snippet.length).toBeLessThan(50);
    }
  });

  test("finds text as it is, be it markup", async () => {
    const caller = await app.signUp();
    await converse(caller, "x", ["<mark>关键词</mark>", "y"]);
    const [found] = (await search(caller, "关键词")).results;
    expect(found?.matches[0]).toMatchObject({
      snippet: "<mark>关键词</mark>",
      highlights: [[6, 9]],
    });
  });

  test("finds nothing of another user's", async () => {
    const stranger = await app.signUp();
    for (const q of ["不可抗力", "ownership", "borrow"]) {
      expect(await search(stranger, q)).toEqual({ results: [], has_more: false });
    }
    const theirs = await converse(stranger, "不可抗力", ["x", "y"]);
    expect(await find(stranger, "不可抗力")).toEqual([theirs]);
    expect(await find(user, "不可抗力")).toEqual([law]);
  });

  test("is refused without words, with too many, or without a token", async () => {
    const english = { "accept-language": "en" };
    for (const [query, field] of [
      ["", "q"],
      ["?q=", "q"],
      [`?q=${"x".repeat(201)}`, "q"],
      ["?q=x&limit=0", "limit"],
      ["?q=x&limit=101", "limit"],
      ["?q=x&before=0", "before"],
      ["?q=x&before=y", "before"],
    ]) {
      const response = await user.get(`/api/conversations/search${query}`, english);
      const fault = await expectFault(response, 400, "invalid_field");
      expect(fault.error).toStartWith(`Invalid field ${field}: `);
    }
    const response = await app.nobody.get("/api/conversations/search?q=x");
    await expectFault(response, 401, "unauthorized");
  });
});

describe("what can be found", () => {
  beforeAll(async () => {
    user = await app.signUp();
  });

  test("are all branches", async () => {
    const id = await converse(user, "x", ["第一个问题", "旧回答"]);
    await say(user, id, { message: "第二个问题", edit_message_id: 1 }, "新回答");
    for (const q of ["第一个", "旧回答", "第二个", "新回答"]) {
      expect(await find(user, q)).toEqual([id]);
    }
  });

  test("is an answer when it has ended, and a question that got none", async () => {
    const id = await user.createConversation();
    const gate = Promise.withResolvers<void>();
    app.upstream.script(answer(["半截", gate.promise, "子话"]));
    const response = await ask(user, id, "等一等");
    expect(await find(user, "等一等")).toEqual([id]);
    expect(await find(user, "半截")).toEqual([]);
    gate.resolve();
    await readEvents(response);
    expect(await find(user, "半截子话")).toEqual([id]);
    app.upstream.script(refuse(400, {}));
    await ask(user, id, "没有回答");
    expect(await find(user, "没有回答")).toEqual([id]);
  });

  test("is the title that a conversation has now, if somebody gave it", async () => {
    const id = await user.createConversation({ title: "旧标题" });
    const rename = (title: string | null) =>
      user.request("PATCH", `/api/conversations/${id}`, { title });
    expect(await find(user, "旧标题")).toEqual([id]);
    await rename("新名字");
    expect(await find(user, "旧标题")).toEqual([]);
    expect(await find(user, "新名字")).toEqual([id]);
    await rename(null);
    expect(await find(user, "新名字")).toEqual([]);
    expect(await find(user, "新对话")).toEqual([]);
    await rename("新对话");
    expect(await find(user, "新对话")).toEqual([id]);
  });

  test("vanishes with its conversation", async () => {
    const id = await converse(user, "将要删除", ["要走的问题", "要走的回答"]);
    expect(await find(user, "要走的")).toEqual([id]);
    await user.post(`/api/conversations/del/${id}`);
    for (const q of ["将要删除", "要走的", "问题 要走"]) expect(await find(user, q)).toEqual([]);
    const unsearched = await converse(user, "也要删除", ["x", "y"]);
    await user.post(`/api/conversations/del/${unsearched}`);
    expect(await find(user, "也要删除")).toEqual([]);
    const database = new Database(`${app.folder}/test.db`, { readonly: true });
    const count = (sql: string) =>
      database.query<{ n: number }, []>(`SELECT (${sql}) AS n`).get()?.n;
    expect(count("SELECT count(*) FROM search_entries")).toBe(
      count("SELECT count(*) FROM conversation_terms_docsize"),
    );
    expect(
      count(
        "SELECT count(*) FROM search_entries WHERE conversation_id NOT IN (SELECT id FROM conversations)",
      ),
    ).toBe(0);
    database.close();
  });

  test("is found after a restart, whether it was before or not", async () => {
    const searched = await converse(user, "重启之前", ["x", "y"]);
    expect(await find(user, "重启之前")).toEqual([searched]);
    const fresh = await converse(user, "未曾搜过", ["x", "y"]);
    await app.restart();
    expect(await find(user, "重启之前")).toEqual([searched]);
    expect(await find(user, "未曾搜过")).toEqual([fresh]);
  });

  test("is a long message, up to a point", async () => {
    const text = `开头${"字".repeat(49_996)}末尾处${"字".repeat(100_000)}超出处`;
    const id = await converse(user, "x", [text, "y"]);
    expect(await find(user, "开头")).toEqual([id]);
    expect(await find(user, "末尾")).toEqual([id]);
    expect(await find(user, "超出")).toEqual([]);
  });
});

describe("pages", () => {
  test("follow one another, newest first, whatever their size and what comes meanwhile", async () => {
    user = await app.signUp();
    const ids: number[] = [];
    for (let i = 0; i < 7; i++) ids.unshift(await user.createConversation({ title: "分页" }));
    for (const limit of [1, 2, 3, 7, 8]) {
      const paged: number[] = [];
      for (let more = true, before = ""; more; before = `&before=${paged.at(-1)}`) {
        const page = await search(user, "分页", `&limit=${limit}${before}`);
        expect(page.results.length).toBeLessThanOrEqual(limit);
        paged.push(...idsOf(page));
        more = page.has_more;
        await user.createConversation({ title: "分页" });
      }
      expect(paged.slice(-7)).toEqual(ids);
      expect(new Set(paged).size).toBe(paged.length);
    }
    expect(await search(user, "分页", "&before=1")).toEqual({ results: [], has_more: false });
  });
});

test("what was stored before there was a search is found after the next start", async () => {
  const old = await startApp();
  const caller = await old.signUp();
  const ids: number[] = [];
  for (let i = 0; i < 30; i++) ids.unshift(await caller.createConversation({ title: "从前" }));
  const database = new Database(`${old.folder}/test.db`);
  database.run("DELETE FROM search_entries");
  database.run("INSERT OR IGNORE INTO search_backlog SELECT id FROM conversations");
  database.close();
  await old.restart();
  expect((await search(caller.on(old.app), "从前", "&limit=100")).results).toHaveLength(30);
  await old.close();
});
