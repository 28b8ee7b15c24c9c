import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type App, createApp } from "../../src/app.ts";
import { type ChatEvent, messageText, parseEvents, readEvents, readUntil } from "../chat-stream.ts";
import { openBeside } from "../database.ts";
import { type Caller, startApp, type TestApp } from "../harness.ts";
import { until } from "../until.ts";
import { answer, type Piece } from "../upstream-scripts.ts";
import { ask, historyOf, lastMessage, readerOf } from "./conversing.ts";
import { expectFault } from "./expect-fault.ts";

/** Two servers on one database, as two processes would be: here is the one that answers. */
let here: TestApp;
let there: App;
let user: Caller;
let elsewhere: Caller;
let stranger: Caller;
let id: number;

beforeAll(async () => {
  here = await startApp({ CHAT_DISCONNECT_GRACE: "0" });
  there = await createApp(here.config);
  [user, stranger] = await Promise.all([here.signUp(), here.signUp()]);
  elsewhere = user.on(there);
});
afterAll(async () => {
  await there.close();
  await here.close();
});

beforeEach(async () => {
  id = await user.createConversation();
});

/** Follows the answer, until `signal` fires if there is one. */
const follow = (caller: Caller, lastEventId?: string, signal?: AbortSignal): Promise<Response> =>
  caller.request("GET", `/api/chat/${id}/stream`, undefined, {
    headers: lastEventId === undefined ? {} : { "last-event-id": lastEventId },
    ...(signal === undefined ? {} : { signal }),
  });

const ids = (events: readonly ChatEvent[]) => events.map((event) => event.id);

/** Scripts an answer that stands still after `before` until it is let go. */
function held(before: readonly Piece[], after: readonly Piece[] = []): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  here.upstream.script(answer([...before, promise, ...after]));
  return resolve;
}

/** Reads from a stream until it has told this text; the rest is told by `rest`. */
async function reading(response: Response, text: string) {
  const reader = readerOf(response);
  const begin = await readUntil(reader, (all) => all.includes(text));
  return {
    rest: async (): Promise<ChatEvent[]> => {
      const decoder = new TextDecoder();
      let all = begin;
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return parseEvents(all);
        all += decoder.decode(value, { stream: true });
      }
    },
  };
}

/** Stores the beginning of an answer that a process makes which is not there any more. */
async function leaveAnswerOfTheDead(): Promise<void> {
  await readEvents(await ask(user, id, "first"));
  using database = openBeside(here);
  database.run(
    `INSERT INTO messages (conversation_id, id, parent_id, role, content, status, process, created_time)
     VALUES (?1, 3, 2, 'user', 'second', 'complete', NULL, 1), (?1, 4, 3, 'assistant', '', 'streaming', 77, 1)`,
    [id],
  );
  database.run("UPDATE conversations SET tip = 4 WHERE id = ?", [id]);
  database.run("INSERT INTO answer_parts VALUES (?, 4, 0, 'hold on', '', '[4,3]')", [id]);
}

