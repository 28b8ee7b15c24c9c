/**
 * `bun run bench:start`: how long our binary takes from its start to the first request that it answers,
 * on a fresh database and on one that is there, and how much memory it holds while nobody asks
 * anything. Each figure is the median of several starts.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median, printTable, quantile, residentMemory } from "./measure.ts";
import { createConversation, signIn } from "./processes.ts";

const starts = 10;
const idleSeconds = 10;
const megabyte = 1_048_576;

function freePort(): number {
  const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = probe;
  probe.stop(true);
  return port;
}

/**
 * Asks every millisecond until there is an answer: a client that asked without a pause would keep one
 * of two cores from the program whose start it measures.
 */
async function firstAnswer(url: string): Promise<void> {
  for (;;) {
    try {
      const response = await fetch(url);
      if (response.status === 200) return;
    } catch {
      // Nobody listens yet.
    }
    await Bun.sleep(1);
  }
}

interface Started {
  readonly url: string;
  readonly pid: number;
  /** From the start of the process to the first answer. */
  readonly milliseconds: number;
  stop(): Promise<void>;
}

/** Starts the binary as it comes: with the default address of Redis, where nobody listens. */
async function start(folder: string): Promise<Started> {
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  const started = performance.now();
  const child = Bun.spawn([new URL("../dist/llm-backend", import.meta.url).pathname], {
    cwd: folder,
    env: { LLM_BACKEND_SERVER_PORT: String(port), LLM_BACKEND_SERVER_HOST: "127.0.0.1" },
    stdout: "ignore",
    stderr: "ignore",
  });
  await firstAnswer(`${url}/healthz`);
  return {
    url,
    pid: child.pid,
    milliseconds: performance.now() - started,
    async stop() {
      child.kill();
      await child.exited;
    },
  };
}

async function useALittle(url: string): Promise<void> {
  const headers = await signIn(url);
  const id = await createConversation(url, headers, "demo");
  for (let round = 0; round < 20; round++) {
    const body = JSON.stringify({ message: "hello" });
    await (await fetch(`${url}/api/chat/${id}`, { method: "POST", headers, body })).text();
    await (await fetch(`${url}/api/conversations/history/${id}`, { headers })).text();
    await (await fetch(`${url}/api/conversations/list`, { headers })).text();
  }
}

const first: number[] = [];
const later: number[] = [];
for (let round = 0; round < starts; round++) {
  const folder = mkdtempSync(join(tmpdir(), "llm-backend-bench-"));
  for (const times of [first, later]) {
    const server = await start(folder);
    times.push(server.milliseconds);
    await server.stop();
  }
  rmSync(folder, { recursive: true });
}

const folder = mkdtempSync(join(tmpdir(), "llm-backend-bench-"));
const server = await start(folder);
const memory: [string, number][] = [["right after the start", residentMemory(server.pid)]];
await Bun.sleep(idleSeconds * 1000);
memory.push([`after ${idleSeconds} s`, residentMemory(server.pid)]);
await useALittle(server.url);
memory.push(["after a little traffic", residentMemory(server.pid)]);
await Bun.sleep(idleSeconds * 1000);
memory.push([`${idleSeconds} s after that`, residentMemory(server.pid)]);
await server.stop();
rmSync(folder, { recursive: true });

const row = (name: string, times: readonly number[]): string[] => [
  name,
  median(times).toFixed(0),
  quantile(times, 0).toFixed(0),
  quantile(times, 1).toFixed(0),
];
printTable(
  ["start to first answer (target: 150 ms)", "median ms", "fastest", "slowest"],
  [row("new database", first), row("database that is there", later)],
);
printTable(
  ["resident memory (target: 120 MB)", "MB"],
  memory.map(([when, bytes]) => [when, (bytes / megabyte).toFixed(0)]),
);
