import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RedisClient, type Subprocess } from "bun";
import { until } from "./until.ts";

export interface RedisOptions {
  readonly password?: string;
  /** Further arguments of `redis-server`, `["--appendonly", "yes"]` for example. */
  readonly arguments?: readonly string[];
}

/**
 * A real `redis-server` (from PATH) of a test's own, on a private port of 127.0.0.1, with its files in
 * a temporary folder and nothing persisted unless asked for. It keeps its port and its folder over
 * `stop`, `kill` and `start`, and ends with the test's process at the latest.
 */
export class RedisServer implements AsyncDisposable {
  readonly host = "127.0.0.1";
  private process: Subprocess | undefined;
  private guard: Subprocess | undefined;

  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly options: RedisOptions,
  ) {}

  /** Starts one; resolves when it accepts connections. */
  static async start(options: RedisOptions = {}): Promise<RedisServer> {
    for (let attempt = 1; ; attempt++) {
      const folder = mkdtempSync(join(tmpdir(), "redis-"));
      const server = new RedisServer(freePort(), folder, options);
      try {
        await server.start();
        return server;
      } catch (error) {
        // Somebody else took the port between our look and the start.
        await server[Symbol.asyncDispose]();
        if (attempt === 5) throw error;
      }
    }
  }

  /** `127.0.0.1:port`, as `redis.address` takes it. */
  get address(): string {
    return `${this.host}:${this.port}`;
  }

  /** Starts it again after `stop` or `kill`. */
  async start(): Promise<void> {
    const { password, arguments: more = [] } = this.options;
    const child = Bun.spawn(
      [
        ...["redis-server", "--port", String(this.port), "--bind", this.host],
        ...["--dir", this.folder, "--save", "", "--enable-debug-command", "local"],
        ...(password === undefined ? [] : ["--requirepass", password]),
        ...more,
      ],
      { stdin: "ignore", stdout: "pipe", stderr: "inherit" },
    );
    this.process = child;
    this.guard = this.watch(child.pid);
    let output = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      output += text;
      if (output.includes("Ready to accept connections")) return;
    }
    throw new Error(`redis-server did not start:\n${output}`);
  }

  /** Ends it in order. */
  stop(): Promise<void> {
    return this.end("SIGTERM");
  }

  /** Ends it as `kill -9` does. */
  kill(): Promise<void> {
    return this.end("SIGKILL");
  }

  /** Makes it hang: connections stay open and new ones are accepted by the kernel, nothing is answered. */
  async pause(): Promise<void> {
    const { pid } = this.current();
    process.kill(pid, "SIGSTOP");
    const status = `/proc/${pid}/stat`;
    if (!existsSync(status)) return;
    await until(() => /\) T /.test(readFileSync(status, "utf8")), "redis-server to stand still");
  }

  resume(): void {
    process.kill(this.current().pid, "SIGCONT");
  }

  /** Sends one command over a connection of its own; rejects with an error reply. */
  async send(command: string, ...parameters: string[]): Promise<unknown> {
    const { password } = this.options;
    const login = password === undefined ? "" : `:${encodeURIComponent(password)}@`;
    const client = new RedisClient(`redis://${login}${this.address}`, { autoReconnect: false });
    try {
      return await client.send(command, parameters);
    } finally {
      client.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /**
   * A process that waits for the end of its input, which the kernel brings about when the test's
   * process is gone: `bun test` runs no exit handlers, and a killed one could not. It ignores the
   * SIGTERM that `bun test` sends to what a test left running, which does nothing to a paused server.
   */
  private watch(pid: number): Subprocess {
    const script = `trap "" TERM INT HUP; read _; kill -9 ${pid}; rm -rf "$0"`;
    return Bun.spawn(["sh", "-c", script, this.folder], { stdin: "pipe" });
  }

  private current(): Subprocess {
    if (this.process === undefined) throw new Error("redis-server is not running");
    return this.process;
  }

  private async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.process;
    this.process = undefined;
    child?.kill(signal);
    await child?.exited;
    this.guard?.kill("SIGKILL");
  }
}

/** A port of 127.0.0.1 on which nobody listens at this moment. */
export function freePort(): number {
  const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = probe;
  probe.stop(true);
  return port;
}
