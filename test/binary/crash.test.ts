import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import fc from "fast-check";
import { getLoadablePath } from "sqlite-vec";
import { messageText, parseEvents, readEvents, readUntil } from "../chat-stream.ts";
import type { Caller } from "../harness.ts";
import { ask, historyOf, readerOf } from "../http/conversing.ts";
import { until } from "../until.ts";
import { startUpstream } from "../upstream.ts";
import { answer } from "../upstream-scripts.ts";
import {
  BinaryServer,
  quietEnvironment,
  scriptedProvider,
  TemporaryFolder,
} from "./binary-process.ts";

/** What SQLite finds wrong with a database. */
function complaints(path: string): unknown[] {
  using database = new Database(path);
  database.loadExtension(getLoadablePath());
  const integrity = database.query<{ integrity_check: string }, []>("PRAGMA integrity_check").all();
  return [
    ...integrity.map((row) => row.integrity_check).filter((line) => line !== "ok"),
    ...database.query("PRAGMA foreign_key_check").all(),
  ];
}

test("kill -9 in the middle of an answer loses nothing that was acknowledged or checkpointed", async () => {
  using folder = new TemporaryFolder();
  const upstream = await startUpstream();
  const options = {
    folder,
    environment: { ...quietEnvironment, ...scriptedProvider(upstream.url) },
  };
  const first = await BinaryServer.start(options);
  await using _first = first;
  const ada = await first.signUp();
  const id = await ada.createConversation({ title: "被打断的对话" });
  await readEvents(await ask(ada, id, "第一个问题"));

  const never = new Promise(() => {});
  upstream.script(answer([{ reasoning: "让我想想。" }, "前半", "部分😀", never, "后半部分"]));
  const reader = readerOf(await ask(ada, id, "第二个问题"));
  await readUntil(reader, (text) => text.includes("部分😀"));
  // The checkpoint is what history shows of an answer that grows.
  const growing = { status: "streaming", content: "前半部分😀", reasoning: "让我想想。" };
  await until(async () => {
    const last = (await historyOf(ada, id)).messages.at(-1);
    return last?.content === growing.content && last.status === growing.status;
  }, "the checkpoint");
  await first.kill();
  expect(await reader.read().catch(() => ({ done: true }))).toMatchObject({ done: true });

  expect(complaints(folder.join("llm_backend.db"))).toEqual([]);
  await using second = await BinaryServer.start(options);
  const again = second.caller(ada.token);
  const before = await historyOf(again, id);
  expect(before).toMatchObject({
    title: "被打断的对话",
    messages: [
      { role: "user", content: "第一个问题", message_id: 1 },
      { role: "assistant", content: "Hello world", message_id: 2, status: "complete" },
      { role: "user", content: "第二个问题", message_id: 3 },
      { ...growing, role: "assistant", message_id: 4, status: "interrupted" },
    ],
  });

  upstream.script(answer(["第三个", "回答"]));
  const events = await readEvents(await ask(again, id, "第三个问题"));
  expect(messageText(events)).toBe("第三个回答");
  expect((await historyOf(again, id)).messages).toMatchObject([
    ...before.messages,
    { role: "user", content: "第三个问题", message_id: 5 },
    { role: "assistant", content: "第三个回答", message_id: 6, status: "complete" },
  ]);
  expect(upstream.requests.at(-1)?.body).toMatchObject({
    messages: expect.arrayContaining([{ role: "user", content: "第二个问题" }]),
  });
  await upstream.close();
});

/** What the server has acknowledged of one conversation. */
interface Acknowledged {
  readonly id: number;
  readonly title: string;
  readonly questions: string[];
  /** Answers that came to their end, by the message's number. */
  readonly answers: Map<number, string>;
  /** `asked`: the server may have deleted it, or not. */
  deletion: "none" | "asked" | "done";
}

/** Users who create, ask and delete as fast as they can, until the server is gone. */
class Crowd {
  readonly conversations: Acknowledged[] = [];
  #acknowledgements = 0;
  #questions = 0;
  #killed = false;

  /** The server is killed at that acknowledgement, counted from 1. */
  constructor(
    private readonly server: BinaryServer,
    private readonly killPoint: number,
  ) {}

