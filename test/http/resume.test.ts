import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type ChatEvent, messageText, parseEvents, readEvents, readUntil } from "../chat-stream.ts";
import { type Caller, startApp, type TestApp } from "../harness.ts";
import { answer } from "../upstream-scripts.ts";

let app: TestApp;
let user: Caller;
let stranger: Caller;
let id: number;

beforeAll(async () => {
  app = await startApp();
  [user, stranger] = await Promise.all([app.signUp(), app.signUp()]);
});
afterAll(() => app.close());

beforeEach(async () => {
  id = await user.createConversation();
});

const follow = (lastEventId?: string): Promise<Response> =>
  user.get(
    `/api/chat/${id}/stream`,
    lastEventId === undefined ? {} : { "last-event-id": lastEventId },
  );

const ids = (events: readonly ChatEvent[]) => events.map((event) => event.id);

function readerOf(response: Response): ReadableStreamDefaultReader<Uint8Array> {
  if (response.body === null) throw new Error("an answer without a body");
  return response.body.getReader();
}

/** Reads about `bytes` bytes, drops the connection, and answers the frames that came whole. */
async function readCut(response: Response, bytes: number): Promise<ChatEvent[]> {
  const reader = readerOf(response);
  const decoder = new TextDecoder();
  let text = "";
  let left = bytes;
  while (left > 0) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value.subarray(0, left), { stream: true });
    left -= value.length;
  }
  await reader.cancel();
  const whole = text.lastIndexOf("\n\n");
  return whole < 0 ? [] : parseEvents(text.slice(0, whole + 2));
}

/** Bytes of a frame that holds one character. */
const shortestFrame = 'id: 2-1\ndata: {"event":"message","data":"x"}\n\n'.length;

/** An answer of these pieces, of which each waits for its turn. */
function paced(pieces: readonly string[]) {
  const gates = pieces.map(() => Promise.withResolvers<void>());
  app.upstream.script(
    answer(pieces.flatMap((piece, index) => [gates[index]?.promise ?? "", piece])),
  );
  return (count: number) => {
    for (const gate of gates.splice(0, count)) gate.resolve();
  };
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
        const release = paced(pieces);
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
    const release = paced(["a", "b", "c"]);
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
    const release = paced(["a", "b", "c"]);
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
    const release = paced(["a", "b", "c"]);
    release(2);
    const response = await user.post(`/api/chat/${id}`, { message: "go" });
    const reader = readerOf(response);
    await readUntil(reader, (text) => text.includes('"b"'));
    await app.restart();
    [user, stranger] = [user.on(app.app), stranger.on(app.app)];
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
    const release = paced(["a", "b", "c"]);
    release(2);
    const asked = app.upstream.nextRequest();
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
    const history = await user.get(`/api/conversations/history/${id}`);
    const { messages }: { messages: object[] } = await history.json();
    expect(messages.at(-1)).toMatchObject({
      content: "ab",
      status: "complete",
      finish_reason: "stopped",
    });
    release(3);
    await asked;
  });

  test("says when there is nothing to stop, and is for the owner alone", async () => {
    const english = { "accept-language": "en" };
    const idle = await user.post(`/api/chat/${id}/stop`, undefined, english);
    expect(await idle.json()).toEqual({ stopped: false, message: "No answer was running" });
    expect((await stranger.post(`/api/chat/${id}/stop`)).status).toBe(404);
    expect((await app.nobody.post(`/api/chat/${id}/stop`)).status).toBe(401);
  });
});
