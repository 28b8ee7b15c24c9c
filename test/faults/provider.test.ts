import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { CapturedLog } from "../captured-log.ts";
import { messageText, readEvents, readUntil } from "../chat-stream.ts";
import { eventually, FakeTime } from "../fake-time.ts";
import { type Caller, startApp, type TestApp } from "../harness.ts";
import { ask, historyOf, lastMessage, readerOf } from "../http/conversing.ts";
import { expectFault } from "../http/expect-fault.ts";
import { closedUrl, type Script, startUpstream, type Upstream } from "../upstream.ts";
import {
  announced,
  answer,
  answerAtOnce,
  hangBeforeHeaders,
  longLine,
  refuse,
  reset,
  unpaidBill,
} from "../upstream-scripts.ts";

const key = "sk-configured-0123456789";
const english = { "accept-language": "en" };
const atOnce = { "retry-after": "0" };

let log: CapturedLog;
let upstream: Upstream;
let app: TestApp;
let user: Caller;
let id: number;

beforeAll(async () => {
  log = new CapturedLog();
  upstream = await startUpstream();
  app = await startApp({
    LLM_FIRST_TOKEN_TIMEOUT: "5",
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

/** A model of each test's own, so that one that fails leaves no script to the next. */
let model: string;
let tests = 0;
const script = (...scripts: Script[]) => upstream.scriptModel(model, ...scripts);

beforeEach(async () => {
  model = `model-${++tests}`;
  id = await user.createConversation({ model: `scripted/${model}` });
  log.clear();
});

/** After every fault: the conversation goes on, and neither its key nor a fault of ours is logged. */
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

describe("an answer in an odd shape is read all the same:", () => {
  const pieces = ["Hé", "llo 世界 ", "😀", '"\\\n'];
  const text = 'Héllo 世界 😀"\\\n';
  const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
  const raw = (line: string) => ({ raw: `${line}\n\n` });
  const shapes: Record<string, Script> = {
    "every byte by itself": answer(pieces, { bytewise: true }),
    "every byte by itself, with CRLF": answer(pieces, { bytewise: true, lineEnd: "\r\n" }),
    CRLF: answer(pieces, { lineEnd: "\r\n" }),
    "CR alone": answer(pieces, { lineEnd: "\r" }),
    comments: answer(pieces, { comments: true }),
    "no space after data:": answer(pieces, { space: false }),
    "no [DONE]": answer(pieces, { end: "finish" }),
    "no finish reason": answer(pieces, { end: "bare-done" }),
    "another content type": answer(pieces, { contentType: "text/plain" }),
    "one JSON document": answerAtOnce(text),
    "a byte order mark": answer([{ raw: "\ufeff" }, ...pieces]),
    "other fields of an event": answer([raw("event: x\nid: 1\nretry: 5"), ...pieces]),
    "empty events": answer([raw("data:"), raw(""), raw("data"), ...pieces]),
    "chunks without choices": answer([
      { chunk: {} },
      { chunk: { choices: [] } },
      { chunk: { choices: null } },
      { chunk: { choices: [{}] } },
      { chunk: { choices: [{ delta: null }] } },
      { chunk: { choices: [{ delta: { content: null, role: "assistant" } }] } },
      ...pieces,
      { chunk: { choices: [], usage } },
    ]),
  };

  test.each(Object.keys(shapes))("%s", async (shape) => {
    script(shapes[shape] ?? reset);
    const events = await readEvents(await ask(user, id, "hello"));
    expect(messageText(events)).toBe(text);
    expect(events.at(-1)).toMatchObject({ event: "full_response", data: text });
    expect(await lastMessage(user, id)).toMatchObject({ content: text, status: "complete" });
    expect(log.complaints).toEqual([]);
  });

  test("a line of 16 MB", async () => {
    script(longLine(16 * 1024 * 1024));
    const events = await readEvents(await ask(user, id, "hello"));
    const whole = String(events.at(-1)?.data);
    expect(whole).toHaveLength(16 * 1024 * 1024 - 54);
    expect(messageText(events) === whole).toBe(true);
    expect((await lastMessage(user, id))?.content === whole).toBe(true);
  });
});

describe("before the first token", () => {
  test("a refusal is passed on with its status and message, and without the key", async () => {
    const refusals: [Script, string][] = [
      [refuse(401, { error: { message: `bad key ${key}` } }), "(401): bad key [redacted]"],
      [refuse(400, { error: "no such model" }), "(400): no such model"],
      [refuse(404, "<html><title>404 Not Found</title></html>"), "(404): 404 Not Found"],
      [refuse(418, {}), "(418): I'm a Teapot"],
      [unpaidBill, "(429): 您的账户已欠费，请充值后重试。"],
      [answer([{ chunk: { error: { code: "1301", message: "敏感" } } }]), "(1301): 敏感"],
      [refuse(200, "<html><title>Log in</title></html>"), ": Log in"],
      [refuse(200, { error: { message: "quota" } }), ": quota"],
      [refuse(302, {}, { location: "/v2" }), "base_url has to name the final address"],
    ];
    for (const [refusal, text] of refusals) {
      const before = upstream.requests.length;
      script(refusal);
      const response = await ask(user, id, "hello", english);
      const fault = await expectFault(response, 502, "provider_failed");
      expect(fault.error).toStartWith("The provider scripted failed (");
      expect(fault.error).toContain(text);
      expect(fault.error).not.toContain(key);
      expect(upstream.requests).toHaveLength(before + 1);
    }
    // What was asked stays; of answers that never began there is no trace.
    const { messages } = await historyOf(user, id);
    expect(messages.map(({ role }) => role)).toEqual(refusals.map(() => "user"));
  });

  test("an answer that breaks off or makes no sense is a failure", async () => {
    const faults: Script[] = [
      answer([], { end: "silent" }),
      answer([{ raw: "data: {oops\n\n" }]),
      longLine(16 * 1024 * 1024 + 100),
    ];
    for (const fault of faults) {
      script(fault);
      const response = await ask(user, id, "hello", english);
      expect(response.status).toBe(502);
      expect(await response.json()).toMatchObject({
        code: expect.stringMatching(/^provider_(failed|interrupted)$/),
      });
    }
  });

  test.each([408, 429, 500, 503])("%d is tried again, twice", async (status) => {
    const before = upstream.requests.length;
    const refusal = refuse(status, { error: { message: "try later" } }, atOnce);
    script(refusal, refusal, answer(["third"]));
    expect(messageText(await readEvents(await ask(user, id, "hello")))).toBe("third");
    expect(upstream.requests).toHaveLength(before + 3);
    expect(log.lines).toMatchObject([
      { message: "provider failed, trying again", provider: "scripted", status, attempt: 1 },
      { message: "provider failed, trying again", provider: "scripted", status, attempt: 2 },
    ]);

    script(refusal, refusal, refusal);
    const fault = await expectFault(await ask(user, id, "again"), 502, "provider_failed");
    expect(fault.error).toBe(`模型提供商 scripted 出错（${status}）：try later`);
    expect(upstream.requests).toHaveLength(before + 6);
  });

  test("a pause that the provider asks for is passed on where it is too long for us", async () => {
    script(refuse(429, { error: "slow down" }, { "retry-after": "30" }));
    const response = await ask(user, id, "hello");
    expect(response.headers.get("retry-after")).toBe("30");
    await expectFault(response, 502, "provider_failed");
  });

  test("a broken connection is tried again, after a pause", async () => {
    using time = new FakeTime();
    script(reset, answer(["second"]));
    const answering = ask(user, id, "hello");
    await eventually(() => log.complaints.length === 1);
    await time.pass(400);
    expect(messageText(await readEvents(await answering))).toBe("second");
  });

  test("a provider that cannot be reached is named", async () => {
    const closed = await user.createConversation({ model: "closed/model" });
    using time = new FakeTime();
    const answering = ask(user, closed, "hello", english);
    for (const attempts of [1, 2]) {
      await eventually(() => log.complaints.length === attempts);
      await time.pass(800);
    }
    const fault = await expectFault(await answering, 502, "provider_failed");
    expect(fault.error).toBe("The provider closed failed (unreachable): ECONNREFUSED");
  });

  test("a redirect is not followed, and the key stays here", async () => {
    const other = await startUpstream();
    for (const status of [301, 302, 307, 308]) {
      script(refuse(status, {}, { location: `${other.url}/chat/completions` }));
      await expectFault(await ask(user, id, "hello"), 502, "provider_failed");
    }
    expect(other.requests).toEqual([]);
    expect(other.connections).toBe(0);
    await other.close();
  });

  const thinking = { chunk: { choices: [{ delta: { role: "assistant", content: "" } }] } };
  const silences: Record<string, Script> = {
    "no headers": hangBeforeHeaders,
    "no body": answer([], { end: "hang" }),
    "comments and empty chunks": answer([thinking, { raw: ": wait\n\n" }], { end: "hang" }),
  };

  test.each(Object.keys(silences))(
    "%s in time is 504, and the provider is let go",
    async (kind) => {
      using time = new FakeTime();
      const silence = announced(silences[kind] ?? reset);
      script(silence.script);
      const answering = ask(user, id, "hello", english);
      const { aborted } = await silence.asked;
      await time.pass(5000);
      const fault = await expectFault(await answering, 504, "provider_timeout");
      expect(fault.error).toBe("The provider scripted did not answer in time");
      await aborted;
      expect((await historyOf(user, id)).messages).toHaveLength(1);
    },
  );
});

describe("in the middle of an answer", () => {
  /** Asks, and answers the events of a stream that ends in an error, and what is kept of it. */
  async function broken(cut: Script) {
    script(cut);
    const response = await ask(user, id, "hello", english);
    expect(response.status).toBe(200);
    const events = await readEvents(response);
    expect(events.map(({ event }) => event)).toEqual(["start", "message", "message", "error"]);
    expect(events.map((event) => event.id)).toEqual(events.map((_, n) => `2-${n}`));
    expect(await lastMessage(user, id)).toMatchObject({
      message_id: 2,
      role: "assistant",
      content: messageText(events),
      status: "interrupted",
      finish_reason: "interrupted",
    });
    return events.at(-1);
  }

  const cuts: Record<string, Script> = {
    "the body ends": answer(["half of ", "an ans"], { end: "silent" }),
    "the body ends within a line": answer(["half of ", "an ans", { raw: "data: {" }], {
      end: "silent",
    }),
    "a chunk is no JSON": answer(["half of ", "an ans", { raw: "data: {oops}\n\n" }, "wer"]),
    "a line is longer than 16 MB": answer([
      "half of ",
      "an ans",
      { raw: `data: ${"x".repeat(16 * 1024 * 1024 + 100)}\n\n` },
    ]),
    "the provider says why": answer([
      "half of ",
      "an ans",
      { chunk: { error: { code: "overloaded", message: `no room for ${key}` } } },
      "wer",
    ]),
    "the finish reason is a fault": answer(["half of ", "an ans"], {
      finishReason: "network_error",
    }),
  };

  test.each(Object.keys(cuts))("%s: the part is kept, and the stream looks cut", async (cut) => {
    const end = await broken(cuts[cut] ?? reset);
    expect(end).toMatchObject({ event: "error", code: "provider_interrupted" });
    expect(end?.data).toStartWith("The provider scripted broke off its answer");
    expect(end?.data).not.toContain(key);
  });

  test("the connection breaks: the part is kept, and the stream looks cut", async () => {
    const read = Promise.withResolvers<void>();
    script(answer(["half of ", "an ans", read.promise], { end: "cut" }));
    const reader = readerOf(await ask(user, id, "hello"));
    await readUntil(reader, (text) => text.includes("an ans"));
    read.resolve();
    const rest = await readUntil(reader, (text) => text.includes('"error"'));
    expect(rest).toContain('"code":"provider_interrupted"');
    expect((await reader.read()).done).toBe(true);
    expect(await lastMessage(user, id)).toMatchObject({
      content: "half of an ans",
      status: "interrupted",
    });
  });

  test("silence counts as a cut", async () => {
    using time = new FakeTime();
    const silence = announced(answer(["half of ", "an ans"], { end: "hang" }));
    script(silence.script);
    const reader = readerOf(await ask(user, id, "hello"));
    const { aborted } = await silence.asked;
    await readUntil(reader, (text) => text.includes("an ans"));
    await time.pass(61_000);
    const end = await readUntil(reader, (text) => text.includes('"error"'));
    expect(end).toContain('"code":"provider_interrupted"');
    await aborted;
    expect(await lastMessage(user, id)).toMatchObject({
      content: "half of an ans",
      status: "interrupted",
    });
  });

  test("a fault after the finish reason changes nothing: the answer is whole", async () => {
    const finish = { choices: [{ delta: { content: "all" }, finish_reason: "stop" }] };
    for (const end of ["silent", "cut"] as const) {
      const read = Promise.withResolvers<void>();
      const pieces = [{ chunk: finish }, read.promise, { raw: "data: {oops\n\n" }];
      script(answer(pieces, { end }));
      const reader = readerOf(await ask(user, id, "hello"));
      await readUntil(reader, (text) => text.includes('"all"'));
      read.resolve();
      await readUntil(reader, (text) => text.includes('{"event":"full_response","data":"all"}'));
      expect(await lastMessage(user, id)).toMatchObject({ content: "all", status: "complete" });
    }
  });
});

test("a model that thinks for long is waited for, with signs of life", async () => {
  const patient = await startApp();
  const caller = await patient.signUp();
  const conversation = await caller.createConversation();
  const gate = Promise.withResolvers<void>();
  using time = new FakeTime();
  const slow = announced(answer([gate.promise, "at last"]));
  patient.upstream.script(slow.script);
  const answering = ask(caller, conversation, "hello");
  await slow.asked;
  await time.pass(10_000);
  const response = await answering;
  expect(response.status).toBe(200);
  const reading = response.text();
  await time.pass(40_000);
  gate.resolve();
  const text = await reading;
  expect(text.match(/^: keep-alive$/gm)?.length).toBeGreaterThanOrEqual(4);
  expect(text).toStartWith("id: 2-0\ndata: {");
  expect(text).toContain('id: 2-1\ndata: {"event":"message","data":"at last"}\n\n');
  expect(text).toEndWith('{"event":"full_response","data":"at last"}\n\n');
  await patient.close();
});
