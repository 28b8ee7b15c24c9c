import { expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { type ChatEvent, parseEvents, readUntil } from "../chat-stream.ts";
import type { Caller } from "../harness.ts";
import { ask, historyOf, readerOf } from "../http/conversing.ts";
import { until } from "../until.ts";
import { startUpstream } from "../upstream.ts";
import { answer } from "../upstream-scripts.ts";
import {
  BinaryServer,
  quietEnvironment,
  scriptedProvider,
  TemporaryFolder,
} from "./binary-process.ts";

interface OpenStream {
  readonly conversation: number;
  /** What comes after the first token, up to the end of the stream or the break of its connection. */
  rest(): Promise<ChatEvent[]>;
}

/** Starts an answer; resolves when its first token has come. */
async function openStream(caller: Caller): Promise<OpenStream> {
  const conversation = await caller.createConversation();
  const reader = readerOf(await ask(caller, conversation, "你好"));
  let text = await readUntil(reader, (soFar) => soFar.includes('"first"'));
  return {
    conversation,
    async rest() {
      const decoder = new TextDecoder();
      for (;;) {
        const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }));
        if (done) return parseEvents(text);
        text += decoder.decode(value, { stream: true });
      }
    },
  };
}

/** Opens a connection and says something on it, or nothing. */
async function openSocket(port: number, text: string): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.write(text);
  return socket;
}

async function isRefused(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once("connect", () => resolve(false));
  socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "ECONNREFUSED"));
  const refused = await promise;
  socket.destroy();
  return refused;
}

const settings = (upstream: { url: string }, seconds: number) => ({
  ...quietEnvironment,
  ...scriptedProvider(upstream.url),
  LLM_BACKEND_SERVER_SHUTDOWN_TIMEOUT: String(seconds),
});

test("answers that run at SIGTERM come to their end, while nobody new is let in", async () => {
  using folder = new TemporaryFolder();
  const upstream = await startUpstream();
  const gate = Promise.withResolvers<void>();
  upstream.otherwise(answer(["first", gate.promise, " and ", "last"]));
  const options = { folder, environment: settings(upstream, 3600) };
  let token: string | undefined;
  const streams: OpenStream[] = [];
  {
    await using server = await BinaryServer.start(options);
    const ada = await server.signUp();
    token = ada.token;
    streams.push(...(await Promise.all(Array.from({ length: 20 }, () => openStream(ada)))));

    server.signal("SIGTERM");
    await until(() => isRefused(server.port), "new connections to be refused");
    gate.resolve();
    for (const events of await Promise.all(streams.map((stream) => stream.rest()))) {
      expect(events.slice(-2)).toMatchObject([
        { event: "done", data: "Stream finished" },
        { event: "full_response", data: "first and last" },
      ]);
    }
    expect(await server.exited).toBe(0);
    expect(server.stderr).toBe("");
  }

  await using again = await BinaryServer.start(options);
  for (const { conversation } of streams) {
    const { messages } = await historyOf(again.caller(token), conversation);
    expect(messages.at(-1)).toMatchObject({ content: "first and last", status: "complete" });
  }
  await upstream.close();
});

test("answers that take longer than shutdown_timeout are kept as interrupted, and say so", async () => {
  using folder = new TemporaryFolder();
  const upstream = await startUpstream();
  upstream.otherwise(answer(["first"], { end: "hang" }));
  const options = { folder, environment: settings(upstream, 1) };
  let token: string | undefined;
  const streams: OpenStream[] = [];
  {
    await using server = await BinaryServer.start(options);
    const ada = await server.signUp();
    token = ada.token;
    streams.push(...(await Promise.all(Array.from({ length: 20 }, () => openStream(ada)))));

    expect(await server.stop()).toBe(0);
    for (const events of await Promise.all(streams.map((stream) => stream.rest()))) {
      expect(events.at(-1)).toMatchObject({ event: "error", code: "interrupted" });
      expect(events.map(({ event }) => event)).not.toContain("done");
    }
    expect(server.stderr).toBe("");
  }
  // The provider was told, too.
  await Promise.all(upstream.requests.map(({ aborted }) => aborted));

  await using again = await BinaryServer.start(options);
  for (const { conversation } of streams) {
    const { messages } = await historyOf(again.caller(token), conversation);
    expect(messages.at(-1)).toMatchObject({ content: "first", status: "interrupted" });
  }
  await upstream.close();
});

test("connections on which nothing runs do not keep it from ending", async () => {
  using folder = new TemporaryFolder();
  const upstream = await startUpstream();
  // Were it to wait for any of them, this test would run out of time.
  await using server = await BinaryServer.start({ folder, environment: settings(upstream, 3600) });
  const request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n";
  const used = await openSocket(server.port, `${request}\r\n`);
  await new Promise((resolve) => used.once("data", resolve));
  const sockets = [used, await openSocket(server.port, ""), await openSocket(server.port, request)];
  // Answered after the sockets above were accepted.
  await (await server.caller().get("/healthz")).text();

  expect(await server.stop()).toBe(0);
  for (const socket of sockets) socket.destroy();
  await upstream.close();
});
