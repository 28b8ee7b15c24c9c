import { beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type ChatEvent,
  messageText,
  readCut,
  readEvents,
  readUntil,
  shortestFrame,
} from "../chat-stream.ts";
import { announced, answer, hangBeforeHeaders } from "../upstream-scripts.ts";
import { useApp } from "../use-app.ts";
import { lastMessage, readerOf } from "./conversing.ts";

const { app, user, stranger } = useApp();

let id: number;

beforeEach(async () => {
  id = await user.createConversation();
});

const follow = (lastEventId?: string): Promise<Response> =>
  user.get(
    `/api/chat/${id}/stream`,
    lastEventId === undefined ? {} : { "last-event-id": lastEventId },
  );

const ids = (events: readonly ChatEvent[]) => events.map((event) => event.id);

/** An answer of these pieces, of which each waits for its turn; and the provider's request. */
function paced(pieces: readonly string[]) {
  const gates = pieces.map(() => Promise.withResolvers<void>());
  const { script, asked } = announced(
    answer(pieces.flatMap((piece, index) => [gates[index]?.promise ?? "", piece])),
  );
  app.upstream.script(script);
  const release = (count: number): void => {
    for (const gate of gates.splice(0, count)) gate.resolve();
  };
  return { release, asked };
}

describe("a stream that is cut anywhere", () => {
  test("is told on without a gap, a double or a change of order", async () => {
    const piece = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 });
    const scenario = fc.record({
      pieces: fc.array(piece, { minLength: 1, maxLength: 12 }),
      cuts: fc.array(fc.record({ bytes: fc.nat(400), released: fc.nat(4) }), { maxLength: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(scenario, async ({ pieces, cuts }) => {
        id = await user.createConversation();
        const { release } = paced(pieces);
        release(1);
        let told = 1;
        const received: ChatEvent[] = [];
        let response = await user.post(`/api/chat/${id}`, { message: "go" });
        for (const { bytes, released } of cuts) {
          release(released);
          told = Math.min(told + released, pieces.length);
          // `start` and what was released, less what has been received, is sure to come.
          const coming = (1 + told - received.length) * shortestFrame;
          received.push(...(await readCut(response, Math.min(bytes, coming))));
          response = await follow(received.at(-1)?.id);
        }
        release(pieces.length);
        received.push(...(await readEvents(response)));
        expect(ids(received)).toEqual(received.map((_, n) => `2-${n}`));
        expect(messageText(received)).toBe(pieces.join(""));
        expect(received.at(-1)?.data).toBe(pieces.join(""));
      }),
      { numRuns: 40 },
    );
  });
});

describe("following", () => {
  test("works for several at once, each from its own place", async () => {
    const { release } = paced(["a", "b", "c"]);
    release(2);
    const first = await user.post(`/api/chat/${id}`, { message: "go" });
    const second = await follow();
    const third = await follow("2-1");
    release(3);
    const [all, same, rest] = await Promise.all([first, second, third].map(readEvents));
    expect(same).toEqual(all ?? []);
    expect(rest).toEqual((all ?? []).slice(2));
  });

  test("goes on when everybody had left", async () => {
    const { release } = paced(["a", "b", "c"]);
    release(1);
    const client = new AbortController();
    const response = await user.request("POST", `/api/chat/${id}`, { message: "go" }, client);
    await readUntil(readerOf(response), (text) => text.includes('"a"'));
    client.abort();
    release(3);
    expect(messageText(await readEvents(await follow()))).toBe("abc");
  });

  test("tells an answer that has ended as it was", async () => {
    app.upstream.script(
      answer([{ reasoning: "hm" }, "a", "b"], {
        usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
      }),
    );
    const all = await readEvents(await user.post(`/api/chat/${id}`, { message: "go" }));
    expect(await readEvents(await follow())).toEqual(all);
    expect(await readEvents(await follow(""))).toEqual(all);
    expect(await readEvents(await user.get(`/api/chat/${id}/stream?after=`))).toEqual(all);
    expect(await readEvents(await follow("2-2"))).toEqual(all.slice(3));
    expect(await readEvents(await user.get(`/api/chat/${id}/stream?after=2-2`))).toEqual(
      all.slice(3),
    );
  });

  test("tells an earlier answer when its event is named", async () => {
    app.upstream.script(answer(["first"]), answer(["second"]));
    const first = await readEvents(await user.post(`/api/chat/${id}`, { message: "1" }));
    await readEvents(await user.post(`/api/chat/${id}`, { message: "2" }));
    expect(await readEvents(await follow("2-0"))).toEqual(first.slice(1));
    expect(messageText(await readEvents(await follow()))).toBe("second");
  });

  test("after the server was stopped ends in an error behind all that was seen", async () => {
    const { release } = paced(["a", "b", "c"]);
    release(2);
    const response = await user.post(`/api/chat/${id}`, { message: "go" });
    const reader = readerOf(response);
    await readUntil(reader, (text) => text.includes('"b"'));
    await app.restart();
    const told = await readEvents(await follow("2-1"));
    expect(told).toMatchObject([
      { id: "2-2", event: "message", data: "b" },
      { id: "2-3", event: "error", code: "interrupted" },
    ]);
    const ahead = await readEvents(await follow("2-40"));
    expect(ahead).toMatchObject([{ id: "2-41", event: "error", code: "interrupted" }]);
  });

  test("refuses what is no event id, an answer that is none, and strangers", async () => {
    app.upstream.script(answer(["a"]));
    await readEvents(await user.post(`/api/chat/${id}`, { message: "go" }));
    for (const wrong of ["x", "2", "-1", "2-", "2-x", "99999999999999999999-1"]) {
      expect((await follow(wrong)).status).toBe(400);
    }
    expect((await follow("1-0")).status).toBe(404);
    expect((await follow("4-0")).status).toBe(404);
    expect((await stranger.get(`/api/chat/${id}/stream`)).status).toBe(404);
    expect((await app.nobody.get(`/api/chat/${id}/stream`)).status).toBe(401);
    id = await user.createConversation();
    expect((await follow()).status).toBe(404);
  });
});

describe("stopping", () => {
  test("ends the answer with what has come, upstream included", async () => {
    const { release, asked } = paced(["a", "b", "c"]);
    release(2);
    const response = await user.post(`/api/chat/${id}`, { message: "go" });
    const second = await follow();
    const reader = readerOf(second);
    await readUntil(reader, (text) => text.includes('"b"'));
    const stopped = await user.post(`/api/chat/${id}/stop`);
    expect(await stopped.json()).toEqual({ stopped: true, message: "已停止生成" });
    const events = await readEvents(response);
    expect(events.slice(-2)).toMatchObject([
      { event: "done" },
      { event: "full_response", data: "ab" },
    ]);
    expect(await lastMessage(user, id)).toMatchObject({
      content: "ab",
      status: "complete",
      finish_reason: "stopped",
    });
    await (await asked).aborted;
    release(3);
  });

  test.each([
    ["headers", hangBeforeHeaders],
    ["a token", answer([], { end: "hang" })],
  ])("ends it while the provider owes %s, too, with nothing", async (_, hang) => {
    const { script, asked } = announced(hang);
    app.upstream.script(script);
    const response = user.post(`/api/chat/${id}`, { message: "go" });
    const { aborted } = await asked;
    const stops = [1, 2].map(async () => (await user.post(`/api/chat/${id}/stop`)).json());
    // Whoever stops it at the same time is told the same.
    for (const stop of stops) expect(await stop).toMatchObject({ stopped: true });
    await aborted;
    expect(await readEvents(await response)).toMatchObject([
      { id: "2-0", event: "start" },
      { id: "2-1", event: "done", data: "Stream finished" },
      { id: "2-2", event: "full_response", data: "" },
    ]);
    expect(await lastMessage(user, id)).toMatchObject({
      content: "",
      status: "complete",
      finish_reason: "stopped",
    });
  });

  test("says when there is nothing to stop, and is for the owner alone", async () => {
    const english = { "accept-language": "en" };
    const idle = await user.post(`/api/chat/${id}/stop`, undefined, english);
    expect(await idle.json()).toEqual({ stopped: false, message: "No answer was running" });
    expect((await stranger.post(`/api/chat/${id}/stop`)).status).toBe(404);
    expect((await app.nobody.post(`/api/chat/${id}/stop`)).status).toBe(401);
  });
});
