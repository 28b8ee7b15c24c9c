import { beforeEach, describe, expect, test } from "bun:test";
import { readUntil } from "../chat-stream.ts";
import { eventually } from "../fake-time.ts";
import { answer, refuse } from "../upstream-scripts.ts";
import { useApp } from "../use-app.ts";
import { ask, lastMessage, readerOf } from "./conversing.ts";

const { app, user } = useApp();

const rounds = 30;

let id: number;

beforeEach(async () => {
  id = await user.createConversation();
});

/** Reads a stream until an event of this name, and no further. */
const readTo = (response: Response, event: string): Promise<string> =>
  readUntil(readerOf(response), (text) => text.includes(`"event":"${event}"`));

/** Sends a message that must be let in. */
async function next(): Promise<Response> {
  const response = await ask(user, id, "next");
  expect(response.status).toBe(200);
  return response;
}

describe("the next message is let in by whoever has seen the end of the answer", () => {
  test("as `done`, on the connection that asked or on another", async () => {
    for (let round = 0; round < rounds; round += 1) {
      await readTo(await next(), "done");
      const asked = await next();
      const followed = await user.get(`/api/chat/${id}/stream`);
      await readTo(followed, "done");
      const response = await next();
      await Promise.all([readTo(response, "full_response"), asked.body?.cancel()]);
    }
  });

  test("as an error, in the stream or in its place", async () => {
    for (let round = 0; round < rounds; round += 1) {
      app.upstream.script(answer(["half"], { end: "silent" }));
      await readTo(await next(), "error");
      app.upstream.script(refuse(400, { error: { message: "no" } }));
      expect((await ask(user, id, "refused")).status).toBe(502);
    }
    await readTo(await next(), "done");
  });

  test("as the answer to `stop`", async () => {
    for (let round = 0; round < rounds; round += 1) {
      app.upstream.script(answer(["half"], { end: "hang" }));
      await readTo(await next(), "message");
      expect(await (await user.post(`/api/chat/${id}/stop`)).json()).toMatchObject({
        stopped: true,
      });
    }
    await readTo(await next(), "done");
  });

  test("as a history in which it is complete", async () => {
    for (let round = 0; round < rounds; round += 1) {
      const response = await next();
      await eventually(async () => (await lastMessage(user, id))?.status === "complete");
      const second = await next();
      await Promise.all([response.text(), second.text()]);
    }
  });
});
