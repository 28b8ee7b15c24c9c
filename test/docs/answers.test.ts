import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type ChatEvent, readEvents } from "../chat-stream.ts";
import { type Caller, startApp, type TestApp } from "../harness.ts";
import { until } from "../until.ts";
import { answer, refuse } from "../upstream-scripts.ts";
import { checkerOf, type OpenApiDocument } from "./open-api.ts";

let server: TestApp;
let user: Caller;
let document: OpenApiDocument;
let checker: ReturnType<typeof checkerOf>;

beforeAll(async () => {
  server = await startApp();
  user = await server.signUp("documented");
  document = await (await server.nobody.get("/swagger/json")).json();
  checker = checkerOf(document);
});
afterAll(() => server.close());

/** Fails unless the document describes this answer of the operation to the last field. */
async function expectDocumented(path: string, method: string, answer: Response): Promise<unknown> {
  const media = document.paths[path]?.[method]?.responses[answer.status]?.content;
  const schema = media?.["application/json"]?.schema;
  const body: unknown = await answer.json();
  if (schema === undefined) throw new Error(`${answer.status} of ${path} is not in the document`);
  expect(checker(schema)(body), JSON.stringify(body)).toEqual([]);
  return body;
}

function form(kb_id: string, text: string, name: string): FormData {
  const fields = new FormData();
  fields.set("kb_id", kb_id);
  fields.set("file", new File([text], name));
  return fields;
}

function expectChatEvents(events: readonly ChatEvent[]): void {
  const schema = document.components.schemas.ChatEvent;
  if (schema === undefined) throw new Error("the document has no ChatEvent");
  for (const { id: _, ...event } of events) {
    expect(checker(schema)(event), JSON.stringify(event)).toEqual([]);
  }
}