describe("an answer that another process makes", () => {
  test("keeps a second message away, and is part of the history when it has ended", async () => {
    const release = held(["a"], ["b"]);
    const first = await reading(await ask(user, id, "one"), '"a"');
    await expectFault(await ask(elsewhere, id, "two"), 409, "generation_running");
    await expectFault(
      await elsewhere.post(`/api/chat/${id}/regenerate`),
      409,
      "generation_running",
    );
    release();
    await first.rest();
    await readEvents(await ask(elsewhere, id, "two"));
    expect(here.upstream.requests.at(-1)?.body).toMatchObject({
      messages: [
        { role: "system" },
        { role: "user", content: "one" },
        { role: "assistant", content: "ab" },
        { role: "user", content: "two" },
      ],
    });
    const { messages } = await historyOf(user, id);
    expect(messages.map(({ message_id }) => message_id)).toEqual([1, 2, 3, 4]);
  });

  test("is not touched by a process that starts", async () => {
    const release = held(["a"], ["b"]);
    const first = await reading(await ask(user, id, "one"), '"a"');
    const third = await createApp(here.config);
    expect(await lastMessage(user, id)).toMatchObject({ status: "streaming" });
    release();
    expect(messageText(await first.rest())).toBe("ab");
    expect(await lastMessage(user.on(third), id)).toMatchObject({
      content: "ab",
      status: "complete",
    });
    await third.close();
  });

  test("is followed by what is stored of it and by its end", async () => {
    const release = held([{ reasoning: "hm" }, "a", "b"], ["c"]);
    const first = await reading(await ask(user, id, "go"), '"b"');
    const second = await reading(await follow(elsewhere), '"b"');
    const third = await follow(elsewhere, "2-1");
    release();
    const [all, same, rest] = await Promise.all([first.rest(), second.rest(), readEvents(third)]);
    expect(same).toEqual(all);
    expect(rest).toEqual(all.slice(2));
  });

  test("names the model that answers in place of the conversation's", async () => {
    // What a fallback answers with is known here by the first part that is stored.
    const release = held(["a"], ["b"]);
    const first = await reading(await ask(user, id, "go"), '"a"');
    await until(async () => (await lastMessage(user, id))?.content === "a", "the checkpoint");
    using database = openBeside(here);
    database.run("UPDATE messages SET model = 'other/model' WHERE conversation_id = ?", [id]);
    const second = await reading(await follow(elsewhere), '"a"');
    release();
    await first.rest();
    expect((await second.rest()).at(0)?.data).toMatchObject({ model: "other/model" });
  });

  test("goes on as long as somebody follows it from another process", async () => {
    const [second, third] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    here.upstream.script(answer(["a", second.promise, "b", third.promise, "c"]));
    const asker = new AbortController();
    await reading(await user.request("POST", `/api/chat/${id}`, { message: "go" }, asker), '"a"');
    const response = await follow(elsewhere);
    second.resolve();
    // Told at the second look at what is stored; the other process looks for followers more often.
    const follower = await reading(response, '"b"');
    asker.abort();
    third.resolve();
    expect(messageText(await follower.rest())).toBe("abc");
    expect(await lastMessage(user, id)).toMatchObject({ content: "abc", status: "complete" });
    using database = openBeside(here);
    await until(() => database.query("SELECT 1 FROM answer_requests").get() === null);
  });

  test("is cut when the last follower, in another process, has gone", async () => {
    const asker = new AbortController();
    const follower = new AbortController();
    held(["a"]);
    const body = { message: "go" };
    await reading(await user.request("POST", `/api/chat/${id}`, body, asker), '"a"');
    await reading(await follow(elsewhere, undefined, follower.signal), '"a"');
    follower.abort();
    expect(await lastMessage(user, id)).toMatchObject({ status: "streaming" });
    asker.abort();
    await until(async () => (await lastMessage(user, id))?.status === "interrupted", "the cut");
  });

  test("is stopped from another process", async () => {
    const release = held(["a", "b"], ["c"]);
    const first = await reading(await ask(user, id, "go"), '"b"');
    const second = await reading(await follow(elsewhere), '"b"');
    expect((await stranger.on(there).post(`/api/chat/${id}/stop`)).status).toBe(404);
    const stopped = await elsewhere.post(`/api/chat/${id}/stop`);
    expect(await stopped.json()).toMatchObject({ stopped: true });
    expect(await lastMessage(elsewhere, id)).toMatchObject({
      content: "ab",
      status: "complete",
      finish_reason: "stopped",
    });
    const [all, same] = await Promise.all([first.rest(), second.rest()]);
    expect(all.slice(-2)).toMatchObject([
      { event: "done" },
      { event: "full_response", data: "ab" },
    ]);
    expect(same).toEqual(all);
    expect(await (await elsewhere.post(`/api/chat/${id}/stop`)).json()).toMatchObject({
      stopped: false,
    });
    release();
    using database = openBeside(here);
    await until(() => database.query("SELECT 1 FROM answer_requests").get() === null);
  });

  test("ends in an error for those who follow it when the conversation is deleted", async () => {
    const release = held(["a"], ["b", "c"]);
    await reading(await ask(user, id, "go"), '"a"');
    const second = await reading(await follow(elsewhere), '"a"');
    expect((await elsewhere.post(`/api/conversations/del/${id}`)).status).toBe(200);
    release();
    expect((await second.rest()).at(-1)).toMatchObject({ event: "error", code: "interrupted" });
  });
});

