import { expect, test } from "bun:test";
import { readEvents } from "../chat-stream.ts";
import type { Caller } from "../harness.ts";
import { until } from "../until.ts";
import { answer } from "../upstream-scripts.ts";
import { useApp } from "../use-app.ts";

const { app, user, stranger } = useApp();

interface Sums {
  readonly total: Record<string, number>;
  readonly days: readonly Record<string, number | string>[];
}

async function usageOf(caller: Caller, query = ""): Promise<Sums> {
  return (await caller.get(`/api/usage${query}`)).json();
}

/** The sums are stored behind the answer's back. */
const counted = (caller: Caller, answers: number): Promise<void> =>
  until(async () => (await usageOf(caller)).total.answers === answers, "the usage to be stored");

async function lastUsage(id: number): Promise<unknown> {
  const response = await user.get(`/api/conversations/history/${id}`);
  const { messages }: { messages: { usage?: unknown }[] } = await response.json();
  return messages.at(-1)?.usage;
}

test("the provider's numbers are summed by day and model", async () => {
  const numbers = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 };
  const id = await user.createConversation();
  app.upstream.script(answer(["a"], { usage: numbers }), answer(["b"], { usage: numbers }));
  await readEvents(await user.post(`/api/chat/${id}`, { message: "1" }));
  await readEvents(await user.post(`/api/chat/${id}`, { message: "2" }));
  await counted(user, 2);
  const sums = {
    answers: 2,
    requests: 2,
    prompt_tokens: 14,
    completion_tokens: 6,
    total_tokens: 20,
    estimated_tokens: 0,
  };
  const day = new Date().toISOString().slice(0, 10);
  expect(await usageOf(user)).toEqual({
    total: sums,
    days: [{ day, model: "scripted/model", ...sums }],
  });
  expect(await lastUsage(id)).toEqual(numbers);
});

test("what the provider does not say is counted, also of a stopped answer", async () => {
  const id = await user.createConversation();
  const never = Promise.withResolvers<void>().promise;
  app.upstream.script(answer(["four words of text", never]));
  const response = await user.post(`/api/chat/${id}`, { message: "hello" });
  await user.post(`/api/chat/${id}/stop`);
  await readEvents(response);
  await counted(user, 3);
  expect(await lastUsage(id)).toEqual({
    prompt_tokens: expect.any(Number),
    completion_tokens: expect.any(Number),
    total_tokens: expect.any(Number),
    estimated: true,
  });
  const { total } = await usageOf(user);
  expect(total.estimated_tokens).toBe((total.total_tokens ?? 0) - 20);
});

test("it outlives the conversation, and nobody sees another's", async () => {
  const id = await user.createConversation();
  await readEvents(await user.post(`/api/chat/${id}`, { message: "hello" }));
  await counted(user, 4);
  await user.post(`/api/conversations/del/${id}`);
  expect((await usageOf(user)).total.answers).toBe(4);
  expect((await usageOf(stranger)).total.answers).toBe(0);
  expect((await app.nobody.get("/api/usage")).status).toBe(401);
});

test("a span of time can be asked for", async () => {
  const now = Math.floor(Date.now() / 1000);
  expect((await usageOf(user, `?to=${now - 86_400}`)).total.answers).toBe(0);
  expect((await usageOf(user, `?from=${now - 86_400}&to=${now + 60}`)).total.answers).toBe(4);
  expect((await user.get("/api/usage?from=yesterday")).status).toBe(400);
});
