import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = new URL("..", import.meta.url).pathname;

export interface Running {
  readonly pid: number;
  readonly url: string;
  stop(): Promise<void>;
}

/** The variable that lifts Bun's limit of 256 requests at once; it counts at a process's start. */
const unlimited = { BUN_CONFIG_MAX_HTTP_REQUESTS: "65336" };

/**
 * Resolves with what `wanted` captures in a process's output. What is printed later is read away, or
 * the pipe would fill up.
 */
function announced(output: ReadableStream<Uint8Array>, wanted: RegExp): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const decoder = new TextDecoder();
  let text = "";
  const write = (bytes: Uint8Array): void => {
    if (text.length > 100_000) return;
    text += decoder.decode(bytes, { stream: true });
    const match = wanted.exec(text);
    if (match !== null) resolve(match[1] ?? "");
  };
  const close = (): void => reject(new Error(`a process ended before it served: ${text}`));
  void output.pipeTo(new WritableStream({ write, close }));
  return promise;
}

async function start(
  command: string[],
  env: Record<string, string>,
  announcement: RegExp,
  cleanUp: () => void = () => {},
): Promise<Running> {
  const child = Bun.spawn(command, {
    cwd: root,
    env: { ...process.env, ...unlimited, ...env },
    stdout: "pipe",
    stderr: "inherit",
  });
  const port = await announced(child.stdout, announcement);
  return {
    pid: child.pid,
    url: `http://127.0.0.1:${port}`,
    async stop() {
      child.kill("SIGKILL");
      await child.exited;
      cleanUp();
    },
  };
}

/** Starts one of `bench/servers` in a process of its own. */
export const startServer = (name: string, env: Record<string, string> = {}): Promise<Running> =>
  start([process.execPath, `bench/servers/${name}.ts`], env, /^(\d+)\n/);

/** The settings of a server on a fresh database, without Redis, and the removal of its folder. */
function freshServer(env: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), "llm-backend-bench-"));
  const settings = {
    LLM_BACKEND_SERVER_HOST: "127.0.0.1",
    LLM_BACKEND_SERVER_PORT: "0",
    LLM_BACKEND_SQLITE_PATH: join(folder, "bench.db"),
    LLM_BACKEND_REDIS_ADDRESS: "",
    ...env,
  };
  return { settings, cleanUp: () => rmSync(folder, { recursive: true }) };
}

const serving = /Server is running on port (\d+)/;

/** Starts the compiled binary on a fresh database, with a provider `bench` at `upstream`. */
export function startBinary(upstream: string, env: Record<string, string> = {}): Promise<Running> {
  const { settings, cleanUp } = freshServer({
    LLM_BACKEND_LLM_PROVIDERS: JSON.stringify([
      { name: "bench", base_url: upstream, requires_api_key: false },
    ]),
    ...env,
  });
  return start(["dist/llm-backend"], settings, serving, cleanUp);
}

/** Starts the server from its source, on a fresh database. */
export function startSource(env: Record<string, string> = {}): Promise<Running> {
  const { settings, cleanUp } = freshServer(env);
  return start([process.execPath, "src/main.ts"], settings, serving, cleanUp);
}

/** Registers a user, signs in, and answers the headers of an authorized request. */
export async function signIn(url: string): Promise<Record<string, string>> {
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ username: "bench", password: "correct horse battery" });
  await fetch(`${url}/api/users/register`, { method: "POST", headers, body });
  const response = await fetch(`${url}/api/users/login`, { method: "POST", headers, body });
  const { token }: { token: string } = await response.json();
  return { ...headers, authorization: `Bearer ${token}` };
}

/** Creates a conversation, with the paced provider unless another is named, and answers its id. */
export async function createConversation(
  url: string,
  headers: Record<string, string>,
  model = "bench/paced",
): Promise<number> {
  const body = JSON.stringify({ title: "bench", model });
  const response = await fetch(`${url}/api/conversations/create`, {
    method: "POST",
    headers,
    body,
  });
  const created: { conversation_id: number } = await response.json();
  return created.conversation_id;
}
