import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type ChatEvent,
  messageText,
  readCut,
  readEvents,
  readUntil,
  shortestFrame,
} from "../chat-stream.ts";
import type { Caller } from "../harness.ts";
import { ask, lastMessage, readerOf } from "../http/conversing.ts";
import { until } from "../until.ts";
import { startUpstream, type Upstream } from "../upstream.ts";
import { announced, answer, hangBeforeHeaders, refuse } from "../upstream-scripts.ts";
import { BinaryServer, quietEnvironment, TemporaryFolder } from "./binary-process.ts";

let folder: TemporaryFolder;
let upstream: Upstream;
let server: BinaryServer;
let ada: Caller;
let bob: Caller;

async function start(settings: Readonly<Record<string, string>> = {}): Promise<BinaryServer> {
  const scripted = { base_url: upstream.url, requires_api_key: false };
  const providers = [
    { ...scripted, name: "scripted" },
    { ...scripted, name: "shaky", fallback: ["scripted/steady"] },
  ];
  const environment = {
    ...quietEnvironment,
    LLM_BACKEND_LLM_PROVIDERS: JSON.stringify(providers),
    ...settings,
  };
  return BinaryServer.start({ folder, environment });
}

beforeAll(async () => {
  folder = new TemporaryFolder();
  upstream = await startUpstream();
  server = await start();
  ada = await server.signUp("ada");
  bob = await server.signUp("bob");
});
afterAll(async () => {
  await server.kill();
  await upstream.close();
  folder[Symbol.dispose]();
});

const follow = (caller: Caller, id: number, lastEventId?: string): Promise<Response> =>
  caller.get(
    `/api/chat/${id}/stream`,
    lastEventId === undefined ? {} : { "last-event-id": lastEventId },
  );

/** An answer of these pieces, each of which waits for its turn, and what lets them go. */
function paced(pieces: readonly string[]) {
  const gates = pieces.map(() => Promise.withResolvers<void>());
  const { script, asked } = announced(
    answer(pieces.flatMap((piece, index) => [gates[index]?.promise ?? "", piece])),
  );
  upstream.script(script);
  const release = (count: number): void => {
    for (const gate of gates.splice(0, count)) gate.resolve();
  };
  return { asked, release };
}

test("connections that break at any byte: what all of them bring is the answer, once and in order", async () => {
  const piece = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 });
  const scenario = fc.record({
    pieces: fc.array(piece, { minLength: 1, maxLength: 12 }),
    cuts: fc.array(fc.record({ bytes: fc.nat(400), released: fc.nat(4) }), { maxLength: 6 }),
  });
  await fc.assert(
    fc.asyncProperty(scenario, async ({ pieces, cuts }) => {
      const id = await ada.createConversation();
      const { release } = paced(pieces);
      release(1);
      let told = 1;
      const received: ChatEvent[] = [];
      let response = await ask(ada, id, "go");
      for (const { bytes, released } of cuts) {
        release(released);
        told = Math.min(told + released, pieces.length);
        // `start` and what was released, less what has been received, is sure to come.
        const coming = (1 + told - received.length) * shortestFrame;
        received.push(...(await readCut(response, Math.min(bytes, coming))));
        response = await follow(ada, id, received.at(-1)?.id);
      }
      release(pieces.length);
      received.push(...(await readEvents(response)));
      expect(received.map((event) => event.id)).toEqual(received.map((_, n) => `2-${n}`));
      expect(messageText(received)).toBe(pieces.join(""));
      expect(received.at(-1)).toMatchObject({ event: "full_response", data: pieces.join("") });
    }),
    { numRuns: 15 },
  );
});

test("two watchers see one stream, a stranger none, and no other message comes between", async () => {
  const id = await ada.createConversation();
  const { release } = paced(["a", "b", "c"]);
  release(1);
  const asked = await ask(ada, id, "go");
  const tab = await follow(ada, id);
  // Another device of hers.
  const phone = await follow(await server.signIn("ada"), id);
  expect((await follow(bob, id)).status).toBe(404);
  expect((await bob.post(`/api/chat/${id}/stop`)).status).toBe(404);
  const second = await ask(ada, id, "again");
  expect(second.status).toBe(409);
  expect(await second.json()).toMatchObject({ success: false, code: "generation_running" });
  release(3);
  const all = await readEvents(asked);
  expect(messageText(all)).toBe("abc");
  expect(await readEvents(tab)).toEqual(all);
  expect(await readEvents(phone)).toEqual(all);
});

