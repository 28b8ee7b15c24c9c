import { afterEach, describe, expect, test } from "bun:test";
import { readEvents, readUntil } from "../chat-stream.ts";
import { startApp } from "../harness.ts";
import { announced, answer } from "../upstream-scripts.ts";
import { useApp } from "../use-app.ts";
import { ask, historyOf, readerOf } from "./conversing.ts";

const { app, user, log } = useApp();

afterEach(() => {
  expect(log.complaints).toEqual([]);
});

/** The messages of the provider's latest request. */
function sentMessages(): unknown {
  const body = app.upstream.requests.at(-1)?.body ?? {};
  // What our own client sends; anything else should fail the test.
  return (body as { messages?: unknown }).messages;
}

describe("the history", () => {
  test("holds the user's message before the provider is asked", async () => {
    const id = await user.createConversation();
    const gate = Promise.withResolvers<void>();
    const { script, asked } = announced(answer([gate.promise, "an answer"]));
    app.upstream.script(script);
    const answering = ask(user, id, "a question");
    await asked;
    expect((await historyOf(user, id)).messages).toEqual([
      {
        role: "user",
        content: "a question",
        message_id: 1,
        created_time: expect.any(Number),
      },
      {
        role: "assistant",
        content: "",
        message_id: 2,
        created_time: expect.any(Number),
        status: "streaming",
        finish_reason: null,
      },
    ]);
    gate.resolve();
    await (await answering).text();
  });

  test("is whole when the stream says that it is done", async () => {
    const id = await user.createConversation();
    app.upstream.script(answer(["Rust 是", "语言"], { finishReason: "length" }));
    const response = await ask(user, id, "介绍一下RUST");
    await readUntil(readerOf(response), (text) => text.includes('"done"'));
    expect(await historyOf(user, id)).toEqual({
      conversation_id: id,
      title: "测试",
      model: "scripted/model",
      messages: [
        {
          role: "user",
          content: "介绍一下RUST",
          message_id: 1,
          created_time: expect.any(Number),
        },
        {
          role: "assistant",
          content: "Rust 是语言",
          message_id: 2,
          created_time: expect.any(Number),
          status: "complete",
          finish_reason: "length",
          usage: {
            prompt_tokens: expect.any(Number),
            completion_tokens: expect.any(Number),
            total_tokens: expect.any(Number),
            estimated: true,
          },
        },
      ],
      created_time: expect.any(Number),
    });
  });

  test("counts its messages 1, 2, 3 … and sends them along with the next", async () => {
    const id = await user.createConversation({ system_prompt: "be brief" });
    for (const n of [1, 2, 3]) {
      app.upstream.script(answer([`answer ${n}`]));
      const [start] = await readEvents(await ask(user, id, `question ${n}`));
      expect(start?.data).toMatchObject({ message_id: 2 * n, user_message_id: 2 * n - 1 });
    }
    const { messages } = await historyOf(user, id);
    expect(messages.map(({ message_id }) => message_id)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(sentMessages()).toEqual([
      { role: "system", content: "be brief" },
      { role: "user", content: "question 1" },
      { role: "assistant", content: "answer 1" },
      { role: "user", content: "question 2" },
      { role: "assistant", content: "answer 2" },
      { role: "user", content: "question 3" },
    ]);
  });

  test("keeps every character that a user wrote", async () => {
    const id = await user.createConversation();
    const message = `"\\/\b\f\n\r\t\u0000\u2028\u2029😀 <b> data: x\n\n ${"长".repeat(300_000)}`;
    await (await ask(user, id, message)).text();
    expect((await historyOf(user, id)).messages[0]?.content).toBe(message);
    expect(sentMessages()).toContainEqual({ role: "user", content: message });
  });

  test("and the provider get the same where a character was cut in half", async () => {
    const id = await user.createConversation();
    await (await ask(user, id, "cut \ud83d here")).text();
    expect((await historyOf(user, id)).messages[0]?.content).toBe("cut \ufffd here");
    expect(sentMessages()).toContainEqual({ role: "user", content: "cut \ufffd here" });
  });

  test("survives a restart", async () => {
    const own = await startApp();
    const before = await own.signUp();
    const id = await before.createConversation();
    await (await before.post(`/api/chat/${id}`, { message: "hello" })).text();
    const path = `/api/conversations/history/${id}`;
    const headers = { authorization: `Bearer ${before.token}` };
    const told = await (await own.nobody.get(path, headers)).json();
    await own.restart();
    expect(await (await own.nobody.get(path, headers)).json()).toEqual(told);
    await own.close();
  });
});
