import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readEvents } from "../chat-stream.ts";
import { type Caller, startApp, type TestApp } from "../harness.ts";
import { refuse } from "../upstream-scripts.ts";
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
    const history = "/api/conversations/history/{conversation_id}";
    const read = await user.get(`/api/conversations/history/${id}`);
    expect(await expectDocumented(history, "get", read)).toMatchObject({ messages: [{}, {}] });
    await expectDocumented(history, "get", await user.get("/api/conversations/history/1"));
    const remove = "/api/conversations/del/{conversation_id}";
    await expectDocumented(remove, "post", await user.post(`/api/conversations/del/${id}`));
    await expectDocumented(remove, "post", await user.post(`/api/conversations/del/${id}`));
  });

  test("of chat", async () => {
    const chatEvent = document.components.schemas.ChatEvent;
    if (chatEvent === undefined) throw new Error("the document has no ChatEvent");
    const id = await user.createConversation();
    const answer = await user.post(`/api/chat/${id}`, { message: "你好" });
    const events = await readEvents(answer);
    expect(events.length).toBeGreaterThan(3);
    for (const { id: _, ...event } of events) {
      expect(checker(chatEvent)(event), JSON.stringify(event)).toEqual([]);
    }
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

  test("of its health", async () => {
    await expectDocumented("/healthz", "get", await server.nobody.get("/healthz"));
    await expectDocumented("/readyz", "get", await server.nobody.get("/readyz"));
  });
});
