import { Database } from "bun:sqlite";
import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { version } from "../package.json" with { type: "json" };

const main = join(import.meta.dir, "../src/main.ts");
const root = mkdtempSync(join(tmpdir(), "llm-backend-command-"));
let directory = root;
beforeEach(() => {
  directory = mkdtempSync(join(root, "case-"));
});

const running: Bun.Subprocess[] = [];
afterAll(() => {
  for (const child of running) child.kill("SIGKILL");
  rmSync(root, { recursive: true });
});

/** The command in an empty folder, with nothing in its environment but what is given. */
function start(args: readonly string[], environment: Record<string, string> = {}) {
  const child = Bun.spawn([process.execPath, main, ...args], {
    cwd: directory,
    env: { LLM_BACKEND_REDIS_ADDRESS: "", ...environment },
    stdout: "pipe",
    stderr: "pipe",
  });
  running.push(child);
  return child;
}

async function end(args: readonly string[], environment: Record<string, string> = {}) {
  const child = start(args, environment);
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { stdout, stderr, code };
}

/** Everything up to and including the line that tells the port. */
async function untilRunning(child: ReturnType<typeof start>) {
  const reader = child.stdout.getReader();
  const decoder = new TextDecoder();
  let output = "";
  for (;;) {
    const { done, value } = await reader.read();
    output += decoder.decode(value, { stream: true });
    const port = /Server is running on port ([0-9]+)/.exec(output)?.[1];
    if (port !== undefined) {
      reader.releaseLock();
      return { port: Number(port), output };
    }
    if (done) throw new Error(`it ended: ${output}${await new Response(child.stderr).text()}`);
  }
}

test.each(["--version", "-v", "serve --version"])("%s prints the version", async (line) => {
  expect(await end(line.split(" "))).toEqual({
    stdout: `llm-backend ${version}\n`,
    stderr: "",
    code: 0,
  });
});

test.each(["--help", "-h", "serve --help", "doctor --help", "healthcheck -h"])(
  "%s explains the call",
  async (line) => {
    const { stdout, stderr, code } = await end(line.split(" "));
    expect(stdout).toContain("llm-backend [serve] [--config PATH] [--port N]");
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
  },
);

test.each([
  [["surf"], 'unknown command "surf"'],
  [["--prot", "80"], 'unknown flag "--prot"'],
  [["serve", "80"], 'unexpected argument "80"'],
  [["--port"], "--port needs a value"],
  [["toString"], 'unknown command "toString"'],
])("%j is refused in one line", async (args, message) => {
  expect(await end(args)).toEqual({
    stdout: "",
    stderr: `llm-backend: ${message}; see llm-backend --help\n`,
    code: 2,
  });
});

