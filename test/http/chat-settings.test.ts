import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CapturedLog } from "../captured-log.ts";
import { type Caller, startApp, type TestApp } from "../harness.ts";
import { startUpstream, type Upstream, type UpstreamRequest } from "../upstream.ts";
import { refuse } from "../upstream-scripts.ts";
import { ask, historyOf } from "./conversing.ts";
import { expectFault } from "./expect-fault.ts";

const contextTokens = 300;

let log: CapturedLog;
let upstream: Upstream;
let app: TestApp;
let user: Caller;

beforeAll(async () => {
  log = new CapturedLog();
  upstream = await startUpstream();
  const provider = { base_url: upstream.url, api_key: "sk-configured-0123456789" };
  app = await startApp({
    LLM_SYSTEM_PROMPT: "the default prompt",
    LLM_PROVIDERS: JSON.stringify([
      { ...provider, name: "wide", models: ["wide-"] },
      { ...provider, name: "plain", models: ["plain-"], stream_options: false },
      { ...provider, name: "narrow", models: ["narrow-"], context_tokens: contextTokens },
    ]),
  });
  user = await app.signUp();
});
afterAll(async () => {
  await app.close();
  await upstream.close();
  log.release();
});

interface SentBody {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
}

/** Asks once and answers what the provider was sent. */
async function sent(id: number, message = "hello"): Promise<UpstreamRequest & { body: SentBody }> {
  const response = await ask(user, id, message);
  expect(await response.text()).toContain('"full_response"');
  const request = upstream.requests.at(-1);
  if (request === undefined) throw new Error("nothing was sent");
  // What our own client sends; anything else should fail the test.
  return request as UpstreamRequest & { body: SentBody };
}

describe("what a conversation was given", () => {
  test("reaches the provider", async () => {
    const id = await user.createConversation({
      model: "wide-1",
      system_prompt: "be brief",
      temperature: 0,
      top_p: 0.25,
      max_tokens: 77,
    });
    expect((await sent(id)).body).toEqual({
      model: "wide-1",
      messages: [
        { role: "system", content: "be brief" },
        { role: "user", content: "hello" },
      ],
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0,
      top_p: 0.25,
      max_tokens: 77,
    } as unknown as SentBody); // The whole body, of which the type names a part.
  });

  test("is not made up where it was not given", async () => {
    const id = await user.createConversation({ model: "plain/any" });
    expect((await sent(id)).body).toEqual({
      model: "any",
      messages: [
        { role: "system", content: "the default prompt" },
        { role: "user", content: "hello" },
      ],
      stream: true,
    } as unknown as SentBody); // The whole body, of which the type names a part.
  });

  test("may be an empty system prompt, which is none", async () => {
    const id = await user.createConversation({ model: "wide-1", system_prompt: "" });
    expect((await sent(id)).body.messages).toEqual([{ role: "user", content: "hello" }]);
  });
});

describe("a long history", () => {
  test("is cut from the front, never the system prompt or the newest message", async () => {
    const id = await user.createConversation({
      model: "narrow-1",
      system_prompt: "the prompt",
      max_tokens: 100,
    });
    for (let turn = 1; turn <= 12; turn++) {
      const newest = `question ${turn} ${"长".repeat(20)}`;
      const { messages } = (await sent(id, newest)).body;
      expect(messages[0]).toEqual({ role: "system", content: "the prompt" });
      expect(messages[1]?.role).toBe("user");
      expect(messages.at(-1)).toEqual({ role: "user", content: newest });
      const contents = messages.map(({ content }) => content);
      // 200 tokens are left beside the answer, and 20 of the characters take one each.
      expect(contents.filter((text) => text.startsWith("question")).length).toBeLessThan(9);
      if (turn > 1) expect(contents).toContain(`question ${turn - 1} ${"长".repeat(20)}`);
      if (turn === 12) expect(contents).not.toContain(`question 1 ${"长".repeat(20)}`);
    }
    expect((await historyOf(user, id)).messages).toHaveLength(24);
  });

  test("gives way to a message that fills the window alone", async () => {
    const id = await user.createConversation({ model: "narrow-1" });
    await sent(id, "first");
    const newest = "长".repeat(1000);
    expect((await sent(id, newest)).body.messages).toEqual([
      { role: "system", content: "the default prompt" },
      { role: "user", content: newest },
    ]);
  });
});

describe("a conversation's own key", () => {
  const key = "sk-own-Zy8kQw3xLmN0pRtV5uB7";

  test("goes to the provider in place of the configured one, and nowhere else", async () => {
    log.clear();
    const title = "the title beside the key";
    const created = await user.post("/api/conversations/create", {
      title,
      model: "wide-1",
      api_key: key,
    });
    const { conversation_id: id, api_key }: { conversation_id: number; api_key: string } =
      await created.json();
    expect(api_key).toBe(key);
    const { headers, body } = await sent(id);
    expect(headers.authorization).toBe(`Bearer ${key}`);
    expect(JSON.stringify(body)).not.toContain(key);

    upstream.script(refuse(401, { error: { message: `Incorrect API key provided: ${key}` } }));
    const refused = await ask(user, id, "again");
    const fault = await expectFault(refused, 502, "provider_failed");
    expect(fault.error).toContain("Incorrect API key provided");

    const told = [
      JSON.stringify(fault),
      JSON.stringify(await historyOf(user, id)),
      await (await user.get("/api/conversations/list")).text(),
      log.text,
    ];
    for (const text of told) expect(text).not.toContain(key.slice(3));

    // The title shows that what is stored was looked at.
    const stored = readdirSync(app.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((file) => readFileSync(join(file.parentPath, file.name)));
    const holds = (text: string | Buffer) => stored.some((bytes) => bytes.includes(text));
    expect(holds(title)).toBe(true);
    expect(holds(key.slice(3))).toBe(false);
    expect(holds(Buffer.from(key).toString("base64").slice(0, -4))).toBe(false);
    expect(holds(Buffer.from(key).toString("hex"))).toBe(false);
  });

  test("is the configured one where none was given, or an empty one", async () => {
    for (const settings of [{}, { api_key: "" }, { api_key: "  " }]) {
      const id = await user.createConversation({ model: "wide-1", ...settings });
      expect((await sent(id)).headers.authorization).toBe("Bearer sk-configured-0123456789");
    }
  });

  test("may be any text, though not every one can be sent", async () => {
    for (const bad of ["密钥", "two words", "a\r\nx-evil: 1"]) {
      const id = await user.createConversation({ model: "wide-1", api_key: bad });
      const fault = await expectFault(await ask(user, id, "hello"), 400, "invalid_field");
      expect(fault.error).toBe("字段 api_key 无效：只能由不含空格的 ASCII 字符组成");
      expect((await historyOf(user, id)).messages).toEqual([]);
    }
  });

  test("is still known after a restart", async () => {
    const id = await user.createConversation({ model: "wide-1", api_key: key });
    await app.restart();
    const again = await app.nobody.post(
      `/api/chat/${id}`,
      { message: "hello" },
      { authorization: `Bearer ${user.token}` },
    );
    await again.text();
    expect(upstream.requests.at(-1)?.headers.authorization).toBe(`Bearer ${key}`);
  });
});
