import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { type ChatEvent, readEvents } from "../chat-stream.ts";
import { complete } from "../openai/listening.ts";
import { answer, hangBeforeHeaders, refuse } from "../upstream-scripts.ts";
import { useApp } from "../use-app.ts";
import { ask, historyOf } from "./conversing.ts";
import { createKnowledgeBase, read, upload } from "./knowing.ts";

const { app, user, log } = useApp({
  RAG_RERANKER_PROVIDER: "scripted",
  RAG_RERANKER_MODEL: "judge",
  RAG_RERANKER_TIMEOUT: "0.3",
});

const question = "苹果是什么颜色的？";
const english = { "accept-language": "en" };

interface Warned {
  readonly warnings?: readonly { readonly code: string; readonly message: string }[];
}

let fruit: string;
let other: string;
let id: number;

beforeAll(async () => {
  fruit = await filled("苹果是一种红色的水果。");
  other = await filled("白菜是一种绿色的蔬菜。");
});
afterAll(() => {
  expect(log.complaints).toEqual([]);
});
beforeEach(async () => {
  id = await user.createConversation();
});

async function filled(text: string): Promise<string> {
  const kb = await createKnowledgeBase(user);
  await read(await upload(user, kb, "食物.txt", text));
  return kb;
}

const broken = () =>
  app.upstream.scriptPath("/rerank", refuse(400, { error: { message: "broken" } }));

const askOver = (kb_ids: readonly string[], headers = {}): Promise<Response> =>
  user.post("/api/rag/chat", { conversation_id: id, kb_ids, message: question }, headers);

// The `sources` event has them beside its list.
const sourcesOf = (events: readonly ChatEvent[]) =>
  events.find(({ event }) => event === "sources") as (ChatEvent & Warned) | undefined;

const warning = {
  code: "reranking_failed",
  message:
    "The results could not be reranked and keep the order of the search: The provider scripted failed (400): broken",
};

test("a reranker that works is not spoken of", async () => {
  const sources = sourcesOf(await readEvents(await askOver([fruit])));
  expect(sources?.data).toHaveLength(1);
  expect(sources).not.toHaveProperty("warnings");
  expect((await historyOf(user, id)).messages[1]).not.toHaveProperty("warnings");
});

test("one that fails is told of beside the sources, wherever they are told", async () => {
  broken();
  const events = await readEvents(await askOver([fruit], english));
  const sources = sourcesOf(events);
  expect(sources?.data).toMatchObject([{ number: 1, doc_name: "食物.txt" }]);
  expect(sources?.warnings).toEqual([warning]);
  expect(events.at(-1)?.event).toBe("full_response");
  expect((await historyOf(user, id)).messages[1]).toMatchObject({
    sources: sources?.data,
    warnings: [warning],
  });
  expect(await readEvents(await user.get(`/api/chat/${id}/stream`))).toEqual(events);
  const file = await (await user.get(`/api/conversations/${id}/export`)).text();
  const imported = await user.post("/api/conversations/import", file, {
    "content-type": "application/json",
  });
  const { conversation_ids } = await read<{ conversation_ids: [number] }>(imported);
  expect((await historyOf(user, conversation_ids[0])).messages[1]).toMatchObject({
    warnings: [warning],
  });
});

test("one that takes too long is told of, in the language of whoever asked", async () => {
  app.upstream.scriptPath("/rerank", hangBeforeHeaders);
  const sources = sourcesOf(await readEvents(await askOver([fruit])));
  expect(sources?.data).toHaveLength(1);
  expect(sources?.warnings).toEqual([
    {
      code: "reranking_failed",
      message: "重排序未完成，结果保持检索得分的顺序：模型提供商 scripted 未在规定时间内响应",
    },
  ]);
});

test("the same failure in several knowledge bases is told of once", async () => {
  broken();
  broken();
  const sources = sourcesOf(await readEvents(await askOver([fruit, other], english)));
  expect(sources?.data).toHaveLength(2);
  expect(sources?.warnings).toEqual([warning]);
});

test("a plain question over what is attached is told of it, too, and demo's answer", async () => {
  for (const model of ["scripted/model", "demo"]) {
    id = await user.createConversation({ kb_ids: [fruit], model });
    broken();
    const sources = sourcesOf(await readEvents(await ask(user, id, question, english)));
    expect(sources?.warnings).toEqual([warning]);
    // The next one works.
    await read(await user.request("PATCH", `/api/conversations/${id}`, { model: "demo" }));
    const again = await user.post(`/api/chat/${id}/regenerate`);
    expect(sourcesOf(await readEvents(again))).not.toHaveProperty("warnings");
  }
});

test("an answer of /v1 has it beside the citations", async () => {
  const body = {
    model: `kb:${fruit}/scripted/m`,
    messages: [{ role: "user", content: question }],
  };
  const post = (more = {}) => user.post("/v1/chat/completions", { ...body, ...more }, english);
  broken();
  app.upstream.script(complete({ content: "红色[1]" }));
  expect(await read(await post())).toMatchObject({
    citations: [{ number: 1 }],
    warnings: [warning],
  });
  broken();
  app.upstream.script(answer(["红色[1]"]));
  const chunks = (await (await post({ stream: true })).text())
    .split("\n\n")
    .filter((event) => event.startsWith("data: {"))
    .map((event): Warned => JSON.parse(event.slice("data: ".length)));
  expect(chunks.filter(({ warnings }) => warnings)).toMatchObject([
    { citations: [{ number: 1 }], warnings: [warning] },
  ]);
  app.upstream.script(complete({ content: "红色[1]" }));
  expect(await read(await post())).not.toHaveProperty("warnings");
});
