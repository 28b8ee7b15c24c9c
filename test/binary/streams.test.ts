import { expect, test } from "bun:test";
import { type IncomingMessage, request } from "node:http";
import { messageText, parseEvents } from "../chat-stream.ts";
import { startUpstream } from "../upstream.ts";
import { answer } from "../upstream-scripts.ts";
import {
  BinaryServer,
  quietEnvironment,
  scriptedProvider,
  TemporaryFolder,
} from "./binary-process.ts";

/**
 * One streamed answer over a connection of its own. Bun's `fetch`, in the process of this test, would
 * itself run no more than 256 at once.
 */
class Stream {
  /** Resolves with the first token. */
  readonly began: Promise<void>;
  /** The whole stream. */
  readonly ended: Promise<string>;

  constructor(url: string, token: string) {
    const began = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<string>();
    this.began = began.promise;
    this.ended = ended.promise;
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const outgoing = request(url, { method: "POST", headers, agent: false });
    outgoing.on("response", (response: IncomingMessage) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (data: string) => {
        text += data;
        if (text.includes('"message"')) began.resolve();
      });
      response.on("end", () => {
        ended.resolve(text);
        began.reject(new Error(`no token came: ${text}`));
      });
    });
    outgoing.on("error", ended.reject);
    outgoing.end(JSON.stringify({ message: "你好" }));
  }
}

test("500 answers at once: each has its first token before any of them ends", async () => {
  using folder = new TemporaryFolder();
  const upstream = await startUpstream();
  const gate = Promise.withResolvers<void>();
  upstream.otherwise(answer(["first", gate.promise, " and last"]));
  const environment = { ...quietEnvironment, ...scriptedProvider(upstream.url) };
  await using server = await BinaryServer.start({ folder, environment });
  const ada = await server.signUp();
  const ids = await Promise.all(Array.from({ length: 500 }, () => ada.createConversation()));

  const streams = ids.map((id) => new Stream(`${server.url}/api/chat/${id}`, ada.token ?? ""));
  await Promise.all(streams.map(({ began }) => began));
  gate.resolve();
  const texts = await Promise.all(streams.map(({ ended }) => ended));
  for (const text of texts) {
    const events = parseEvents(text);
    expect(messageText(events)).toBe("first and last");
    expect(events.at(-1)?.event).toBe("full_response");
  }
  expect(server.stderr).toBe("");
  await upstream.close();
});
