import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { CapturedLog } from "../captured-log.ts";
import { readEvents, readUntil } from "../chat-stream.ts";
import { openBeside } from "../database.ts";
import { eventually, FakeTime } from "../fake-time.ts";
import { type Caller, startApp, type TestApp } from "../harness.ts";
import { ask, historyOf, lastMessage, readerOf } from "../http/conversing.ts";
import { expectFault } from "../http/expect-fault.ts";
import { announced, answer, hangBeforeHeaders } from "../upstream-scripts.ts";

let log: CapturedLog;
let time: FakeTime;
let app: TestApp;
let user: Caller;
let id: number;

beforeAll(() => {
  log = new CapturedLog();
});
afterAll(() => {
  log.release();
});
beforeEach(async () => {
  time = new FakeTime();
  app = await startApp({ SERVER_SHUTDOWN_TIMEOUT: "5" });
  user = await app.signUp();
  id = await user.createConversation();
  log.clear();
});
afterEach(async () => {
  time[Symbol.dispose]();
  await app.close();
  expect(log.complaints).toEqual([]);
});

describe("an answer that grows", () => {
  test("is in the history at most a second behind its stream", async () => {
    const gate = Promise.withResolvers<void>();
    app.upstream.script(answer(["one ", "two ", { reasoning: "hm" }, gate.promise, "three"]));
    const reader = readerOf(await ask(user, id, "hello"));
    await readUntil(reader, (text) => text.includes('"hm"'));
    expect(await lastMessage(user, id)).toMatchObject({ content: "", status: "streaming" });
    await time.pass(1000);
    await eventually(async () => (await lastMessage(user, id))?.content === "one two ");
    expect(await lastMessage(user, id)).toMatchObject({ status: "streaming", reasoning: "hm" });
    gate.resolve();
    await readUntil(reader, (text) => text.includes('"done"'));
    expect(await lastMessage(user, id)).toMatchObject({
      content: "one two three",
      status: "complete",
    });
  });

  test("ends when its conversation is deleted, and lets the provider go", async () => {
    const { script, asked } = announced(answer(["one "], { end: "hang" }));
    app.upstream.script(script);
    const reader = readerOf(await ask(user, id, "hello"));
    await readUntil(reader, (text) => text.includes('"one "'));
    expect((await user.post(`/api/conversations/del/${id}`)).status).toBe(200);
    const end = await readUntil(reader, (text) => text.includes('"error"'));
    expect(end).toContain('"code":"interrupted"');
    await (await asked).aborted;
    await expectFault(
      await user.get(`/api/conversations/history/${id}`),
      404,
      "conversation_not_found",
    );
  });

  test("ends when its conversation is deleted elsewhere, as soon as it grows", async () => {
    const gate = Promise.withResolvers<void>();
    const { script, asked } = announced(answer(["one ", gate.promise, "two"], { end: "hang" }));
    app.upstream.script(script);
    const reader = readerOf(await ask(user, id, "hello"));
    await readUntil(reader, (text) => text.includes('"one "'));
    const database = openBeside(app);
    database.run("DELETE FROM conversations WHERE id = ?", [id]);
    database.close();
    gate.resolve();
    await readUntil(reader, (text) => text.includes('"two"'));
    await time.pass(1000);
    const end = await readUntil(reader, (text) => text.includes('"error"'));
    expect(end).toContain('"code":"interrupted"');
    await (await asked).aborted;
  });
});

describe("a server that is closed while it answers", () => {
  test("lets the answer finish in the time that it has", async () => {
    const gate = Promise.withResolvers<void>();
    app.upstream.script(answer(["one ", gate.promise, "two"]));
    const response = await ask(user, id, "hello");
    const restarted = app.restart();
    await time.pass(4000);
    gate.resolve();
    expect((await readEvents(response)).at(-1)).toMatchObject({
      event: "full_response",
      data: "one two",
    });
    await restarted;
    expect(await lastMessage(user, id)).toMatchObject({
      content: "one two",
      status: "complete",
    });
  });

  test("then cuts it, says so, lets the provider go and keeps the part", async () => {
    const { script, asked } = announced(answer(["one ", "two"], { end: "hang" }));
    app.upstream.script(script);
    const reader = readerOf(await ask(user, id, "hello"));
    await readUntil(reader, (text) => text.includes('"two"'));
    const restarted = app.restart();
    await time.pass(5000);
    const end = await readUntil(reader, (text) => text.includes('"error"'));
    expect(end).toContain('"code":"interrupted"');
    await (await asked).aborted;
    await restarted;
    expect(await lastMessage(user, id)).toMatchObject({
      content: "one two",
      status: "interrupted",
      finish_reason: "interrupted",
    });
  });

  test("leaves of one that had not begun its question alone", async () => {
    const { script, asked } = announced(hangBeforeHeaders);
    app.upstream.script(script);
    const answering = ask(user, id, "hello");
    const { aborted } = await asked;
    const restarted = app.restart();
    await time.pass(5000);
    await aborted;
    await expectFault(await answering, 500, "interrupted");
    await restarted;
    expect((await historyOf(user, id)).messages.map(({ content }) => content)).toEqual(["hello"]);
    const events = await readEvents(await ask(user, id, "and now?"));
    expect(events.at(-1)).toMatchObject({ event: "full_response", data: "Hello world" });
  });
});