test("stop ends the answer and the provider's connection", async () => {
  const id = await ada.createConversation();
  const { asked, release } = paced(["a", "b", "c"]);
  release(2);
  const response = await ask(ada, id, "go");
  const watcher = readerOf(await follow(ada, id));
  await readUntil(watcher, (text) => text.includes('"b"'));
  expect(await (await ada.post(`/api/chat/${id}/stop`)).json()).toMatchObject({ stopped: true });
  await (await asked).aborted;
  const end = [
    { event: "done", data: "Stream finished" },
    { event: "full_response", data: "ab" },
  ];
  expect((await readEvents(response)).slice(-2)).toMatchObject(end);
  expect(await readUntil(watcher, (text) => text.includes("full_response"))).toContain('"done"');
  expect(await lastMessage(ada, id)).toMatchObject({
    content: "ab",
    status: "complete",
    finish_reason: "stopped",
    usage: { estimated: true },
  });
});

test("stop ends an answer of which the provider has sent nothing yet", async () => {
  const id = await ada.createConversation();
  const { script, asked } = announced(hangBeforeHeaders);
  upstream.script(script);
  const response = ask(ada, id, "go");
  const { aborted } = await asked;
  expect(await (await ada.post(`/api/chat/${id}/stop`)).json()).toMatchObject({ stopped: true });
  await aborted;
  const events = await readEvents(await response);
  expect(events.map(({ event }) => event)).toEqual(["start", "done", "full_response"]);
  expect((await lastMessage(ada, id))?.finish_reason).toBe("stopped");
});

test("an answer whose reader has gone goes on, and is stored", async () => {
  const id = await ada.createConversation();
  const { release } = paced(["a", "b", "c"]);
  release(1);
  await readCut(await ask(ada, id, "go"), 2 * shortestFrame);
  release(3);
  await until(async () => (await lastMessage(ada, id))?.status === "complete", "the end");
  expect((await lastMessage(ada, id))?.content).toBe("abc");
  expect(messageText(await readEvents(await follow(ada, id, "2-1")))).toBe("bc");
});

test("without a grace it is cut at once, upstream included, and what came is kept", async () => {
  await using graceless = await start({ LLM_BACKEND_CHAT_DISCONNECT_GRACE: "0" });
  const caller = graceless.caller(ada.token);
  const id = await caller.createConversation();
  const { asked, release } = paced(["a", "b"]);
  release(1);
  const client = new AbortController();
  const response = await caller.request("POST", `/api/chat/${id}`, { message: "go" }, client);
  await readUntil(readerOf(response), (text) => text.includes('"a"'));
  client.abort();
  await (await asked).aborted;
  await until(async () => (await lastMessage(caller, id))?.status !== "streaming", "the end");
  expect(await lastMessage(caller, id)).toMatchObject({
    content: "a",
    status: "interrupted",
    finish_reason: "interrupted",
    usage: { estimated: true },
  });
});

test("a provider that fails is stood in for; one that breaks off is told of", async () => {
  const id = await ada.createConversation({ model: "shaky/model" });
  const down = refuse(503, {}, { "retry-after": "0" });
  upstream.scriptModel("model", down, down, down);
  upstream.scriptModel("steady", answer(["from another"]));
  const events = await readEvents(await ask(ada, id, "go"));
  expect(messageText(events)).toBe("from another");
  expect(events[0]).toMatchObject({ event: "start", data: { model: "scripted/steady" } });

  upstream.scriptModel("model", answer(["half"], { end: "silent" }));
  const cut = await readEvents(await ask(ada, id, "again"));
  expect(cut.slice(1)).toMatchObject([
    { event: "message", data: "half" },
    { event: "error", code: "provider_interrupted", retryable: true },
  ]);
  expect(await lastMessage(ada, id)).toMatchObject({ content: "half", status: "interrupted" });
  expect((await lastMessage(ada, id))?.usage).toMatchObject({ estimated: true });
});
