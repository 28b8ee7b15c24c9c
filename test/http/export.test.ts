import { beforeEach, describe, expect, test } from "bun:test";
import { readEvents } from "../chat-stream.ts";
import { answer } from "../upstream-scripts.ts";
import { useApp } from "../use-app.ts";
import { ask } from "./conversing.ts";
import { expectFault } from "./expect-fault.ts";
import { createKnowledgeBase, upload } from "./knowing.ts";

const { app, user, stranger } = useApp();

const english = { "accept-language": "en" };

let id: number;

beforeEach(async () => {
  id = await user.createConversation({ title: "我的对话", api_key: "sk-own-0123456789" });
});

async function say(body: Record<string, unknown>, ...pieces: Parameters<typeof answer>[0][]) {
  const [first = []] = pieces;
  app.upstream.script(
    answer(first, { usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } }),
  );
  await readEvents(await user.post(`/api/chat/${id}`, body));
}

const get = (query = "", headers = {}, caller = user) =>
  caller.get(`/api/conversations/${id}/export${query}`, headers);

describe("as JSON", () => {
  test("is the whole conversation with its branches, but for the key", async () => {
    await user.request("PATCH", `/api/conversations/${id}`, {
      system_prompt: "be brief",
      temperature: 0.5,
    });
    await say({ message: "一" }, [{ reasoning: "想" }, "甲"]);
    await say({ message: "二", edit_message_id: 1 }, ["乙"]);
    const response = await get();
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(response.headers.get("content-disposition")).toBe(
      `attachment; filename="conversation-${id}.json"; filename*=UTF-8''${encodeURIComponent("我的对话.json")}`,
    );
    const text = await response.text();
    expect(text).not.toContain("sk-own");
    const time = expect.any(Number);
    const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
    const ended = { status: "complete", finish_reason: "stop", created_time: time, usage };
    expect(JSON.parse(text)).toEqual({
      format: "llm-backend-conversation",
      version: 1,
      title: "我的对话",
      model: "scripted/model",
      system_prompt: "be brief",
      temperature: 0.5,
      top_p: null,
      max_tokens: null,
      created_time: time,
      tip: 4,
      messages: [
        { message_id: 1, parent_id: null, role: "user", content: "一", created_time: time },
        {
          message_id: 2,
          parent_id: 1,
          role: "assistant",
          content: "甲",
          reasoning: "想",
          ...ended,
        },
        { message_id: 3, parent_id: null, role: "user", content: "二", created_time: time },
        { message_id: 4, parent_id: 3, role: "assistant", content: "乙", ...ended },
      ],
    });
  });

  test("of a new conversation without a title says so", async () => {
    const created = await user.post("/api/conversations/create", { model: "demo" });
    ({ conversation_id: id } = await created.json());
    expect(await (await get("?format=json")).json()).toMatchObject({
      title: "新对话",
      untitled: true,
      tip: null,
      messages: [],
    });
  });

  test("of an answer that still grows has what has come", async () => {
    const gate = Promise.withResolvers<void>();
    app.upstream.script(answer(["甲", gate.promise, "乙"]));
    const response = await ask(user, id, "一");
    expect(await (await get()).json()).toMatchObject({
      messages: [{}, { status: "interrupted", finish_reason: "interrupted" }],
    });
    gate.resolve();
    await response.text();
  });
});

describe("as Markdown", () => {
  test("is the branch that is shown", async () => {
    await say({ message: "一" }, ["甲"]);
    await say({ message: "二", edit_message_id: 1 }, ["乙\n\n```js\nlet x;\n```\n"]);
    const response = await get("?format=markdown");
    expect(response.headers.get("content-type")).toBe("text/markdown; charset=utf-8");
    expect(response.headers.get("content-disposition")).toEndWith(".md");
    expect((await response.text()).replace(/\d{4}-\d\d-\d\d \d\d:\d\d/, "TIME")).toBe(`# 我的对话

模型: scripted/model · TIME UTC

## 用户

二

## 助手

乙

\`\`\`js
let x;
\`\`\`
`);
    const inEnglish = await (await get("?format=markdown", english)).text();
    expect(inEnglish).toContain("## User\n\n二\n\n## Assistant\n\n乙");
  });

  test("tells what an answer rests on, and that one was cut", async () => {
    const kb = await createKnowledgeBase(user);
    await upload(user, kb, "合同.md", "# 第五章\n\n不可抗力条款是指免责条款。");
    app.upstream.script(answer(["免责 [1]"], { end: "silent" }));
    const question = { conversation_id: id, kb_id: kb, message: "什么是不可抗力？" };
    await readEvents(await user.post("/api/rag/chat", question));
    const text = await (await get("?format=markdown", english)).text();
    expect(text).toEndWith(
      "## Assistant\n\n免责 [1]\n\n*The answer was interrupted*\n\n- [1] 合同.md · 第五章\n",
    );
  });

  test("keeps its title in one line", async () => {
    await user.request("PATCH", `/api/conversations/${id}`, { title: "a\r\n\r\n# b" });
    const response = await get("?format=markdown");
    expect(response.headers.get("content-disposition")).toContain("UTF-8''a%20%23%20b.md");
    expect(await response.text()).toStartWith("# a # b\n\n");
  });
});

test("no other format is known", async () => {
  for (const query of ["?format=xml", "?format=", "?format=JSON"]) {
    const fault = await expectFault(await get(query, english), 400, "invalid_field");
    expect(fault.error).toBe("Invalid field format: this value is not allowed");
  }
});

test("only the owner gets it", async () => {
  for (const query of ["", "?format=markdown"]) {
    await expectFault(await get(query, {}, stranger), 404, "conversation_not_found");
    await expectFault(await get(query, {}, app.nobody), 401, "unauthorized");
  }
});