describe("serve", () => {
  test("lists every fault of the configuration, one a line", async () => {
    writeFileSync(join(directory, "other.yaml"), "server: {language: fr}\nredis: {db: -1}\n");
    const args = ["serve", "--config=other.yaml", "--port", "abc"];
    expect(await end(args, { LLM_BACKEND_X: "1", LLM_BACKEND_REDIS_ADDRESS: "" })).toEqual({
      stdout: "",
      stderr: `LLM_BACKEND_X: found a variable that names no key, expected the path of a key, as in LLM_BACKEND_SERVER_HOST, LLM_BACKEND_SERVER_PORT
server.port: found "abc", expected an integer from 0 to 65535 (--port)
server.language: found "fr", expected "zh-CN" or "en" (other.yaml, line 1)
redis.db: found -1, expected an integer from 0 to 1024 (other.yaml, line 2)
`,
      code: 2,
    });
  });

  test.each(["SIGTERM", "SIGINT"] as const)("serves until %s, then ends with 0", async (signal) => {
    const child = start(["--port", "0"]);
    const { port, output } = await untilRunning(child);
    expect(output).toContain("SQLite initialized successfully!");
    expect((await fetch(`http://localhost:${port}/healthz`)).status).toBe(200);
    child.kill(signal);
    expect(await child.exited).toBe(0);
    expect(await new Response(child.stderr).text()).toBe("");
  });

  test("says in one line that the port is taken, and ends with 1", async () => {
    const other = Bun.serve({ port: 0, fetch: () => new Response() });
    const { port } = other;
    const { stderr, code } = await end(["--port", String(port)]);
    await other.stop();
    expect({ stderr, code }).toEqual({
      stderr: `llm-backend: port ${port} on 0.0.0.0 is in use already; stop what listens there or choose another with --port\n`,
      code: 1,
    });
  });

  test("says in one line that the host is no address, and ends with 1", async () => {
    writeFileSync(join(directory, "config.yaml"), "server: { host: 999.1.1.1, port: 0 }\n");
    const { stderr, code } = await end([]);
    expect({ stderr, code }).toEqual({
      stderr:
        "llm-backend: port 0 on 999.1.1.1 cannot be had, since server.host is no address, nor a name that is known here\n",
      code: 1,
    });
  });

  test("says in one line that a secret is cut, and ends with 1", async () => {
    writeFileSync(join(directory, "llm_backend.db.jwt-secret"), "", { mode: 0o600 });
    const { stderr, code } = await end(["--port", "0"]);
    expect(stderr).toMatch(
      /^llm-backend: [^\n]*llm_backend\.db\.jwt-secret: found 0 bytes[^\n]*\n$/,
    );
    expect(code).toBe(1);
  });

  test("says in one line that the database is newer, and ends with 1", async () => {
    const database = new Database(join(directory, "llm_backend.db"));
    database.run("CREATE TABLE __drizzle_migrations (id, hash, created_at)");
    database.run("INSERT INTO __drizzle_migrations VALUES (1, 'x', 99999999999999)");
    database.close();
    writeFileSync(join(directory, "llm_backend.db.encryption-secret"), "x".repeat(40), {
      mode: 0o600,
    });
    const { stderr, code } = await end(["--port", "0"]);
    expect(stderr).toMatch(/^llm-backend: [^\n]*llm_backend\.db: [^\n]*newer version[^\n]*\n$/);
    expect(code).toBe(1);
  });

  test("says in one line that the database is another program's, and changes nothing in it", async () => {
    const path = join(directory, "llm_backend.db");
    const foreign = new Database(path);
    foreign.run("CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT)");
    writeFileSync(`${path}.encryption-secret`, "x".repeat(40), { mode: 0o600 });
    const { stderr, code } = await end(["--port", "0"]);
    expect(stderr).toMatch(
      /^llm-backend: [^\n]*llm_backend\.db: [^\n]*another program's; [^\n]*sqlite\.path[^\n]*\n$/,
    );
    expect(code).toBe(1);
    expect(foreign.query("SELECT name FROM sqlite_schema").values()).toEqual([["users"]]);
    foreign.close();
  });

  test("says in one line that the database is none, and ends with 1", async () => {
    writeFileSync(join(directory, "llm_backend.db"), "hello ".repeat(1000));
    writeFileSync(join(directory, "llm_backend.db.encryption-secret"), "x".repeat(40), {
      mode: 0o600,
    });
    const { stderr, code } = await end(["--port", "0"]);
    expect(stderr).toMatch(/^llm-backend: [^\n]*llm_backend\.db: [^\n]*not a database[^\n]*\n$/);
    expect(code).toBe(1);
  });

  test("warns of a short secret, without telling it", async () => {
    const child = start(["--port", "0"], { LLM_BACKEND_JWT_SECRET: "hunter2" });
    const { output } = await untilRunning(child);
    child.kill();
    const errors = await new Response(child.stderr).text();
    expect(errors).toContain("jwt.secret has 7 bytes");
    expect(output + errors).not.toContain("hunter2");
  });

  test("outlives those who read its log", async () => {
    const child = start(["--port", "0"]);
    const { port } = await untilRunning(child);
    await Promise.all([child.stdout.cancel(), child.stderr.cancel()]);
    child.kill();
    // Two lines of log are written into the closed pipe on the way.
    expect(await child.exited).toBe(0);
    expect(port).toBeGreaterThan(0);
  });

  describe.skipIf(process.platform !== "linux")("what the engine reads at its start", () => {
    const settings = {
      BUN_CONFIG_MAX_HTTP_REQUESTS: "65336",
      MIMALLOC_PURGE_DELAY: "-1",
      BUN_JSC_thresholdForFTLOptimizeAfterWarmUp: "1000000",
    };

    /** The settings in the environment of the process that was started, once it serves. */
    async function settingsOf(environment: Record<string, string>) {
      const child = start(["--port", "0"], environment);
      await untilRunning(child);
      const variables = readFileSync(`/proc/${child.pid}/environ`, "utf8").split("\0");
      const args = readFileSync(`/proc/${child.pid}/cmdline`, "utf8").split("\0");
      child.kill();
      await child.exited;
      expect(args.slice(1)).toEqual([main, "--port", "0", ""]);
      const set = variables.map((each) => each.split("="));
      return Object.fromEntries(set.filter(([name = ""]) => name in settings));
    }

    test("is set under the same process id", async () => {
      expect(await settingsOf({})).toEqual(settings);
    });

    test("stays where the operator has set it", async () => {
      const own = { BUN_CONFIG_MAX_HTTP_REQUESTS: "300", MIMALLOC_PURGE_DELAY: "10" };
      expect(await settingsOf(own)).toEqual({ ...settings, ...own });
    });
  });

  test("a second signal ends it at once, although an answer is still running", async () => {
    const asked = Promise.withResolvers<void>();
    const silent = Bun.serve({
      port: 0,
      fetch: () => {
        asked.resolve();
        return new Promise<Response>(() => {});
      },
    });
    const child = start(["--port", "0"], {
      LLM_BACKEND_SERVER_SHUTDOWN_TIMEOUT: "86400",
      LLM_BACKEND_LLM_PROVIDERS: JSON.stringify([
        {
          name: "silent",
          base_url: `http://localhost:${silent.port}/v1`,
          requires_api_key: false,
          models: ["silent"],
        },
      ]),
    });
    const { port } = await untilRunning(child);
    const post = async (path: string, body: object, token = "") =>
      fetch(`http://localhost:${port}/api/${path}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
        body: JSON.stringify(body),
      });
    const account = { username: "ada", password: "correct horse" };
    await post("users/register", account);
    const { token } = await (await post("users/login", account)).json();
    const created = await post("conversations/create", { title: "t", model: "silent" }, token);
    const { conversation_id: id } = await created.json();
    const answer = post(`chat/${id}`, { message: "hello" }, token).catch(() => undefined);
    await asked.promise;

    const again = setInterval(() => child.kill("SIGTERM"), 50);
    expect(await child.exited).toBe(143);
    clearInterval(again);
    await answer;
    await silent.stop(true);
  });
});
