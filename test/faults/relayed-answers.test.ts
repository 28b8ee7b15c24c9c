import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { type App, createApp } from "../../src/app.ts";
import { CapturedLog } from "../captured-log.ts";
import { type ChatEvent, messageText, parseEvents, readEvents, readUntil } from "../chat-stream.ts";
import { openBeside } from "../database.ts";
import { type Caller, startApp, type TestApp } from "../harness.ts";
import { ask, lastMessage, readerOf } from "../http/conversing.ts";
import { RedisServer } from "../redis.ts";
import { until } from "../until.ts";
import { type AnswerOptions, answer, type Piece } from "../upstream-scripts.ts";

/** Two servers on one database and one Redis, as two processes would be. */
let redis: RedisServer;
let here: TestApp;
let there: App;
let user: Caller;
let elsewhere: Caller;
let id: number;
let log: CapturedLog;

beforeAll(() => {
  log = new CapturedLog();
});
afterAll(() => log.release());

beforeEach(async () => {
  redis = await RedisServer.start();
  here = await startApp({ REDIS_ADDRESS: redis.address });
  there = await createApp(here.config);
  user = await here.signUp();
  elsewhere = user.on(there);
  await until(async () => (await usesRedis(user)) && (await usesRedis(elsewhere)), "Redis");
  id = await user.createConversation();
});
afterEach(async () => {
  await there.close();
  await here.close();
  await redis[Symbol.asyncDispose]();
});

async function usesRedis(caller: Caller): Promise<boolean> {
  const report: { cache: string } = await (await caller.get("/readyz")).json();
  return report.cache === "redis";
}

/** An answer whose pieces come one by one, as they are let go. */
function paced(pieces: readonly Piece[], options?: AnswerOptions): (count: number) => void {
  const gates = pieces.map(() => Promise.withResolvers<void>());
  const parts = pieces.flatMap((piece, index) => [gates[index]?.promise ?? "", piece]);
  here.upstream.script(answer(parts, options));
  return (count) => {
    for (const gate of gates.splice(0, count)) gate.resolve();
  };
}

/** Follows the answer from the other server; what it says is read as far as it is asked for. */
async function follow(lastEventId?: string) {
  const headers = lastEventId === undefined ? {} : { "last-event-id": lastEventId };
  const reader = readerOf(await elsewhere.get(`/api/chat/${id}/stream`, headers));
  let all = "";
  return {
    until: async (text: string): Promise<void> => {
      if (!all.includes(text)) all += await readUntil(reader, (more) => more.includes(text));
    },
    rest: async (): Promise<ChatEvent[]> => {
      const decoder = new TextDecoder();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return parseEvents(all);
        all += decoder.decode(value, { stream: true });
      }
    },
  };
}

const stored = async (text: string) => {
  await until(async () => (await lastMessage(user, id))?.content === text, "the checkpoint");
};

describe("an answer that another process makes, with Redis", () => {
  test("is told as it comes, not only when it is stored", async () => {
    const release = paced(["a", "b", "c"]);
    release(1);
    const asked = await ask(user, id, "go");
    const follower = await follow();
    await follower.until('"a"');
    {
      using database = openBeside(here);
      // Nothing can be stored while this is open.
      database.run("BEGIN IMMEDIATE");
      release(1);
      await follower.until('"b"');
      database.run("ROLLBACK");
    }
    const late = await follow("2-1");
    release(1);
    const all = await readEvents(asked);
    expect(await follower.rest()).toEqual(all);
    expect(await late.rest()).toEqual(all.slice(2));
  });

  test("ends as it ended there, also when the provider fails", async () => {
    const release = paced(["a", "b"], { end: "silent" });
    release(1);
    const asked = await ask(user, id, "go");
    const follower = await follow();
    await follower.until('"a"');
    release(1);
    const all = await readEvents(asked);
    expect(all.at(-1)).toMatchObject({ event: "error", code: "provider_interrupted" });
    expect(await follower.rest()).toEqual(all);
  });

  test("is told to its end when Redis dies in the middle", async () => {
    const release = paced(["a", "b", "c", "d"]);
    release(1);
    const asked = await ask(user, id, "go");
    const follower = await follow();
    await follower.until('"a"');
    release(1);
    await redis.kill();
    await follower.until('"b"');
    const late = await follow("2-2");
    release(2);
    const all = await readEvents(asked);
    expect(messageText(all)).toBe("abcd");
    expect(await follower.rest()).toEqual(all);
    expect(await late.rest()).toEqual(all.slice(3));
  });

  test("is told to its end when Redis comes back and knows nothing", async () => {
    const release = paced(["a", "b", "c", "d", "e"]);
    release(1);
    const asked = await ask(user, id, "go");
    const follower = await follow();
    await follower.until('"a"');
    await redis.kill();
    release(1);
    await follower.until('"b"');
    await redis.start();
    await until(async () => (await usesRedis(user)) && (await usesRedis(elsewhere)), "Redis");
    release(1);
    await follower.until('"c"');
    await stored("abc");
    const late = await follow();
    await late.until('"c"');
    release(2);
    const all = await readEvents(asked);
    expect(messageText(all)).toBe("abcde");
    expect(await follower.rest()).toEqual(all);
    expect(await late.rest()).toEqual(all);
  });

  test("leaves nothing in Redis when nobody follows it from elsewhere", async () => {
    await readEvents(await ask(user, id, "go"));
    expect(await redis.send("KEYS", "*answer:*")).toEqual([]);
  });
});
