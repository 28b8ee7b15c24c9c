import { expect, test } from "bun:test";
import { messageText, readEvents } from "../chat-stream.ts";
import { eventually, turn } from "../fake-time.ts";
import { type Caller, startApp } from "../harness.ts";
import { startUpstream } from "../upstream.ts";
import { announced, answer } from "../upstream-scripts.ts";
import { ask, lastMessage } from "./conversing.ts";
import { expectFault } from "./expect-fault.ts";

test("a provider's queue is bounded, and fair between users", async () => {
  const upstream = await startUpstream();
  const app = await startApp({
    LLM_PROVIDERS: JSON.stringify([
      {
        name: "narrow",
        base_url: upstream.url,
        requires_api_key: false,
        max_concurrent: 1,
        max_queue: 3,
      },
    ]),
  });
  const [ada, bob] = [await app.signUp(), await app.signUp()];
  const order: string[] = [];

  /** Asks a model of that name; resolves when the question waits for its turn, or has had it. */
  async function put(caller: Caller, name: string) {
    const gate = Promise.withResolvers<void>();
    const { script, asked } = announced(answer([name, gate.promise]));
    upstream.scriptModel(name, script);
    void asked.then(() => order.push(name));
    const id = await caller.createConversation({ model: `narrow/${name}` });
    const response = ask(caller, id, "go");
    await eventually(async () => (await lastMessage(caller, id))?.role === "assistant");
    for (let turns = 0; turns < 20; turns += 1) await turn();
    return { response, asked, release: () => gate.resolve() };
  }

  const first = await put(ada, "ada-1");
  await first.asked;
  const [second, third, fourth] = [
    await put(ada, "ada-2"),
    await put(ada, "ada-3"),
    await put(ada, "ada-4"),
  ];

  // Nobody has more in the full queue than she, who gets no more into it.
  const id = await ada.createConversation({ model: "narrow/ada-5" });
  const refused = await ask(ada, id, "go");
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  await expectFault(refused, 429, "rate_limited");

  // He has less: her last one makes room for his, which has its turn between hers.
  const his = await put(bob, "bob-1");
  await expectFault(await fourth.response, 429, "rate_limited");
  const answered: string[] = [];
  for (const { asked, release, response } of [first, second, his, third]) {
    await asked;
    release();
    answered.push(messageText(await readEvents(await response)));
  }
  expect(answered).toEqual(["ada-1", "ada-2", "bob-1", "ada-3"]);
  expect(order).toEqual(answered);
  await app.close();
  await upstream.close();
});
