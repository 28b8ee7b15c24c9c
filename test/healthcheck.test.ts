import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const main = join(import.meta.dir, "../src/main.ts");
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "llm-backend-healthcheck-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

async function check(port: number | string, host = "127.0.0.1") {
  const child = Bun.spawn([process.execPath, main, "healthcheck", "--port", String(port)], {
    cwd: directory,
    env: { LLM_BACKEND_SERVER_HOST: host },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { stdout, stderr, code };
}

/** Stands for a server; `asked` is what it was asked for. */
function serve(status: number) {
  const asked: string[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch({ url }) {
      asked.push(new URL(url).pathname);
      return new Response(`answered ${status}`, { status });
    },
  });
  return { server, asked, port: Number(server.port) };
}

test.each([
  [200, 0, "127.0.0.1"],
  [200, 0, "0.0.0.0"],
  [503, 1, "127.0.0.1"],
])("a server that answers %d makes it end with %d (%s)", async (status, code, host) => {
  const { server, asked, port } = serve(status);
  expect(await check(port, host)).toEqual({ stdout: `answered ${status}\n`, stderr: "", code });
  expect(asked).toEqual(["/readyz"]);
  await server.stop(true);
});

test("without a server it ends with 1 and says so", async () => {
  const { server, port } = serve(200);
  await server.stop(true);
  const { stdout, stderr, code } = await check(port);
  expect({ stdout, code }).toEqual({ stdout: "", code: 1 });
  expect(stderr).toStartWith(`llm-backend: no answer on 127.0.0.1 port ${port}: `);
  expect(stderr.trim().split("\n")).toHaveLength(1);
});

test("a configuration that cannot be used is told as by every command", async () => {
  expect(await check("abc")).toEqual({
    stdout: "",
    stderr: 'server.port: found "abc", expected an integer from 0 to 65535 (--port)\n',
    code: 2,
  });
});
