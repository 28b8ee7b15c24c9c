import type { Database } from "bun:sqlite";
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { type App, createApp } from "../../src/app.ts";
import { CapturedLog } from "../captured-log.ts";
import { openBeside } from "../database.ts";
import { Caller, startApp, type TestApp } from "../harness.ts";
import { RedisServer } from "../redis.ts";
import { until } from "../until.ts";
import { ask } from "./conversing.ts";
import { expectFault } from "./expect-fault.ts";

const tables = ["users", "conversations", "messages"];

let log: CapturedLog;
let redis: RedisServer;
let app: TestApp;
let other: App;
let user: Caller;
let database: Database;

beforeAll(async () => {
  log = new CapturedLog();
  redis = await RedisServer.start();
  app = await startApp({ REDIS_ADDRESS: redis.address });
  // A second server of the same deployment, whose memory holds nothing yet.
  other = await createApp(app.config);
  user = await app.signUp();
  database = openBeside(app);
});
afterEach(() => {
  for (const table of tables) database.run(`ALTER TABLE hidden_${table} RENAME TO ${table}`);
  log.clear();
});
afterAll(async () => {
  database.close();
  await other.close();
  await app.close();
  await redis[Symbol.asyncDispose]();
  log.release();
});

/** From here to the end of the test every statement that reads a conversation fails. */
function hideTables(): void {
  for (const table of tables) database.run(`ALTER TABLE ${table} RENAME TO hidden_${table}`);
}

async function conversation(): Promise<number> {
  const id = await user.createConversation();
  await (await ask(user, id, "hello")).text();
  return id;
}

const read = (caller: Caller, id: number) => caller.get(`/api/conversations/history/${id}`);

test("a history that was read before costs no SQL", async () => {
  const [known, unknown] = [await conversation(), await conversation()];
  const told = await (await read(user, known)).text();
  hideTables();
  expect(await (await read(user, known)).text()).toBe(told);
  // The proof that what is not cached would not have been answered.
  await expectFault(await read(user, unknown), 500, "internal");
});

test("nor one that another server has read, while both have Redis", async () => {
  const elsewhere = new Caller(other, user.token);
  const unknown = await conversation();
  await read(elsewhere, unknown);
  await (await ask(user, unknown, "and again")).text();
  // On a busy machine Redis may be taken for silent at any moment, and is used again a little later.
  let known = 0;
  let told = "";
  await until(async () => {
    known = await conversation();
    told = await (await read(user, known)).text();
    return String(await redis.send("KEYS", `*:history:${known}`)) !== "";
  }, "Redis to hold a history");
  hideTables();
  await until(
    async () => (await (await read(elsewhere, known)).text()) === told,
    "the history that Redis holds",
  );
  await expectFault(await read(elsewhere, unknown), 500, "internal");
});
