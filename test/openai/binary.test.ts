import { expect, test } from "bun:test";
import OpenAI from "openai";
import {
  BinaryServer,
  quietEnvironment,
  scriptedProvider,
  TemporaryFolder,
} from "../binary/binary-process.ts";
import { createKnowledgeBase, read, upload } from "../http/knowing.ts";
import { startUpstream } from "../upstream.ts";
import { answer } from "../upstream-scripts.ts";
import { createKey } from "./listening.ts";

const messages = [{ role: "user" as const, content: "苹果是什么颜色的？" }];

const clientOf = (server: BinaryServer, apiKey: string): OpenAI =>
  new OpenAI({ baseURL: `${server.url}/v1`, apiKey, maxRetries: 0 });

test("OpenAI's client asks the compiled program about a document, also after a kill -9", async () => {
  using folder = new TemporaryFolder();
  const first = await BinaryServer.start({ folder });
  const user = await first.signUp();
  const kb = await createKnowledgeBase(user);
  await read(await upload(user, kb, "食物.md", "# 水果\n\n苹果是一种红色的水果。\n"));
  const apiKey = await createKey(user);
  await first.kill();

  await using server = await BinaryServer.start({ folder });
  const client = clientOf(server, apiKey);
  const ids = (await client.models.list()).data.map(({ id }) => id);
  expect(ids).toEqual(["demo", `kb:${kb}`]);
  const running = client.chat.completions.stream({
    model: `kb:${kb}`,
    messages,
    stream_options: { include_usage: true },
  });
  const completion = await running.finalChatCompletion();
  expect(completion.choices[0]?.message.content).toBe(
    "苹果是一种红色的水果。[^1]\n\n[^1]: 食物.md · 水果",
  );
  expect(completion.usage?.completion_tokens).toBeGreaterThan(1);
  const { data } = await client.embeddings.create({ model: "builtin", input: ["a", "b"] });
  expect(data.map(({ embedding }) => embedding.length)).toEqual([1024, 1024]);
  const wrong = clientOf(server, `${apiKey}0`);
  const refused = await wrong.models.list().catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(OpenAI.AuthenticationError);
  expect(server.stdout + server.stderr).not.toContain(apiKey);
});

test("a stream that runs when the program is told to end is let finish", async () => {
  using folder = new TemporaryFolder();
  const upstream = await startUpstream();
  const gate = Promise.withResolvers<void>();
  upstream.script(answer(["first", gate.promise, "second"]));
  const environment = { ...quietEnvironment, ...scriptedProvider(upstream.url) };
  await using server = await BinaryServer.start({ folder, environment });
  const client = clientOf(server, await createKey(await server.signUp()));
  const stream = await client.chat.completions.create({
    model: "scripted/m",
    messages,
    stream: true,
  });
  const pieces: string[] = [];
  let ending: Promise<number> | undefined;
  for await (const chunk of stream) {
    const content = chunk.choices[0]?.delta.content;
    if (content) pieces.push(content);
    ending ??= server.stop();
    gate.resolve();
  }
  expect(pieces).toEqual(["first", "second"]);
  expect(await ending).toBe(0);
  await upstream.close();
});
