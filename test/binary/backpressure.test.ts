import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { messageText, parseEvents, readEvents, readUntil } from "../chat-stream.ts";
import type { Caller } from "../harness.ts";
import { ask, readerOf } from "../http/conversing.ts";
import { until } from "../until.ts";
import { type Script, startUpstream, type Upstream } from "../upstream.ts";
import { answer } from "../upstream-scripts.ts";
import {
  BinaryServer,
  quietEnvironment,
  scriptedProvider,
  TemporaryFolder,
} from "./binary-process.ts";

/** An answer of 20 MB: its stream has all of it twice. */
const pieces = Array.from({ length: 2000 }, (_, n) => `${n}:`.padEnd(10_000, "字x"));
const whole = pieces.join("");
const watchers = 100;

let folder: TemporaryFolder;
let upstream: Upstream;
let server: BinaryServer;
let ada: Caller;

beforeAll(async () => {
  folder = new TemporaryFolder();
  upstream = await startUpstream();
  const environment = { ...quietEnvironment, ...scriptedProvider(upstream.url) };
  server = await BinaryServer.start({ folder, environment });
  ada = await server.signUp();
});
afterAll(async () => {
  await server.kill();
  await upstream.close();
  folder[Symbol.dispose]();
});

/** A client that reads the beginning of an answer and then nothing until it is told to. */
class StuckClient {
  readonly #socket = connect(server.port, "127.0.0.1");
  readonly #received: Buffer[] = [];
  /** Resolves with the first bytes. */
  readonly began: Promise<void>;
  readonly #ended = Promise.withResolvers<void>();

  constructor(method: string, path: string, headers: readonly string[], body = "") {
    const began = Promise.withResolvers<void>();
    this.began = began.promise;
    this.#socket.on("data", (data) => {
      if (this.#received.length === 0) this.#socket.pause();
      this.#received.push(Buffer.from(data));
      began.resolve();
    });
    this.#socket.on("end", this.#ended.resolve);
    this.#socket.write(
      [
        `${method} ${path} HTTP/1.1`,
        "host: localhost",
        "connection: close",
        `authorization: Bearer ${ada.token}`,
        "content-type: application/json",
        `content-length: ${body.length}`,
        ...headers,
        "",
        body,
      ].join("\r\n"),
    );
  }

  /** Reads on, and answers the body when all of it has come. */
  async rest(): Promise<string> {
    this.#socket.resume();
    await this.#ended.promise;
    const [, ...parts] = Buffer.concat(this.#received).toString("latin1").split("\r\n\r\n");
    return unchunked(parts.join("\r\n\r\n"));
  }

  leave(): void {
    this.#socket.destroy();
  }
}

/** The text of a body in chunks (RFC 9112, section 7.1). */
function unchunked(body: string): string {
  const parts: string[] = [];
  for (let at = 0; ; ) {
    const lineEnd = body.indexOf("\r\n", at);
    const size = Number.parseInt(body.slice(at, lineEnd), 16);
    if (!(size > 0)) return Buffer.from(parts.join(""), "latin1").toString("utf8");
    parts.push(body.slice(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}

/** Megabytes that the server holds in memory. */
function resident(): number {
  const status = readFileSync(`/proc/${server.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

/** An answer comes token by token to somebody else, each before the next is made. */
async function expectOthersToGoOn(): Promise<void> {
  const id = await ada.createConversation();
  const gates = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
  upstream.script(answer(gates.flatMap((gate, n) => [gate.promise, `token ${n}`])));
  gates[0]?.resolve();
  const reader = readerOf(await ask(ada, id, "quick"));
  for (const [n] of gates.entries()) {
    await readUntil(reader, (text) => text.includes(`token ${n}`));
    gates[n + 1]?.resolve();
  }
  expect(await readUntil(reader, (text) => text.includes("full_response"))).toContain("done");
}

test("100 clients that read nothing of an answer cost next to nothing, and hold up nobody", async () => {
  const id = await ada.createConversation();
  const gate = Promise.withResolvers<void>();
  upstream.script(answer(["first ", gate.promise, ...pieces]));
  const asker = await ask(ada, id, "go");
  const path = `/api/chat/${id}/stream`;
  const stick = (...headers: string[]) => new StuckClient("GET", path, headers);
  // While it is made, from its beginning.
  const early = Array.from({ length: watchers / 2 }, () => stick());
  await Promise.all(early.map(({ began }) => began));
  gate.resolve();
  const all = await readEvents(asker);
  expect(messageText(all)).toBe(`first ${whole}`);
  await expectOthersToGoOn();

  const before = resident();
  // When it has ended: from the beginning, and from where one event of 20 MB is left.
  const late = Array.from({ length: watchers / 4 }, () => stick());
  const last = Array.from({ length: watchers / 4 }, () =>
    stick(`last-event-id: ${all.at(-2)?.id}`),
  );
  await Promise.all([...late, ...last].map(({ began }) => began));
  await expectOthersToGoOn();
  // 50 MB are allowed, and some for what is still to be collected; 20 MB each would be a gigabyte.
  expect(resident() - before).toBeLessThan(400);

  // Whoever reads on gets everything, in order.
  const [fromEarly, fromLate, fromLast] = [early.pop(), late.pop(), last.pop()];
  expect(parseEvents((await fromEarly?.rest()) ?? "")).toEqual(all);
  expect(parseEvents((await fromLate?.rest()) ?? "")).toEqual(all);
  expect(parseEvents((await fromLast?.rest()) ?? "")).toEqual(all.slice(-1));
  for (const client of [...early, ...late, ...last]) client.leave();
});

test("clients of /v1 that read nothing hold their providers back", async () => {
  const event = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: "x".repeat(50_000) } }] })}\n\n`;
  let sent = 0;
  let ended = 0;
  const endless: Script = async (exchange) => {
    exchange.head(200, { "content-type": "text/event-stream" });
    for (; !exchange.gone; sent += 1) await exchange.writeHeld(event);
    ended += 1;
  };
  const clients = 20;
  const body = JSON.stringify({
    model: "scripted/model",
    stream: true,
    messages: [{ role: "user", content: "go" }],
  });
  const before = resident();
  upstream.script(...Array.from({ length: clients }, () => endless));
  const stuck = Array.from(
    { length: clients },
    () => new StuckClient("POST", "/v1/chat/completions", [], body),
  );
  await Promise.all(stuck.map(({ began }) => began));
  await expectOthersToGoOn();
  let seen = 0;
  let looks = 0;
  // Never, unless they are held back.
  await until(() => {
    looks = sent === seen ? looks + 1 : 0;
    seen = sent;
    return looks > 100;
  }, "the providers to be held back");
  // 20 MB are allowed, and some for what is still to be collected.
  expect(resident() - before).toBeLessThan(300);
  for (const client of stuck) client.leave();
  await until(() => ended === clients, "the providers to be let go");
});