  /** Ends when the server has been killed. */
  async member(caller: Caller, kind: number): Promise<void> {
    try {
      for (;;) await this.#converse(caller, kind);
    } catch (error) {
      if (!this.#killed) throw error;
    }
  }

  #acknowledge(): void {
    this.#acknowledgements += 1;
    if (this.#acknowledgements !== this.killPoint) return;
    this.#killed = true;
    this.server.signal("SIGKILL");
  }

  async #converse(caller: Caller, kind: number): Promise<void> {
    const title = `对话 ${crypto.randomUUID()}`;
    const id = await caller.createConversation({ title });
    const conversation: Acknowledged = {
      id,
      title,
      questions: [],
      answers: new Map(),
      deletion: "none",
    };
    this.conversations.push(conversation);
    this.#acknowledge();
    for (let turn = 0; turn < 3; turn++) await this.#ask(caller, conversation);
    if (kind % 3 !== 0) return;
    conversation.deletion = "asked";
    const response = await caller.post(`/api/conversations/del/${id}`);
    await response.text();
    expect(response.status).toBe(200);
    conversation.deletion = "done";
    this.#acknowledge();
  }

  async #ask(caller: Caller, { id, questions, answers }: Acknowledged): Promise<void> {
    this.#questions += 1;
    const question = `问题 ${this.#questions}`;
    const response = await ask(caller, id, question);
    expect(response.status).toBe(200);
    const reader = readerOf(response);
    // The stream opens once the question is stored.
    const opening = await readUntil(reader, (text) => text.includes("\n\n"));
    questions.push(question);
    this.#acknowledge();
    const rest = opening.includes('"full_response"')
      ? opening
      : opening + (await readUntil(reader, (text) => text.includes('"full_response"')));
    const whole = parseEvents(rest).at(-1)?.data;
    answers.set(questions.length * 2, String(whole));
    this.#acknowledge();
    await reader.read();
  }
}

test("kill -9 at any moment loses nothing that was acknowledged", async () => {
  const upstream = await startUpstream();
  const killPoint = fc.integer({ min: 1, max: 250 });
  await fc.assert(
    fc.asyncProperty(fc.array(killPoint, { minLength: 2, maxLength: 3 }), async (killPoints) => {
      using folder = new TemporaryFolder();
      const options = {
        folder,
        environment: { ...quietEnvironment, ...scriptedProvider(upstream.url) },
      };
      let token: string | undefined;
      const crowds: Crowd[] = [];
      for (const point of killPoints) {
        await using server = await BinaryServer.start(options);
        token ??= (await server.signUp()).token;
        const crowd = new Crowd(server, point);
        crowds.push(crowd);
        const caller = server.caller(token);
        await Promise.all(Array.from({ length: 12 }, (_, kind) => crowd.member(caller, kind)));
        expect(await server.exited).not.toBe(0);
        expect(complaints(folder.join("llm_backend.db"))).toEqual([]);
      }

      await using server = await BinaryServer.start(options);
      const caller = server.caller(token);
      const conversations = crowds.flatMap((crowd) => crowd.conversations);
      expect(new Set(conversations.map(({ id }) => id)).size).toBe(conversations.length);
      for (const { id, title, questions, answers, deletion } of conversations) {
        const response = await caller.get(`/api/conversations/history/${id}`);
        if (deletion === "done") expect(response.status).toBe(404);
        if (response.status === 404 && deletion !== "none") continue;
        const history: Awaited<ReturnType<typeof historyOf>> = await response.json();
        expect(history.title).toBe(title);
        const asked = history.messages.filter(({ role }) => role === "user");
        // One more may have been stored than its sender was told of.
        expect(asked.map(({ content }) => content).slice(0, questions.length)).toEqual(questions);
        expect(asked.length).toBeLessThanOrEqual(questions.length + 1);
        for (const message of history.messages) {
          if (message.role === "user") continue;
          expect(message.status).toBeOneOf(["complete", "interrupted"]);
          const whole = answers.get(message.message_id);
          if (whole !== undefined) {
            expect(message).toMatchObject({ content: whole, status: "complete" });
            answers.delete(message.message_id);
          }
        }
        expect(answers.size).toBe(0);
      }
    }),
    { numRuns: 3 },
  );
  await upstream.close();
});