describe("a process that stops", () => {
  test("lets go of those who follow another's answer, who can go on elsewhere", async () => {
    const release = held(["a"], ["b"]);
    const first = await reading(await ask(user, id, "go"), '"a"');
    const third = await createApp(here.config);
    const follower = await reading(await follow(user.on(third)), '"a"');
    await third.close();
    const told = await follower.rest();
    expect(told.map(({ event }) => event)).toEqual(["start", "message"]);
    const response = await follow(elsewhere, told.at(-1)?.id);
    release();
    const all = await first.rest();
    expect([...told, ...(await readEvents(response))]).toEqual(all);
  });
});

describe("a stream that is cut anywhere and told on by either process", () => {
  test("has no gap, no double and no change of order", async () => {
    const piece = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 });
    const scenario = fc.record({
      pieces: fc.array(piece, { minLength: 2, maxLength: 8 }),
      cuts: fc.array(fc.record({ events: fc.nat(4), there: fc.boolean() }), { maxLength: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(scenario, async ({ pieces, cuts }) => {
        id = await user.createConversation();
        const release = held(pieces.slice(0, 1), pieces.slice(1));
        const asker = await reading(await ask(user, id, "go"), '"message"');
        const received: ChatEvent[] = [];
        for (const { events, there: isThere } of cuts) {
          const gone = new AbortController();
          const caller = isThere ? elsewhere : user;
          const reader = readerOf(await follow(caller, received.at(-1)?.id, gone.signal));
          // `start` and the first piece are sure to come.
          const sure = Math.min(events, 2 - received.length);
          if (sure > 0) {
            const text = await readUntil(reader, (all) => all.split("\n\n").length > sure);
            received.push(...parseEvents(text.slice(0, text.lastIndexOf("\n\n") + 2)));
          }
          // The asker stays, so that nobody's leaving ends the answer.
          gone.abort();
        }
        const last = await follow(elsewhere, received.at(-1)?.id);
        release();
        received.push(...(await readEvents(last)));
        const all = await asker.rest();
        expect(ids(received)).toEqual(ids(all));
        expect(messageText(received)).toBe(pieces.join(""));
        expect(received).toEqual(all);
      }),
      { numRuns: 8 },
    );
  });
});

describe("an answer whose process has died", () => {
  test("is found by whoever is there, and its part is kept", async () => {
    await leaveAnswerOfTheDead();
    await until(async () => (await lastMessage(user, id))?.status === "interrupted");
    expect(await lastMessage(user, id)).toMatchObject({
      content: "hold on",
      finish_reason: "interrupted",
    });
  });

  test("is told to its end, an error", async () => {
    await leaveAnswerOfTheDead();
    expect(await readEvents(await follow(user, "4-0"))).toMatchObject([
      { id: "4-1", event: "message", data: "hold" },
      { id: "4-2", event: "message", data: " on" },
      { id: "4-3", event: "error", code: "interrupted" },
    ]);
  });

  test("keeps no message away", async () => {
    await leaveAnswerOfTheDead();
    await readEvents(await ask(user, id, "third"));
    expect((await historyOf(user, id)).messages).toMatchObject([
      { content: "first" },
      { status: "complete" },
      { content: "second" },
      { content: "hold on", status: "interrupted" },
      { content: "third" },
      { content: "Hello world", status: "complete" },
    ]);
  });

  test("has nothing to stop", async () => {
    await leaveAnswerOfTheDead();
    expect(await (await user.post(`/api/chat/${id}/stop`)).json()).toMatchObject({
      stopped: false,
    });
    expect(await lastMessage(user, id)).toMatchObject({ status: "interrupted" });
  });
});
