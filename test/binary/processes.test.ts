import { expect, test } from "bun:test";
import { messageText, parseEvents, readEvents, readUntil } from "../chat-stream.ts";
import type { Caller } from "../harness.ts";
import { ask, historyOf, lastMessage, readerOf } from "../http/conversing.ts";
import { RedisServer } from "../redis.ts";
import { until } from "../until.ts";
import { startUpstream, type Upstream } from "../upstream.ts";
import { answer } from "../upstream-scripts.ts";
import {
  BinaryServer,
  quietEnvironment,
  scriptedProvider,
  TemporaryFolder,
} from "./binary-process.ts";

/** Two processes of the program on one database. */
class Pair implements AsyncDisposable {
  private constructor(
    readonly folder: TemporaryFolder,
    readonly upstream: Upstream,
    readonly environment: Readonly<Record<string, string>>,
    readonly one: BinaryServer,
    readonly two: BinaryServer,
  ) {}

  static async start(redis?: RedisServer): Promise<Pair> {
    const folder = new TemporaryFolder();
    const upstream = await startUpstream();
    const environment = {
      ...quietEnvironment,
      ...scriptedProvider(upstream.url),
      ...(redis === undefined ? {} : { LLM_BACKEND_REDIS_ADDRESS: redis.address }),
    };
    const one = await BinaryServer.start({ folder, environment });
    const two = await BinaryServer.start({ folder, environment });
    if (redis !== undefined) {
      await Promise.all([one, two].map((each) => each.printed(/Connected to Redis successfully!/)));
    }
    return new Pair(folder, upstream, environment, one, two);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.one.kill(), this.two.kill()]);
    await this.upstream.close();
    this.folder[Symbol.dispose]();
  }
}

/** An answer that comes piece by piece, each when it is let go. */
function paced(upstream: Upstream, pieces: readonly string[]) {
  const gates = pieces.map(() => Promise.withResolvers<void>());
  upstream.script(answer(pieces.flatMap((piece, index) => [gates[index]?.promise ?? "", piece])));
  return (count: number) => {
    for (const gate of gates.splice(0, count)) gate.resolve();
  };
}

/** What a stream says, read as far as it is asked for. */
class Listener {
  #all = "";
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(response: Response) {
    this.#reader = readerOf(response);
  }

  async until(text: string): Promise<void> {
    if (this.#all.includes(text)) return;
    this.#all += await readUntil(this.#reader, (more) => more.includes(text));
  }

  async rest() {
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) return parseEvents(this.#all);
      this.#all += decoder.decode(value, { stream: true });
    }
  }
}

const follow = (caller: Caller, id: number, lastEventId?: string): Promise<Response> =>
  caller.get(
    `/api/chat/${id}/stream`,
    lastEventId === undefined ? {} : { "last-event-id": lastEventId },
  );

const pieces = ["流", "式", " 😀 ", "回", "答", "。"];

for (const withRedis of [true, false]) {
  const name = withRedis ? "with Redis" : "without Redis";

  test(`a watcher on another process gets the same stream, and can stop it, ${name}`, async () => {
    await using redis = withRedis ? await RedisServer.start() : undefined;
    await using pair = await Pair.start(redis);
    const ada = await pair.one.signUp();
    const elsewhere = pair.two.caller(ada.token);
    const id = await ada.createConversation();

    let release = paced(pair.upstream, pieces);
    release(2);
    const asker = new Listener(await ask(ada, id, "第一个问题"));
    await asker.until("式");
    const first = new Listener(await follow(elsewhere, id));
    await first.until("式");
    expect((await ask(elsewhere, id, "第二个问题")).status).toBe(409);
    const second = new Listener(await follow(elsewhere, id, "2-1"));
    release(pieces.length);
    const all = await asker.rest();
    expect(messageText(all)).toBe(pieces.join(""));
    expect(await first.rest()).toEqual(all);
    expect(await second.rest()).toEqual(all.slice(2));

    release = paced(pair.upstream, pieces);
    release(2);
    const stopped = new Listener(await ask(elsewhere, id, "第二个问题"));
    await stopped.until("式");
    expect(await (await ada.post(`/api/chat/${id}/stop`)).json()).toMatchObject({ stopped: true });
    expect((await stopped.rest()).at(-1)).toMatchObject({ event: "full_response", data: "流式" });
    expect((await lastMessage(ada, id))?.finish_reason).toBe("stopped");
    expect(await pair.one.stop()).toBe(0);
    expect(await pair.two.stop()).toBe(0);
    // That Redis is slow for a moment may be told, on a busy machine.
    expect(pair.one.stderr + pair.two.stderr).not.toContain('"level":"error"');
  });

  test(`kill -9 of the process that answers: a watcher on another is told of the cut, ${name}`, async () => {
    await using redis = withRedis ? await RedisServer.start() : undefined;
    await using pair = await Pair.start(redis);
    const ada = await pair.one.signUp();
    const elsewhere = pair.two.caller(ada.token);
    const id = await ada.createConversation();
    const release = paced(pair.upstream, pieces);
    release(2);
    const asker = new Listener(await ask(ada, id, "第一个问题"));
    await asker.until("式");
    const watcher = new Listener(await follow(elsewhere, id));
    await watcher.until("式");
    await until(async () => (await lastMessage(ada, id))?.content === "流式", "the checkpoint");
    await pair.one.kill();
    const events = await watcher.rest();
    expect(messageText(events)).toBe("流式");
    expect(events.at(-1)).toMatchObject({ id: "2-3", event: "error", code: "interrupted" });
    expect(await lastMessage(elsewhere, id)).toMatchObject({
      content: "流式",
      status: "interrupted",
      finish_reason: "interrupted",
    });
    await readEvents(await ask(elsewhere, id, "第二个问题"));
    expect((await historyOf(elsewhere, id)).messages).toHaveLength(4);
  });
}

