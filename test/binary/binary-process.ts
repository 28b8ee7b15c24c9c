import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Caller } from "../harness.ts";

/** The compiled program. */
export const binary = new URL("../../dist/llm-backend", import.meta.url).pathname;
if (!existsSync(binary)) {
  throw new Error(
    "dist/llm-backend is missing: run `bun run build` first, or `bun run test`, which builds it.",
  );
}

/** A folder of a test's own, removed with all that is in it. */
export class TemporaryFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "llm-backend-binary-"));

  join(name: string): string {
    return join(this.path, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export interface ProcessOptions {
  /** The working directory, in which the database is by default. */
  readonly folder: TemporaryFolder;
  /** What stands before the arguments; the binary in `dist/` by default. */
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  /** The whole environment. Without it, the program is told to use any free port and no Redis. */
  readonly environment?: Readonly<Record<string, string>>;
}

export const quietEnvironment = {
  LLM_BACKEND_SERVER_HOST: "127.0.0.1",
  LLM_BACKEND_SERVER_PORT: "0",
  LLM_BACKEND_REDIS_ADDRESS: "",
};

/** The variable under which the program knows the provider of `startUpstream` as `scripted`. */
export const scriptedProvider = (url: string) => ({
  LLM_BACKEND_LLM_PROVIDERS: JSON.stringify([
    { name: "scripted", base_url: url, requires_api_key: false },
  ]),
});

type OutputName = "stdout" | "stderr";

const running = new Set<BinaryProcess>();
process.once("exit", () => {
  for (const child of running) child.signalAll("SIGKILL");
});

/**
 * The program, running, with what it has printed so far. It is killed, with all that it started, when
 * the test lets go of it, and with the test's process at the latest.
 */
export class BinaryProcess implements AsyncDisposable {
  /** The status with which it ends; 128 and the signal's number where a signal ended it. */
  readonly exited: Promise<number>;
  /** Resolves when nothing will be printed any more. */
  readonly #finished: Promise<unknown>;
  readonly #printed: Record<OutputName, string> = { stdout: "", stderr: "" };
  readonly #watchers = new Set<() => void>();
  readonly #child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  #over = false;

  constructor({ folder, command = [binary], args = [], environment }: ProcessOptions) {
    this.#child = Bun.spawn([...command, ...args], {
      cwd: folder.path,
      env: environment ?? quietEnvironment,
      stdout: "pipe",
      stderr: "pipe",
      // A group of its own, so that whatever it starts ends with it.
      detached: true,
    });
    running.add(this);
    this.exited = this.#child.exited.finally(() => running.delete(this));
    this.#finished = Promise.all([this.#read("stdout"), this.#read("stderr"), this.exited]).then(
      () => {
        this.#over = true;
        this.#wake();
      },
    );
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** All it printed on standard output so far. */
  get stdout(): string {
    return this.#printed.stdout;
  }

  get stderr(): string {
    return this.#printed.stderr;
  }

  /** Resolves as soon as it has printed this, on either stream; rejects when it ends without. */
  printed(pattern: RegExp): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const look = () => {
      const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
      if (match !== null) resolve(match);
      else if (this.#over) {
        reject(new Error(`it ended without ${pattern}:\n${this.stdout}${this.stderr}`));
      } else return;
      this.#watchers.delete(look);
    };
    this.#watchers.add(look);
    look();
    return promise;
  }

  /** Waits until it ends by itself, and answers with all it printed. */
  async end(): Promise<{ stdout: string; stderr: string; code: number }> {
    await this.#finished;
    return { stdout: this.stdout, stderr: this.stderr, code: await this.exited };
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** To it and to everything that it has started, as a terminal does. */
  signalAll(name: NodeJS.Signals): void {
    try {
      process.kill(-this.pid, name);
    } catch (error) {
      // All of them have ended.
      if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
    }
  }

  /** `kill -9`, of whatever it has started, too; resolves when all are dead. */
  async kill(): Promise<void> {
    this.signalAll("SIGKILL");
    await this.#finished;
  }

  /** Asks it to end; answers the status with which it does. */
  async stop(signal: "SIGTERM" | "SIGINT" = "SIGTERM"): Promise<number> {
    this.signal(signal);
    await this.#finished;
    return this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  async #read(name: OutputName): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of this.#child[name]) {
      this.#printed[name] += decoder.decode(bytes, { stream: true });
      this.#wake();
    }
  }

  #wake(): void {
    for (const look of [...this.#watchers]) look();
  }
}

/** The program as a server that answers. */
export class BinaryServer extends BinaryProcess {
  #port = 0;

  /** Starts it; resolves when it says that it serves. */
  static async start(options: ProcessOptions): Promise<BinaryServer> {
    const server = new BinaryServer(options);
    try {
      const [, port] = await server.printed(/Server is running on port (\d+)/);
      server.#port = Number(port);
      return server;
    } catch (error) {
      await server.kill();
      throw error;
    }
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** A caller over the network; without a token, nobody. */
  caller(token?: string): Caller {
    const handle = (request: Request): Promise<Response> =>
      fetch(new Request(request.url.replace("http://localhost", this.url), request));
    return new Caller({ handle }, token);
  }

  /** Registers a user and signs in. */
  async signUp(username = "ada"): Promise<Caller> {
    await this.caller().post("/api/users/register", { username, password });
    return this.signIn(username);
  }

  async signIn(username = "ada"): Promise<Caller> {
    const response = await this.caller().post("/api/users/login", { username, password });
    if (response.status !== 200) throw new Error(await response.text());
    const { token }: { token: string } = await response.json();
    return this.caller(token);
  }
}

const password = "SecureP@ssw0rd!";
