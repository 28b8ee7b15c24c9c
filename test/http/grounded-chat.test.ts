import { beforeAll, expect, test } from "bun:test";
import { type ChatEvent, messageText, readEvents } from "../chat-stream.ts";
import { answer, refuse } from "../upstream-scripts.ts";
import { useApp } from "../use-app.ts";

const { app, user } = useApp();

let rust: string;
let tea: string;

beforeAll(async () => {
  rust = await knowledgeBase("rust.txt", "Rust 是一种系统编程语言，由 Graydon Hoare 设计。");
  tea = await knowledgeBase("tea.txt", "Green tea is brewed at 80 degrees for two minutes.");
});

/** A knowledge base with one document. */
async function knowledgeBase(name: string, text: string): Promise<string> {
  const created = await user.post("/api/rag/kb/create", { kb_name: name });
  const { kb_id }: { kb_id: string } = await created.json();
  const form = new FormData();
  form.set("kb_id", kb_id);
  form.set("file", new File([text], name));
  const uploaded = await user.post("/api/rag/doc/upload", form);
  expect(uploaded.status).toBe(200);
  return kb_id;
}

const ask = (conversationId: number, body: Record<string, unknown>): Promise<Response> =>
  user.post("/api/rag/chat", { conversation_id: conversationId, ...body });

interface SourcesEvent extends ChatEvent {
  readonly data: readonly { readonly number: number; readonly doc_name: string }[];
  readonly query?: string;
}

// The `sources` event alone has a list for data.
const sourcesOf = (events: readonly ChatEvent[]) =>
  events.find(({ event }) => event === "sources") as SourcesEvent | undefined;

/** The messages of the request that the provider got last. */
function asked(): { role: string; content: string }[] {
  const { body } = app.upstream.requests.at(-1) ?? {};
  // The upstream records bodies as they came; a chat request has messages.
  return (body as { messages: { role: string; content: string }[] }).messages;
}

test("demo answers from the passages and cites them", async () => {
  const id = await user.createConversation({ model: "demo" });
  const events = await readEvents(await ask(id, { kb_id: rust, message: "谁设计了 Rust？" }));
  expect(events.map(({ event }) => event).slice(0, 2)).toEqual(["start", "sources"]);
  expect(sourcesOf(events)?.data).toMatchObject([{ number: 1, doc_name: "rust.txt" }]);
  expect(messageText(events)).toContain("Graydon Hoare");
  expect(messageText(events)).toContain("[1]");
});

test("the prompt holds the passages, the history only what the user wrote", async () => {
  const id = await user.createConversation();
  app.upstream.script(answer(["80 degrees [1]"]));
  const message = "How hot is the water for green tea?";
  await readEvents(await ask(id, { kb_id: tea, message }));
  const prompt = asked().at(-1)?.content ?? "";
  expect(prompt).toContain('<passage number="1" document="tea.txt">');
  expect(prompt).toContain("brewed at 80 degrees");
  expect(prompt).toEndWith(`Question: ${message}`);
  const history = await user.get(`/api/conversations/history/${id}`);
  const { messages }: { messages: object[] } = await history.json();
  expect(messages).toMatchObject([
    { role: "user", content: message },
    { role: "assistant", content: "80 degrees [1]", sources: [{ doc_name: "tea.txt" }] },
  ]);
});

test("several knowledge bases are searched as one", async () => {
  const id = await user.createConversation({ model: "demo" });
  const body = { kb_ids: [rust, tea], message: "Graydon Hoare and green tea" };
  const events = await readEvents(await ask(id, body));
  const cited = sourcesOf(events)?.data ?? [];
  expect(cited.map(({ number }) => number)).toEqual([1, 2]);
  expect(cited.map(({ doc_name }) => doc_name).sort()).toEqual(["rust.txt", "tea.txt"]);
});

test("one of them is needed, and each must be the caller's own", async () => {
  const id = await user.createConversation({ model: "demo" });
  expect((await ask(id, { message: "x" })).status).toBe(400);
  const absent = crypto.randomUUID();
  expect((await ask(id, { kb_ids: [rust, absent], message: "x" })).status).toBe(404);
});

test("a follow-up question is searched for as one that stands by itself", async () => {
  const id = await user.createConversation();
  app.upstream.script(answer(["80 degrees"]), answer(["How long is green tea brewed?"]));
  app.upstream.script(answer(["two minutes [1]"]));
  await readEvents(await ask(id, { kb_id: tea, message: "How hot is green tea?" }));
  const events = await readEvents(await ask(id, { kb_id: tea, message: "And how long?" }));
  expect(sourcesOf(events)?.query).toBe("How long is green tea brewed?");
  expect(messageText(events)).toBe("two minutes [1]");
  expect(asked().at(-1)?.content).toEndWith("Question: And how long?");
  const told = await readEvents(await user.get(`/api/chat/${id}/stream`));
  expect(told).toEqual(events);
});

test("a follow-up that cannot be rewritten is searched for as it stands", async () => {
  const id = await user.createConversation();
  app.upstream.script(answer(["80 degrees"]), refuse(400, {}), answer(["two minutes [1]"]));
  await readEvents(await ask(id, { kb_id: tea, message: "How hot is green tea?" }));
  const events = await readEvents(await ask(id, { kb_id: tea, message: "tea minutes" }));
  expect(sourcesOf(events)).not.toHaveProperty("query");
  expect(messageText(events)).toBe("two minutes [1]");
});

test("answering again uses the same passages", async () => {
  const id = await user.createConversation();
  app.upstream.script(answer(["80 degrees [1]"]), answer(["again [1]"]));
  const first = await readEvents(await ask(id, { kb_id: tea, message: "How hot is green tea?" }));
  const again = await readEvents(await user.post(`/api/chat/${id}/regenerate`));
  expect(sourcesOf(again)?.data).toEqual(sourcesOf(first)?.data ?? []);
  expect(asked().at(-1)?.content).toContain("brewed at 80 degrees");
});

test("searches as it is told, like /api/rag/retrieve", async () => {
  const id = await user.createConversation({ model: "demo" });
  const cited = async (settings: Record<string, unknown>) => {
    const question = { kb_ids: [rust, tea], message: "谁设计了 Rust？", ...settings };
    const sources = sourcesOf(await readEvents(await ask(id, question)));
    return sources?.data.map(({ doc_name }) => doc_name);
  };
  expect(await cited({ mode: "vector", top_k: 50 })).toHaveLength(2);
  expect(await cited({ mode: "keyword", top_k: 50 })).toEqual(["rust.txt"]);
  expect(await cited({ min_score: 1, mode: "vector" })).toEqual([]);
  expect((await ask(id, { kb_id: rust, message: "x", expand: 9 })).status).toBe(400);
});
