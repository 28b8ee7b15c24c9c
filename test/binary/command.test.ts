import { describe, expect, test } from "bun:test";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { version } from "../../package.json" with { type: "json" };
import { freePort } from "../redis.ts";
import {
  BinaryProcess,
  BinaryServer,
  binary,
  quietEnvironment,
  TemporaryFolder,
} from "./binary-process.ts";

async function run(
  folder: TemporaryFolder,
  args: readonly string[],
  environment: Record<string, string> = {},
) {
  await using child = new BinaryProcess({ folder, args, environment });
  return await child.end();
}

/** The sample of the founding specification, whole. */
const sampleConfig = `server:
  port: "8080"

redis:
  address: "localhost:6379"
  password: ""
  db: 0

sqlite:
  path: "./llm_backend.db"
  max_open_conns: 10
  max_idle_conns: 5
  conn_max_lifetime: 300 # 以秒为单位

jwt:
  secret: "S3cureK3y#2024!AIsafety"
`;

describe("the command line", () => {
  test("--version", async () => {
    using folder = new TemporaryFolder();
    const expected = { stdout: `llm-backend ${version}\n`, stderr: "", code: 0 };
    expect(await run(folder, ["--version"])).toEqual(expected);
  });

  test("what it prints can be appended to a file", async () => {
    using folder = new TemporaryFolder();
    const file = openSync(folder.join("out"), "a");
    for (const _ of [1, 2]) {
      await Bun.spawn([binary, "--help"], { stdout: file, env: quietEnvironment }).exited;
    }
    closeSync(file);
    const { stdout: text } = await run(folder, ["--help"]);
    expect(readFileSync(folder.join("out"), "utf8")).toBe(text + text);
  });

  test("--help", async () => {
    using folder = new TemporaryFolder();
    const { stdout, stderr, code } = await run(folder, ["--help"]);
    expect(stdout).toContain("llm-backend [serve] [--config PATH] [--port N]");
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
  });

  test.each([
    [["--prot", "80"], 'unknown flag "--prot"'],
    [["surf"], 'unknown command "surf"'],
    [["--config"], "--config needs a value"],
  ])("%j is refused in one line", async (args, message) => {
    using folder = new TemporaryFolder();
    const stderr = `llm-backend: ${message}; see llm-backend --help\n`;
    expect(await run(folder, args)).toEqual({ stdout: "", stderr, code: 2 });
  });
});

describe("the configuration", () => {
  test("a file that is not there is named", async () => {
    using folder = new TemporaryFolder();
    const { stdout, stderr, code } = await run(folder, ["--config", "nowhere.yaml"]);
    expect(stderr).toMatch(/^[^\n]*nowhere\.yaml[^\n]*\n$/);
    expect({ stdout, code }).toEqual({ stdout: "", code: 2 });
  });

  test("all faults are listed at once", async () => {
    using folder = new TemporaryFolder();
    writeFileSync(
      folder.join("config.yaml"),
      "server: {prot: 80, language: fr}\nredis: {db: -1}\nllm: {request_timeout: soon}\n",
    );
    const { stdout, stderr, code } = await run(folder, ["--port", "abc"]);
    const named = stderr
      .trimEnd()
      .split("\n")
      .map((line) => line.split(":")[0]);
    expect(named.toSorted()).toEqual([
      "llm.request_timeout",
      "redis.db",
      "server.language",
      "server.port",
      "server.prot",
    ]);
    expect({ stdout, code }).toEqual({ stdout: "", code: 2 });
  });

  test("the specification's sample is refused for its public secret where others can reach it", async () => {
    using folder = new TemporaryFolder();
    writeFileSync(folder.join("config.yaml"), sampleConfig);
    const { stderr, code } = await run(folder, []);
    expect(stderr).toMatch(/^jwt\.secret: [^\n]*openssl rand -base64 48[^\n]*\n$/);
    expect(code).toBe(2);
  });

  test("the specification's sample serves this machine alone, with a warning", async () => {
    using folder = new TemporaryFolder();
    writeFileSync(folder.join("config.yaml"), sampleConfig);
    const args = ["--port", String(freePort())];
    await using server = await BinaryServer.start({
      folder,
      args,
      environment: { LLM_BACKEND_SERVER_HOST: "127.0.0.1" },
    });
    await server.printed(/jwt\.secret is the one of the documentation's sample/);
    const ada = await server.signUp();
    expect(await (await ada.get("/api/conversations/list")).json()).toEqual([]);
  });

  test("a flag goes before the environment, the environment before the file", async () => {
    using folder = new TemporaryFolder();
    const [fromFile, fromEnvironment, fromFlag] = [freePort(), freePort(), freePort()];
    writeFileSync(
      folder.join("other.yaml"),
      `server: {port: ":${fromFile}"}\nsqlite: {path: "\${DATA_FOLDER}/file.db"}\n`,
    );
    const portWith = async (args: string[], more: Record<string, string>) => {
      const { LLM_BACKEND_SERVER_PORT: _, ...quiet } = quietEnvironment;
      const environment = { ...quiet, DATA_FOLDER: folder.path, ...more };
      const server = await BinaryServer.start({
        folder,
        args: ["serve", "--config", "other.yaml", ...args],
        environment,
      });
      await using _server = server;
      expect((await server.caller().get("/healthz")).status).toBe(200);
      return server.port;
    };
    const variable = { LLM_BACKEND_SERVER_PORT: String(fromEnvironment) };
    expect(await portWith([], {})).toBe(fromFile);
    expect(await portWith([], variable)).toBe(fromEnvironment);
    expect(await portWith(["--port", String(fromFlag)], variable)).toBe(fromFlag);
  });
});

test("a port that is taken is named in one line", async () => {
  using folder = new TemporaryFolder();
  await using other = await BinaryServer.start({ folder });
  using second = new TemporaryFolder();
  const args = ["--port", String(other.port)];
  const { stderr, code } = await run(second, args, { ...quietEnvironment });
  expect(stderr).toMatch(
    new RegExp(
      `^llm-backend: port ${other.port} on 127\\.0\\.0\\.1 is in use already; [^\\n]+\\n$`,
    ),
  );
  expect(code).toBe(1);
  expect((await other.caller().get("/healthz")).status).toBe(200);
});
