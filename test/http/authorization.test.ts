import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "bun:test";
import { createHmac } from "node:crypto";
import { CapturedLog } from "../captured-log.ts";
import { openBeside } from "../database.ts";
import { type Caller, startApp, type TestApp } from "../harness.ts";
import { expectFault } from "./expect-fault.ts";

const secret = "a secret of a test that is longer than 32 bytes";
const hour = 3600;
const now = () => Math.floor(Date.now() / 1000);

let log: CapturedLog;
let app: TestApp;
let user: Caller;
let userId: string;

beforeAll(async () => {
  log = new CapturedLog();
  app = await startApp({ JWT_SECRET: secret });
  user = await app.signUp();
  userId = JSON.parse(Buffer.from(user.token?.split(".")[1] ?? "", "base64url").toString()).sub;
});
afterAll(async () => {
  await app.close();
  log.release();
});
afterEach(() => {
  jest.useRealTimers();
});

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

function forge(
  claims: object,
  options: { alg?: string; hash?: string; key?: string } = {},
): string {
  const { alg = "HS256", hash = "sha256", key = secret } = options;
  const signed = `${encode({ alg, typ: "JWT" })}.${encode(claims)}`;
  return `${signed}.${createHmac(hash, key).update(signed).digest("base64url")}`;
}

const list = (authorization: string) =>
  app.nobody.get("/api/conversations/list", { authorization });

test("a request without a token is refused, with a hint at what is missing", async () => {
  const response = await app.nobody.get("/api/conversations/list");
  expect(response.headers.get("www-authenticate")).toBe("Bearer");
  const fault = await expectFault(response, 401, "unauthorized");
  expect(fault.error).toBe("未授权：缺少或无效的 JWT 令牌");
});

test("a stranger's body is not read", async () => {
  let read = 0;
  const endless = () =>
    new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          read += 1;
          controller.enqueue(new Uint8Array(1000));
        },
      },
      { highWaterMark: 0 },
    );
  for (const path of ["/api/conversations/create", "/api/chat/1", "/api/rag/chat"]) {
    const response = await app.nobody.post(path, endless(), { "content-type": "application/json" });
    await expectFault(response, 401, "unauthorized");
  }
  expect(read).toBe(0);
});

describe("a token", () => {
  test("opens the API, whatever the case of the scheme", async () => {
    const token = forge({ sub: userId, exp: now() + hour });
    for (const scheme of ["Bearer", "bearer", "BEARER", "Bearer "]) {
      expect((await list(`${scheme} ${token}`)).status).toBe(200);
    }
  });

  const claims = () => ({ sub: userId, exp: now() + hour });
  const bad: Record<string, () => string> = {
    "without a signature": () => `${encode({ alg: "none" })}.${encode(claims())}.`,
    "that names no algorithm": () => forge(claims(), { alg: "none" }),
    "of another algorithm": () => forge(claims(), { alg: "HS512", hash: "sha512" }),
    "signed with another secret": () => forge(claims(), { key: `${secret}?` }),
    "signed with no secret": () => forge(claims(), { key: "" }),
    "that has expired": () => forge({ sub: userId, exp: now() - 1 }),
    "that expired in 1970": () => forge({ sub: userId, exp: 0 }),
    "that never expires": () => forge({ sub: userId }),
    "whose expiry is a text": () => forge({ sub: userId, exp: String(now() + hour) }),
    "that is not valid yet": () => forge({ ...claims(), nbf: now() + hour }),
    "of nobody": () => forge({ exp: now() + hour }),
    "of a user who never was": () => forge({ ...claims(), sub: "1" }),
    "of a name": () => forge({ ...claims(), sub: "user-1" }),
    "of the empty name": () => forge({ ...claims(), sub: "" }),
    "with other claims than were signed": () => {
      const [head, , signature] = forge(claims()).split(".");
      return `${head}.${encode({ ...claims(), exp: now() + 9 * hour })}.${signature}`;
    },
    "that is cut": () => forge(claims()).slice(0, -1),
    "that is longer than it was signed": () => `${forge(claims())}A`,
    "in two parts": () => forge(claims()).split(".").slice(0, 2).join("."),
    "that is no token": () => "a.b.c",
    "of a megabyte": () => `${"a".repeat(400_000)}.${"b".repeat(400_000)}.${"c".repeat(200_000)}`,
  };

  test.each(Object.keys(bad))("%s does not", async (kind) => {
    const response = await list(`Bearer ${bad[kind]?.()}`);
    expect(response.headers.get("www-authenticate")).toBe("Bearer");
    await expectFault(response, 401, "unauthorized");
  });

  test.each(["", "Bearer", "Basic", "Token", "Bearer: ", "Bearer,"])(
    "behind %j does not",
    async (scheme) => {
      await expectFault(await list(`${scheme}${forge(claims())}`), 401, "unauthorized");
    },
  );

  test("of a user who is gone does not", async () => {
    const gone = await app.signUp("gone");
    const database = openBeside(app);
    database.run("DELETE FROM users WHERE username = 'gone'");
    database.close();
    await expectFault(await gone.get("/api/conversations/list"), 401, "unauthorized");
  });

  test("closes the API again when it expires", async () => {
    const token = forge({ sub: userId, exp: now() + hour });
    expect((await list(`Bearer ${token}`)).status).toBe(200);
    jest.useFakeTimers();
    jest.setSystemTime(Date.now() + hour * 1000);
    await expectFault(await list(`Bearer ${token}`), 401, "unauthorized");
    await expectFault(await list(`Bearer ${token}`), 401, "unauthorized");
  });

  test("outlives the server's restart", async () => {
    await app.restart();
    expect((await user.get("/api/conversations/list")).status).toBe(200);
  });
});

test("no token is ever logged, and a refusal is nothing to log", () => {
  expect(log.text).not.toContain("eyJ");
  expect(log.complaints).toEqual([]);
});
