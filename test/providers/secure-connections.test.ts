import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Server } from "bun";

const folder = new URL("tls/", import.meta.url).pathname;
/** Of `localhost` alone, signed by itself. */
const certificate = `${folder}localhost.crt`;

/** Asks an address in a process of its own, which reads its settings at its start; prints the outcome. */
const asking = `
import { post } from "${new URL("../../src/providers/http/post.ts", import.meta.url).pathname}";
import { Deadline } from "${new URL("../../src/providers/deadline.ts", import.meta.url).pathname}";
import { systemClock } from "${new URL("../../src/providers/clock.ts", import.meta.url).pathname}";
const limits = { firstTokenTimeout: 10, idleTimeout: 0, requestTimeout: 10 };
const caller = new AbortController().signal;
const deadline = new Deadline({ provider: "p", limits, clock: systemClock, caller, release() {} });
try {
  const { status } = await post({ provider: "p", url: process.argv[1], apiKey: "", body: {} }, deadline);
  process.stdout.write(String(status));
} catch ({ parameters }) {
  process.stdout.write(parameters.message);
}
process.exit(0);
`;

async function ask(url: string, environment: Record<string, string> = {}): Promise<string> {
  const child = Bun.spawn([process.execPath, "-e", asking, url], {
    env: { PATH: process.env.PATH ?? "", ...environment },
    stdout: "pipe",
    stderr: "ignore",
  });
  return (await new Response(child.stdout).text()).split("\n").at(-1) ?? "";
}

let server: Server<undefined>;
let asked = 0;

beforeAll(() => {
  server = Bun.serve({
    port: 0,
    tls: { cert: Bun.file(certificate), key: Bun.file(`${folder}localhost.key`) },
    fetch() {
      asked += 1;
      return new Response("{}");
    },
  });
});
afterAll(() => server.stop(true));

describe("over TLS", () => {
  test("a server whose certificate is trusted is asked", async () => {
    const trusting = { NODE_EXTRA_CA_CERTS: certificate };
    expect(await ask(`https://localhost:${server.port}/`, trusting)).toBe("200");
    expect(asked).toBe(1);
  });

  test("one whose certificate is not, or is another's, is told nothing", async () => {
    const before = asked;
    const untrusted = await ask(`https://localhost:${server.port}/`);
    expect(untrusted).toBe("DEPTH_ZERO_SELF_SIGNED_CERT");
    const trusting = { NODE_EXTRA_CA_CERTS: certificate };
    const other = await ask(`https://127.0.0.1:${server.port}/`, trusting);
    expect(other).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
    expect(asked).toBe(before);
  });
});

test("a proxy that the environment names is asked in the provider's place", async () => {
  const seen: string[] = [];
  const proxy = Bun.serve({
    port: 0,
    fetch({ url, method }) {
      seen.push(`${method} ${url}`);
      return new Response("{}", { status: 203 });
    },
  });
  const address = `http://127.0.0.1:${proxy.port}`;
  for (const name of ["HTTP_PROXY", "http_proxy"]) {
    expect(await ask("http://provider.test/v1/chat", { [name]: address })).toBe("203");
  }
  expect(seen).toEqual(Array(2).fill("POST http://provider.test/v1/chat"));
  await proxy.stop(true);
});
