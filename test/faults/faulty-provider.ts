import { afterAll, afterEach, beforeAll, beforeEach, expect } from "bun:test";
import { CapturedLog } from "../captured-log.ts";
import { messageText, readEvents } from "../chat-stream.ts";
import { type Caller, startApp, type TestApp } from "../harness.ts";
import { ask, historyOf } from "../http/conversing.ts";
import { closedUrl, type Script, startUpstream, type Upstream } from "../upstream.ts";

/** The key that the server has for the provider, and that nobody may ever see. */
export const key = "sk-configured-0123456789";

export interface FaultyProvider {
  readonly log: CapturedLog;
  readonly upstream: Upstream;
  readonly user: Caller;
  /** A fresh conversation with a model of this test's own. */
  readonly id: number;
  /** What the provider does with the test's next chats, one script each. */
  script(...scripts: Script[]): void;
}

/**
 * For the whole of a test file: a server with a provider that does what each test says, and so many
 * seconds for a first token. Behind the models `closed/…` nobody listens.
 *
 * After every test the conversation has to go on as if nothing had been, and nothing may have been
 * logged but that a request was tried again; least of all the key.
 */
export function useFaultyProvider(firstTokenTimeout = 60): FaultyProvider {
  let log: CapturedLog;
  let upstream: Upstream;
  let app: TestApp;
  let user: Caller;
  let id: number;
  let model: string;
  let tests = 0;

  beforeAll(async () => {
    log = new CapturedLog();
    upstream = await startUpstream();
    app = await startApp({
      LLM_FIRST_TOKEN_TIMEOUT: String(firstTokenTimeout),
      LLM_PROVIDERS: JSON.stringify([
        { name: "scripted", base_url: upstream.url, api_key: key },
        { name: "closed", base_url: await closedUrl(), api_key: key },
      ]),
    });
    user = await app.signUp();
  });
  afterAll(async () => {
    await app.close();
    await upstream.close();
    log.release();
  });

  // A test that fails leaves no script to the next: each has a model of its own.
  beforeEach(async () => {
    model = `model-${++tests}`;
    id = await user.createConversation({ model: `scripted/${model}` });
    log.clear();
  });
  afterEach(async () => {
    const past = (await historyOf(user, id)).messages.length;
    const events = await readEvents(await ask(user, id, "and now?"));
    expect(messageText(events)).toBe("Hello world");
    const { messages } = await historyOf(user, id);
    expect(messages.map(({ message_id }) => message_id)).toEqual(messages.map((_, n) => n + 1));
    expect(messages).toHaveLength(past + 2);
    expect(log.text).not.toContain(key);
    expect(log.complaints.filter((line) => line !== "provider failed, trying again")).toEqual([]);
  });

  return {
    get log() {
      return log;
    },
    get upstream() {
      return upstream;
    },
    get user() {
      return user;
    },
    get id() {
      return id;
    },
    script: (...scripts) => upstream.scriptModel(model, ...scripts),
  };
}
