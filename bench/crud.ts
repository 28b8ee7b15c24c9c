/**
 * `bun run bench:crud`: how many requests a second our binary answers to 64 clients that wait for each
 * answer, beside a bare Bun server that answers with a static JSON of the same size, in the same run.
 * Each row is the median of several rounds in which the two take turns.
 */
import type { Load } from "./clients/keep-alive.ts";
import { cpuTime, median, printTable } from "./measure.ts";
import { type Running, signIn, startBinary, startServer } from "./processes.ts";

const rounds = 5;
const seconds = 2;
const connections = 64;
const conversations = 20;
const turns = 10;

interface Call {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

interface Figures extends Load {
  readonly perSecond: number;
  /** Microseconds of processor time a request, all threads of the server. */
  readonly cpu: number;
}

/** The bytes of a request, with the headers that any client sends. */
function bytesOf(call: Call): string {
  const body = call.body ?? "";
  const headers = {
    host: "127.0.0.1",
    accept: "*/*",
    ...call.headers,
    ...(call.body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${call.method} ${call.path} HTTP/1.1\r\n${lines.join("")}\r\n${body}`;
}

async function load(server: Running, call: Call, duration = seconds): Promise<Figures> {
  const before = cpuTime(server.pid);
  const client = Bun.spawn(
    [process.execPath, new URL("clients/keep-alive.ts", import.meta.url).pathname],
    {
      env: {
        PORT: new URL(server.url).port,
        REQUEST: bytesOf(call),
        CONNECTIONS: String(connections),
        SECONDS: String(duration),
      },
      stdout: "pipe",
      stderr: "inherit",
    },
  );
  const counted: Load = await new Response(client.stdout).json();
  const used = cpuTime(server.pid) - before;
  return {
    ...counted,
    perSecond: counted.requests / counted.seconds,
    cpu: (used * 1000) / counted.requests,
  };
}

async function answerTo(server: Running, call: Call): Promise<string> {
  const response = await fetch(server.url + call.path, call);
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text;
}

async function compare(name: string, target: number, ours: Running, call: Call): Promise<string[]> {
  const size = Buffer.byteLength(await answerTo(ours, call));
  const bare = await startServer("static-json", { BYTES: String(size) });
  await load(bare, call, 1);
  await load(ours, call, 1);
  const floor: Figures[] = [];
  const figures: Figures[] = [];
  for (let round = 0; round < rounds; round++) {
    floor.push(await load(bare, call));
    figures.push(await load(ours, call));
  }
  await bare.stop();
  const of = (runs: readonly Figures[], pick: (run: Figures) => number) => median(runs.map(pick));
  const ratio = median(
    figures.map((run, round) => run.perSecond / (floor[round] ?? run).perSecond),
  );
  return [
    name,
    String(size),
    of(floor, ({ perSecond }) => perSecond).toFixed(0),
    of(figures, ({ perSecond }) => perSecond).toFixed(0),
    String(target),
    ratio.toFixed(2),
    of(floor, ({ cpu }) => cpu).toFixed(1),
    of(figures, ({ cpu }) => cpu).toFixed(1),
    of(figures, ({ p99 }) => p99).toFixed(1),
  ];
}

// The address of a Redis that is not there, as on a machine without one.
const server = await startBinary("http://127.0.0.1:1", {
  LLM_BACKEND_REDIS_ADDRESS: "127.0.0.1:1",
});
const headers = await signIn(server.url);
const create: Call = {
  method: "POST",
  path: "/api/conversations/create",
  headers,
  body: JSON.stringify({ title: "我的新对话", model: "demo" }),
};
const ids: number[] = [];
while (ids.length < conversations) {
  ids.push(JSON.parse(await answerTo(server, create)).conversation_id);
}
const message = JSON.stringify({ message: "介绍一下 Rust 语言的所有权。" });
for (let turn = 0; turn < turns; turn++) {
  await answerTo(server, { ...create, path: `/api/chat/${ids[0]}`, body: message });
}

const read = (path: string): Call => ({ method: "GET", path, headers });
const rows = [
  await compare("list of 20 conversations", 10_000, server, read("/api/conversations/list")),
  await compare(
    "history of 20 messages",
    10_000,
    server,
    read(`/api/conversations/history/${ids[0]}`),
  ),
  await compare("creation", 4000, server, create),
];
await server.stop();
printTable(
  ["", "bytes", "bare/s", "ours/s", "target/s", "ratio", "bare us", "ours us", "ours p99 ms"],
  rows,
);
