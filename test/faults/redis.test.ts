import { afterAll, beforeAll, expect, test } from "bun:test";
import { type App, createApp } from "../../src/app.ts";
import { CapturedLog } from "../captured-log.ts";
import { readEvents } from "../chat-stream.ts";
import { Caller, startApp, type TestApp } from "../harness.ts";
import { ask, historyOf } from "../http/conversing.ts";
import { RedisServer } from "../redis.ts";
import { until } from "../until.ts";

const clients = 20;
const rounds = 10;

let log: CapturedLog;
let redis: RedisServer;
let app: TestApp;
/** Another process of the same deployment, as far as cache and database can tell. */
let other: App;

beforeAll(async () => {
  log = new CapturedLog();
  redis = await RedisServer.start();
  app = await startApp({ REDIS_ADDRESS: redis.address });
  other = await createApp(app.config);
});
afterAll(async () => {
  await other.close();
  await app.close();
  await redis[Symbol.asyncDispose]();
  log.release();
});

async function cacheIs(expected: "redis" | "memory"): Promise<void> {
  for (const server of [app.app, other]) {
    const nobody = new Caller(server, undefined);
    await until(async () => {
      const response = await nobody.get("/readyz");
      expect(response.status).toBe(200);
      const { cache }: { cache: string } = await response.json();
      return cache === expected;
    }, `the cache to be in ${expected}`);
  }
}

/**
 * Talks through one server and reads the history through both, the conversation's own pace being the
 * only order: `tick` is called after every request. A history that lacks what has been answered before
 * it was asked for is stale.
 */
async function converse(id: number, talker: Caller, readers: Caller[], tick: () => Promise<void>) {
  const said: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const message = `message ${round}`;
    const events = await readEvents(await ask(talker, id, message));
    await tick();
    expect(events.at(-1)).toMatchObject({ event: "full_response", data: "Hello world" });
    said.push(message, "Hello world");
    const histories = await Promise.all(readers.map((reader) => historyOf(reader, id)));
    await tick();
    for (const { messages } of histories) {
      expect(messages.map(({ content }) => content)).toEqual(said);
    }
  }
}

test("Redis is killed and started again under 600 requests: none fails, no history is stale", async () => {
  const { token } = await app.signUp();
  const callers = [new Caller(app.app, token), new Caller(other, token)] as const;
  await cacheIs("redis");
  log.clear();

  let ticks = 0;
  const tick = async () => {
    ticks += 1;
    // A count decides, not a time: a third of the way in, it dies; after another, it is back.
    if (ticks === 130) await redis.kill();
    if (ticks === 260) await redis.start();
  };
  const ids = await Promise.all(
    Array.from({ length: clients }, () => callers[0].createConversation()),
  );
  await Promise.all(
    ids.map((id, index) => converse(id, callers[index % 2 === 0 ? 0 : 1], [...callers], tick)),
  );
  expect(ticks).toBe(2 * clients * rounds);

  await cacheIs("redis");
  for (const id of ids) {
    const [first, second] = [await historyOf(callers[0], id), await historyOf(callers[1], id)];
    expect(first.messages).toHaveLength(2 * rounds);
    expect(second).toEqual(first);
  }
  const told = log.lines.map(({ message }) => message);
  expect(new Set(told)).toEqual(
    new Set([
      "Redis is not reachable; the in-process cache is used",
      "Redis is back and holds the cache again",
    ]),
  );
});