test("Redis killed in the middle: a watcher on another process loses nothing", async () => {
  await using redis = await RedisServer.start();
  await using pair = await Pair.start(redis);
  const ada = await pair.one.signUp();
  const id = await ada.createConversation();
  const release = paced(pair.upstream, pieces);
  release(1);
  const asker = new Listener(await ask(ada, id, "第一个问题"));
  const watcher = new Listener(await follow(pair.two.caller(ada.token), id));
  await watcher.until("流");
  release(1);
  await redis.kill();
  release(1);
  await watcher.until("😀");
  release(pieces.length);
  const all = await asker.rest();
  expect(messageText(all)).toBe(pieces.join(""));
  expect(await watcher.rest()).toEqual(all);
});

test("a process that starts leaves the answers of one that lives alone, and ends those of one that died", async () => {
  await using pair = await Pair.start();
  const { folder, environment, upstream } = pair;
  const ada = await pair.one.signUp();
  const elsewhere = pair.two.caller(ada.token);
  const [lost, kept] = [await ada.createConversation(), await ada.createConversation()];
  const releaseLost = paced(upstream, pieces);
  releaseLost(1);
  await new Listener(await ask(ada, lost, "第一个问题")).until("流");
  const releaseKept = paced(upstream, pieces);
  releaseKept(1);
  const keptAsker = new Listener(await ask(elsewhere, kept, "第一个问题"));
  await keptAsker.until("流");
  await until(async () => (await lastMessage(ada, lost))?.content === "流", "the checkpoint");
  await pair.one.kill();
  await using third = await BinaryServer.start({ folder, environment });
  const again = third.caller(ada.token);
  // At once, with no lease to wait for.
  expect(await lastMessage(again, lost)).toMatchObject({ content: "流", status: "interrupted" });
  expect(await lastMessage(again, kept)).toMatchObject({ status: "streaming" });
  releaseKept(pieces.length);
  expect(messageText(await keptAsker.rest())).toBe(pieces.join(""));
});

test("kill -9, start again, resume: exactly what was checkpointed, then an error", async () => {
  using folder = new TemporaryFolder();
  const upstream = await startUpstream();
  const environment = { ...quietEnvironment, ...scriptedProvider(upstream.url) };
  const options = { folder, environment };
  await using first = await BinaryServer.start(options);
  const ada = await first.signUp();
  const id = await ada.createConversation();
  const release = paced(upstream, pieces);
  release(3);
  const asker = new Listener(await ask(ada, id, "第一个问题"));
  await asker.until("😀");
  await until(async () => (await lastMessage(ada, id))?.content === "流式 😀 ", "the checkpoint");
  await first.kill();
  await using second = await BinaryServer.start(options);
  const again = second.caller(ada.token);
  const whole = await readEvents(await follow(again, id));
  expect(whole).toMatchObject([
    { id: "2-0", event: "start" },
    { id: "2-1", event: "message", data: "流" },
    { id: "2-2", event: "message", data: "式" },
    { id: "2-3", event: "message", data: " 😀 " },
    { id: "2-4", event: "error", code: "interrupted" },
  ]);
  expect(await readEvents(await follow(again, id, "2-1"))).toEqual(whole.slice(2));
  // What the dead process could not count any more is counted, once.
  expect((await lastMessage(again, id))?.usage).toMatchObject({ estimated: true });
  const usage: { total: object } = await (await again.get("/api/usage")).json();
  expect(usage.total).toMatchObject({ answers: 1, completion_tokens: expect.any(Number) });
  expect(await readEvents(await follow(again, id, "2-9"))).toMatchObject([
    { id: "2-10", event: "error", code: "interrupted" },
  ]);
  await upstream.close();
});
