import type { Database } from "bun:sqlite";
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { readEvents } from "../chat-stream.ts";
import { openBeside } from "../database.ts";
import { ask, historyOf, lastMessage } from "../http/conversing.ts";
import { until } from "../until.ts";
import { answer, refuse } from "../upstream-scripts.ts";
import { useApp } from "../use-app.ts";

const { app, user } = useApp();

let beside: Database;

beforeAll(() => {
  beside = openBeside(app);
});
afterEach(makeRoom);
afterAll(() => {
  beside.close();
});

/** From here on the database takes neither the end of an answer nor what it took. */
function fill(): void {
  for (const [name, what] of [
    ["full_end", "UPDATE OF status ON messages"],
    ["full_drop", "DELETE ON messages"],
    ["full_usage", "INSERT ON usage"],
  ]) {
    beside.run(`CREATE TRIGGER ${name} BEFORE ${what}
      BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END`);
  }
}

function makeRoom(): void {
  for (const name of ["full_end", "full_drop", "full_usage"]) {
    beside.run(`DROP TRIGGER IF EXISTS ${name}`);
  }
}

async function answersCounted(): Promise<number | undefined> {
  const { total }: { total: Record<string, number> } = await (await user.get("/api/usage")).json();
  return total.answers;
}

test("an answer whose end cannot be stored ends in an error, and as interrupted once there is room", async () => {
  const id = await user.createConversation();
  const gate = Promise.withResolvers<void>();
  app.upstream.script(answer(["Hello", gate.promise, " world"]));
  const response = await ask(user, id, "hi");
  fill();
  gate.resolve();
  expect((await readEvents(response)).at(-1)).toMatchObject({ event: "error" });
  expect(await lastMessage(user, id)).toMatchObject({ status: "streaming" });

  makeRoom();
  await until(
    async () => (await lastMessage(user, id))?.status === "interrupted",
    "the answer's end to be stored",
  );
  expect(await lastMessage(user, id)).toMatchObject({
    content: "Hello world",
    finish_reason: "interrupted",
    usage: { estimated: true },
  });
  await until(async () => (await answersCounted()) === 1, "the usage to be stored");
});

test("a question asked as soon as there is room finds the answer before it whole, and counted once", async () => {
  const before = await answersCounted();
  const id = await user.createConversation();
  const gate = Promise.withResolvers<void>();
  app.upstream.script(answer(["Hello", gate.promise, " world"]));
  const response = await ask(user, id, "hi");
  fill();
  gate.resolve();
  await readEvents(response);
  makeRoom();
  await readEvents(await ask(user, id, "and now?"));
  const { messages } = await historyOf(user, id);
  expect(messages.map(({ content }) => content)).toEqual([
    "hi",
    "Hello world",
    "and now?",
    "Hello world",
  ]);
  await until(async () => (await answersCounted()) === (before ?? 0) + 2, "the usage");
});

test("an answer that never began, and could not be taken back, is gone once there is room", async () => {
  const id = await user.createConversation();
  fill();
  app.upstream.script(refuse(400, { error: { message: "no" } }));
  expect((await ask(user, id, "hi")).status).toBe(502);
  makeRoom();
  await until(async () => (await historyOf(user, id)).messages.length === 1, "the answer to go");
  await readEvents(await ask(user, id, "and now?"));
  const roles = (await historyOf(user, id)).messages.map(({ role }) => role);
  expect(roles).toEqual(["user", "user", "assistant"]);
});
