import { describe, expect, test } from "bun:test";
import { messageText, readEvents } from "../chat-stream.ts";
import { eventually, FakeTime } from "../fake-time.ts";
import { ask, historyOf } from "../http/conversing.ts";
import { expectFault } from "../http/expect-fault.ts";
import { type Script, startUpstream } from "../upstream.ts";
import {
  announced,
  answer,
  hangBeforeHeaders,
  longLine,
  refuse,
  reset,
  unpaidBill,
} from "../upstream-scripts.ts";
import { key, useFaultyProvider } from "./faulty-provider.ts";

const english = { "accept-language": "en" };
const atOnce = { "retry-after": "0" };

const chat = useFaultyProvider(5);

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
      const before = chat.upstream.requests.length;
      chat.script(refusal);
      const response = await ask(chat.user, chat.id, "hello", english);
      const fault = await expectFault(response, 502, "provider_failed");
      expect(fault.error).toStartWith("The provider scripted failed (");
      expect(fault.error).toContain(text);
      expect(fault.error).not.toContain(key);
      expect(chat.upstream.requests).toHaveLength(before + 1);
    }
    // What was asked stays; of answers that never began there is no trace.
    const { messages } = await historyOf(chat.user, chat.id);
    expect(messages.map(({ role }) => role)).toEqual(refusals.map(() => "user"));
  });

  test("an answer that breaks off or makes no sense is a failure", async () => {
    const faults: Script[] = [
      answer([], { end: "silent" }),
      answer([{ raw: "data: {oops\n\n" }]),
      longLine(16 * 1024 * 1024 + 100),
    ];
    for (const fault of faults) {
      chat.script(fault);
      const response = await ask(chat.user, chat.id, "hello", english);
      expect(response.status).toBe(502);
      expect(await response.json()).toMatchObject({
        code: expect.stringMatching(/^provider_(failed|interrupted)$/),
      });
    }
  });

  test.each([408, 429, 500, 503])("%d is tried again, twice", async (status) => {
    const before = chat.upstream.requests.length;
    const refusal = refuse(status, { error: { message: "try later" } }, atOnce);
    chat.script(refusal, refusal, answer(["third"]));
    expect(messageText(await readEvents(await ask(chat.user, chat.id, "hello")))).toBe("third");
    expect(chat.upstream.requests).toHaveLength(before + 3);
    expect(chat.log.lines).toMatchObject([
      { message: "provider failed, trying again", provider: "scripted", status, attempt: 1 },
      { message: "provider failed, trying again", provider: "scripted", status, attempt: 2 },
    ]);

    chat.script(refusal, refusal, refusal);
    const fault = await expectFault(await ask(chat.user, chat.id, "again"), 502, "provider_failed");
    expect(fault.error).toBe(`模型提供商 scripted 出错（${status}）：try later`);
    expect(chat.upstream.requests).toHaveLength(before + 6);
  });

  test("a pause that the provider asks for is passed on where it is too long for us", async () => {
    chat.script(refuse(429, { error: "slow down" }, { "retry-after": "30" }));
    const response = await ask(chat.user, chat.id, "hello");
    expect(response.headers.get("retry-after")).toBe("30");
    await expectFault(response, 502, "provider_failed");
  });

  test("a broken connection is tried again, after a pause", async () => {
    using time = new FakeTime();
    chat.script(reset, answer(["second"]));
    const answering = ask(chat.user, chat.id, "hello");
    await eventually(() => chat.log.complaints.length === 1);
    await time.pass(400);
    expect(messageText(await readEvents(await answering))).toBe("second");
  });

  test("a provider that cannot be reached is named", async () => {
    const closed = await chat.user.createConversation({ model: "closed/model" });
    using time = new FakeTime();
    const answering = ask(chat.user, closed, "hello", english);
    for (const attempts of [1, 2]) {
      await eventually(() => chat.log.complaints.length === attempts);
      await time.pass(800);
    }
    const fault = await expectFault(await answering, 502, "provider_failed");
    expect(fault.error).toBe("The provider closed failed (unreachable): ECONNREFUSED");
  });

  test("a redirect is not followed, and the key stays here", async () => {
    const other = await startUpstream();
    for (const status of [301, 302, 307, 308]) {
      chat.script(refuse(status, {}, { location: `${other.url}/chat/completions` }));
      await expectFault(await ask(chat.user, chat.id, "hello"), 502, "provider_failed");
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
      chat.script(silence.script);
      const answering = ask(chat.user, chat.id, "hello", english);
      const { aborted } = await silence.asked;
      await time.pass(5000);
      const fault = await expectFault(await answering, 504, "provider_timeout");
      expect(fault.error).toBe("The provider scripted did not answer in time");
      await aborted;
      expect((await historyOf(chat.user, chat.id)).messages).toHaveLength(1);
    },
  );
});