describe("what the server answers is what the document says", () => {
  test("of accounts", async () => {
    const { nobody } = server;
    const credentials = { username: "somebody", password: "SecureP@ssw0rd!" };
    const register = "/api/users/register";
    await expectDocumented(register, "post", await nobody.post(register, credentials));
    await expectDocumented(register, "post", await nobody.post(register, credentials));
    await expectDocumented(register, "post", await nobody.post(register, "{"));
    await expectDocumented(register, "post", await nobody.post(register, "null"));
    const login = "/api/users/login";
    await expectDocumented(login, "post", await nobody.post(login, credentials));
    const wrong = { ...credentials, password: "another" };
    await expectDocumented(login, "post", await nobody.post(login, wrong));
    const text = { "content-type": "text/plain" };
    await expectDocumented(login, "post", await nobody.post(login, "hello", text));
    const large = { ...credentials, password: "x".repeat(server.config.server.maxBodyBytes) };
    await expectDocumented(login, "post", await nobody.post(login, large));
  });

  test("of conversations", async () => {
    const create = "/api/conversations/create";
    const settings = {
      title: "标题",
      model: "scripted/model",
      api_key: "sk-own",
      system_prompt: "你好",
      temperature: 1,
      top_p: 0.5,
      max_tokens: 100,
    };
    await expectDocumented(create, "post", await user.post(create, settings));
    await expectDocumented(create, "post", await user.post(create, { model: "scripted/model" }));
    await expectDocumented(create, "post", await user.post(create, {}));
    const list = "/api/conversations/list";
    await expectDocumented(list, "get", await user.get(list));
    await expectDocumented(list, "get", await user.get(`${list}?limit=none`));
    await expectDocumented(list, "get", await server.nobody.get(list));
    const id = await user.createConversation();
    await readEvents(await user.post(`/api/chat/${id}`, { message: "你好" }));
    const update = "/api/conversations/{conversation_id}";
    const change = (body: Record<string, unknown>) =>
      user.request("PATCH", `/api/conversations/${id}`, body);
    await expectDocumented(update, "patch", await change({ temperature: 0.2, api_key: "sk-own" }));
    await expectDocumented(update, "patch", await change({ temperature: "warm" }));
    const knowledge = await user.post("/api/rag/kb/create", { kb_name: "法律" });
    const { kb_id }: { kb_id: string } = await knowledge.json();
    const attached = await change({ kb_ids: [kb_id] });
    expect(await expectDocumented(update, "patch", attached)).toMatchObject({ kb_ids: [kb_id] });
    await expectDocumented(update, "patch", await change({ kb_ids: [crypto.randomUUID()] }));
    const born = await user.post(create, { ...settings, kb_id });
    expect(await expectDocumented(create, "post", born)).toMatchObject({ kb_ids: [kb_id] });
    expect(await expectDocumented(list, "get", await user.get(list))).toHaveProperty("0.kb_ids");
    await user.post("/api/rag/kb/delete", { kb_id });
    const history = "/api/conversations/history/{conversation_id}";
    const read = await user.get(`/api/conversations/history/${id}`);
    expect(await expectDocumented(history, "get", read)).toMatchObject({ messages: [{}, {}] });
    await expectDocumented(history, "get", await user.get("/api/conversations/history/1"));
    const search = "/api/conversations/search";
    const found = await user.get(`${search}?q=${encodeURIComponent("你好")}`);
    expect(await expectDocumented(search, "get", found)).toMatchObject({
      results: [{ matches: [{ highlights: [[0, 2]] }] }],
    });
    await expectDocumented(search, "get", await user.get(search));
    const exported = "/api/conversations/{conversation_id}/export";
    const file = `/api/conversations/${id}/export`;
    await expectDocumented(exported, "get", await user.get(file));
    await expectDocumented(exported, "get", await user.get(`${file}?format=xml`));
    const imported = "/api/conversations/import";
    const take = async (value: unknown) =>
      expectDocumented(imported, "post", await user.post(imported, JSON.stringify(value)));
    const whole: unknown = await (await user.get(file)).json();
    expect(await take([whole, 7])).toMatchObject({ failed: [{ index: 1 }] });
    await take({});
    await take([]);
    const title = "/api/conversations/{conversation_id}/title";
    const entitle = (named: number) => user.post(`/api/conversations/${named}/title`);
    await expectDocumented(title, "post", await entitle(id));
    await expectDocumented(title, "post", await entitle(await user.createConversation()));
    const remove = "/api/conversations/del/{conversation_id}";
    await expectDocumented(remove, "post", await user.post(`/api/conversations/del/${id}`));
    await expectDocumented(remove, "post", await user.post(`/api/conversations/del/${id}`));
  });

  test("of chat", async () => {
    const id = await user.createConversation();
    const answer = await user.post(`/api/chat/${id}`, { message: "你好" });
    const events = await readEvents(answer);
    expect(events.length).toBeGreaterThan(3);
    expectChatEvents(events);
    const chat = "/api/chat/{conversation_id}";
    server.upstream.script(refuse(400, { error: { message: "no", code: "bad" } }));
    const refused = await user.post(`/api/chat/${id}`, { message: "你好" });
    expect(await expectDocumented(chat, "post", refused)).toMatchObject({
      code: "provider_failed",
    });
    const unknown = await user.createConversation({ model: "no-such-model" });
    const unrouted = await user.post(`/api/chat/${unknown}`, { message: "你好" });
    expect(await expectDocumented(chat, "post", unrouted)).toMatchObject({ code: "unknown_model" });
  });

  test("of usage", async () => {
    const usage = "/api/usage";
    const id = await user.createConversation();
    await readEvents(await user.post(`/api/chat/${id}`, { message: "你好" }));
    const grouped = () => user.get(`${usage}?group_by=day,model,user,kind`);
    await until(async () => {
      const { total }: { total: { answers: number } } = await (await grouped()).json();
      return total.answers > 0;
    });
    expect(await expectDocumented(usage, "get", await grouped())).toHaveProperty("groups.0");
    await expectDocumented(usage, "get", await user.get(`${usage}?group_by=month`));
    await expectDocumented(usage, "get", await user.get(`${usage}?users=all`));
  });

  test("of chat that is cut off", async () => {
    const id = await user.createConversation();
    server.upstream.script(answer(["Hel", "lo"], { end: "silent" }));
    const events = await readEvents(await user.post(`/api/chat/${id}`, { message: "你好" }));
    expect(events.at(-1)).toMatchObject({ event: "error", code: "provider_interrupted" });
    expectChatEvents(events);
    const history = await user.get(`/api/conversations/history/${id}`);
    const path = "/api/conversations/history/{conversation_id}";
    expect(await expectDocumented(path, "get", history)).toMatchObject({
      messages: [{}, { status: "interrupted" }],
    });
  });

  test("of knowledge bases", async () => {
    const models = "/api/rag/models";
    await expectDocumented(models, "get", await user.get(models));
    const create = "/api/rag/kb/create";
    await expectDocumented(create, "post", await user.post(create, { kb_name: "" }));
    const unknown = { kb_name: "法律", embedding_model: "no-such-model" };
    await expectDocumented(create, "post", await user.post(create, unknown));
    const created = await user.post(create, { kb_name: "法律" });
    // The document says that it is there, and the check that it is as documented.
    const { kb_id } = (await expectDocumented(create, "post", created)) as { kb_id: string };
    const list = "/api/rag/kb/list";
    await expectDocumented(list, "get", await user.get(list));

    const upload = "/api/rag/doc/upload";
    const text = "不可抗力条款是指合同中约定的免责条款。";
    const stored = await user.post(upload, form(kb_id, text, "合同.txt"));
    const { doc_id } = (await expectDocumented(upload, "post", stored)) as { doc_id: string };
    await expectDocumented(upload, "post", await user.post(upload, form(kb_id, "x", "a.exe")));
    await expectDocumented(upload, "post", await user.post(upload, form(kb_id, "", "a.txt")));
    await expectDocumented(upload, "post", await user.post(upload, form(kb_id, text, "a.pdf")));
    await expectDocumented(upload, "post", await user.post(upload, form(doc_id, text, "a.txt")));
    await expectDocumented(upload, "post", await user.post(upload, { kb_id }));
    const several = form(kb_id, "苹果和香蕉", "二.txt");
    several.append("file", new File([""], "empty.txt"));
    several.set("metadata", '{"部门": "法务部"}');
    expect(await expectDocumented(upload, "post", await user.post(upload, several))).toHaveProperty(
      "docs.1.error",
    );
    const accepted = await user.post(upload, form(kb_id, "梨子和西瓜", "三.txt"), {
      prefer: "respond-async",
    });
    expect(accepted.status).toBe(202);
    await expectDocumented(upload, "post", accepted);
    const status = "/api/rag/doc/status";
    const events = await user.get(`${status}?doc_id=${doc_id}`, { accept: "text/event-stream" });
    const eventSchema = document.components.schemas.DocumentStatusEvent;
    if (eventSchema === undefined) throw new Error("the document has no DocumentStatusEvent");
    const [, data = ""] = (await events.text()).split("data: ");
    expect(checker(eventSchema)(JSON.parse(data))).toEqual([]);
    await expectDocumented(status, "get", await user.get(`${status}?doc_id=${doc_id}`));
    await expectDocumented(status, "get", await user.get(`${status}?doc_id=${kb_id}`));
    const retry = "/api/rag/doc/retry";
    await expectDocumented(retry, "post", await user.post(retry, { doc_id }));
    const listed = await user.get(`/api/rag/doc/list?kb_id=${kb_id}`);
    const { docs } = (await listed.json()) as { docs: { doc_id: string; status: string }[] };
    const failed = docs.find((each) => each.status === "failed");
    const retried = await user.post(retry, { doc_id: failed?.doc_id });
    expect(retried.status).toBe(202);
    await expectDocumented(retry, "post", retried);
    const chunks = "/api/rag/doc/chunks";
    expect(
      await expectDocumented(chunks, "get", await user.get(`${chunks}?doc_id=${doc_id}`)),
    ).toHaveProperty("chunks.0");
    const file = "/api/rag/doc/file";
    await expectDocumented(file, "get", await user.get(`${file}?doc_id=${kb_id}`));
    const documents = await user.get(`/api/rag/doc/list?kb_id=${kb_id}`);
    expect(await expectDocumented("/api/rag/doc/list", "get", documents)).toHaveProperty("docs.0");
    const none = await user.get("/api/rag/doc/list");
    await expectDocumented("/api/rag/doc/list", "get", none);

    const retrieve = "/api/rag/retrieve";
    const found = await user.post(retrieve, { kb_id, query: "什么是不可抗力？" });
    expect(await expectDocumented(retrieve, "post", found)).toHaveProperty("results.0");
    const conversation_id = await user.createConversation();
    const question = { conversation_id, kb_id, message: "什么是不可抗力？" };
    const answer = await readEvents(await user.post("/api/rag/chat", question));
    expect(answer[1]).toMatchObject({ event: "sources" });
    expect(answer[1]).toHaveProperty("data.0.number", 1);
    expectChatEvents(answer);

    const update = "/api/rag/kb/update";
    const changes = { kb_id, description: "合同", chunk_size: 300, weight: 0.5 };
    await expectDocumented(update, "post", await user.post(update, changes));
    const reindex = "/api/rag/kb/reindex";
    const begun = await user.post(reindex, { kb_id, embedding_model: "zhipu-embedding-3" });
    expect(begun.status).toBe(202);
    await expectDocumented(reindex, "post", begun);
    await until(async () => {
      const bases = await expectDocumented(list, "get", await user.get(list));
      return (bases as { kbs: { reindex: object }[] }).kbs[0]?.reindex !== null;
    });

    const reference = { kb_id, doc_id };
    const removeDocument = "/api/rag/doc/delete";
    await expectDocumented(removeDocument, "post", await user.post(removeDocument, reference));
    await expectDocumented(removeDocument, "post", await user.post(removeDocument, reference));
    const remove = "/api/rag/kb/delete";
    await expectDocumented(remove, "post", await user.post(remove, { kb_id }));
    await expectDocumented(remove, "post", await user.post(remove, { kb_id }));
    await expectDocumented(retrieve, "post", await user.post(retrieve, { kb_id, query: "x" }));
  });

  test("of its health", async () => {
    await expectDocumented("/healthz", "get", await server.nobody.get("/healthz"));
    await expectDocumented("/readyz", "get", await server.nobody.get("/readyz"));
  });
});
