import { expect, test } from "bun:test";
import { readEvents } from "../chat-stream.ts";
import { ask, historyOf } from "../http/conversing.ts";
import { BinaryServer, TemporaryFolder } from "./binary-process.ts";

test("conversations are searched, exported and imported, by Workers inside the binary", async () => {
  using folder = new TemporaryFolder();
  await using server = await BinaryServer.start({ folder });
  const ada = await server.signUp();
  const id = await ada.createConversation({ title: "合同", model: "demo" });
  await readEvents(await ask(ada, id, "什么是不可抗力条款？"));

  const found = await ada.get(`/api/conversations/search?q=${encodeURIComponent("抗力")}`);
  expect(await found.json()).toMatchObject({
    results: [{ conversation_id: id, matches: [{ message_id: 2 }, { message_id: 1 }] }],
  });

  const file = await (await ada.get(`/api/conversations/${id}/export`)).text();
  const bob = await server.signUp("bob");
  const answer = await bob.post("/api/conversations/import", file, {
    "content-type": "application/json",
  });
  const { conversation_ids }: { conversation_ids: number[] } = await answer.json();
  const [imported = 0] = conversation_ids;
  const theirs = await historyOf(bob, imported);
  expect(theirs).toEqual({ ...(await historyOf(ada, id)), conversation_id: imported });
  expect(await server.stop()).toBe(0);
});

test("what was said before a kill is found after the next start", async () => {
  using folder = new TemporaryFolder();
  let token: string | undefined;
  let id = 0;
  {
    await using server = await BinaryServer.start({ folder });
    const ada = await server.signUp();
    token = ada.token;
    id = await ada.createConversation({ title: "合同", model: "demo" });
    await readEvents(await ask(ada, id, "什么是不可抗力条款？"));
    await server.kill();
  }
  await using server = await BinaryServer.start({ folder });
  const ada = server.caller(token);
  const found = await ada.get(`/api/conversations/search?q=${encodeURIComponent("不可抗力")}`);
  expect(await found.json()).toMatchObject({ results: [{ conversation_id: id, match_count: 2 }] });
});
