import { afterAll, beforeAll, describe, expect, spyOn, test } from "bun:test";
import { CapturedLog } from "../captured-log.ts";
import { Caller, startApp, type TestApp } from "../harness.ts";
import { expectFault } from "./expect-fault.ts";

const password = "SecureP@ssw0rd!";
const english = { "accept-language": "en" };

let log: CapturedLog;
let app: TestApp;

beforeAll(async () => {
  log = new CapturedLog();
  app = await startApp();
});
afterAll(async () => {
  await app.close();
  log.release();
});

const register = (username: string, secret = password, headers = {}) =>
  app.nobody.post("/api/users/register", { username, password: secret }, headers);

const login = (username: string, secret = password, headers = {}) =>
  app.nobody.post("/api/users/login", { username, password: secret }, headers);

describe("registration", () => {
  test("answers 201 in the caller's language", async () => {
    const chinese = await register("zhang_san");
    expect(chinese.status).toBe(201);
    expect(await chinese.json()).toEqual({ message: "用户注册成功" });
    const other = await register("john_doe", password, english);
    expect(other.status).toBe(201);
    expect(await other.json()).toEqual({ message: "User registered" });
  });

  test("refuses a name that is taken, however it is typed", async () => {
    expect((await register("Zoë")).status).toBe(201);
    for (const same of ["Zoë", "Zoe\u0308", "  Zoë ", "Zoë\u3000"]) {
      const fault = await expectFault(await register(same), 400, "username_taken");
      expect(fault.error).toBe("用户名已存在");
    }
    expect((await register("zoë")).status).toBe(201);
  });

  test("lets one of two at once have the name", async () => {
    const answers = await Promise.all([register("twin"), register("twin"), register("twin")]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 400, 400]);
  });

  test.each([
    ["no name", "username", { password }],
    ["an empty name", "username", { username: "", password }],
    ["a blank name", "username", { username: "  ", password }],
    ["a line break", "username", { username: "a\nb", password }],
    ["a NUL", "username", { username: "a\u0000", password }],
    ["a zero-width space", "username", { username: "a\u200b", password }],
    ["letters that are turned about", "username", { username: "\u202egolem", password }],
    ["nothing that can be seen", "username", { username: "\u3164", password }],
    ["65 characters", "username", { username: "x".repeat(65), password }],
    ["half a character", "username", { username: "a\ud800b", password }],
    ["a number for a name", "username", { username: 5, password }],
    ["a list for a name", "username", { username: ["a"], password }],
    ["no password", "password", { username: "valid" }],
    ["an empty password", "password", { username: "valid", password: "" }],
    ["7 letters", "password", { username: "valid", password: "1234567" }],
    ["7 emoji", "password", { username: "valid", password: "😀".repeat(7) }],
    ["1,025 bytes", "password", { username: "valid", password: "x".repeat(1025) }],
    [
      "1,026 bytes in 342 characters",
      "password",
      { username: "valid", password: "密".repeat(342) },
    ],
    [
      "a password with half a character",
      "password",
      { username: "valid", password: "1234567\ud800" },
    ],
    ["a number for a password", "password", { username: "valid", password: 12_345_678 }],
    ["null for a password", "password", { username: "valid", password: null }],
  ])("refuses %s and names the field", async (_, field, body) => {
    const response = await app.nobody.post("/api/users/register", body, english);
    const fault = await expectFault(response, 400, "invalid_field");
    expect(fault.error).toStartWith(`Invalid field ${field}: `);
  });

  test("takes a name in any script, with what its words are joined by", async () => {
    for (const name of ["علی\u200cرضا", "क्\u200dष", "❤\ufe0f", "👩\u200d🚀", "ภาษา", "O'Neil-Ó"]) {
      expect([name, (await register(name)).status]).toEqual([name, 201]);
    }
  });

  test("makes no user of what it refuses", async () => {
    await register("refused", "1234567");
    expect((await register("refused")).status).toBe(201);
  });

  test("can be closed", async () => {
    const closed = await startApp({ AUTH_REGISTRATION: "closed" });
    const response = await closed.nobody.post("/api/users/register", { username: "x", password });
    await expectFault(response, 403, "registration_closed");
    await closed.close();
  });
});

test("every byte of a password counts", async () => {
  const secrets = {
    "8 characters": ["😀".repeat(8), "😀".repeat(7)],
    "1,024 bytes": ["密".repeat(341), "密".repeat(340)],
    "its 73rd byte": [`${"x".repeat(72)}a`, `${"x".repeat(72)}b`],
    "its last byte": [`${"x".repeat(1023)}a`, `${"x".repeat(1023)}b`],
    "what follows a NUL": ["12345678\u0000a", "12345678\u0000b"],
    "space around it": [" 12345678 ", "12345678"],
  };
  const outcomes = await Promise.all(
    Object.entries(secrets).map(async ([what, [right = "", wrong = ""]]) => {
      const statuses = [(await register(what, right)).status];
      for (const secret of [right, wrong]) statuses.push((await login(what, secret)).status);
      return [what, statuses];
    }),
  );
  expect(outcomes).toEqual(Object.keys(secrets).map((what) => [what, [201, 200, 401]]));
});

describe("login", () => {
  test("answers a token that opens the API until it expires", async () => {
    await register("lin");
    const response = await login("lin");
    expect(response.status).toBe(200);
    const body: { token: string } = await response.json();
    expect(Object.keys(body)).toEqual(["token"]);
    const claims = JSON.parse(Buffer.from(body.token.split(".")[1] ?? "", "base64url").toString());
    expect(claims.exp - Date.now() / 1000).toBeWithin(86_400 - 60, 86_400 + 1);
    expect((await new Caller(app.app, body.token).get("/api/conversations/list")).status).toBe(200);
  });

  test("takes a name as it was registered, however it is typed", async () => {
    await register("André");
    for (const same of ["André", "Andre\u0301", " André"]) {
      expect((await login(same)).status).toBe(200);
    }
    await expectFault(await login("andré"), 401, "wrong_credentials");
  });

  test("says the same of a wrong password and of nobody", async () => {
    await register("wang");
    const faults: object[] = [];
    for (const [username, secret] of [
      ["wang", "SecureP@ssw0rd?"],
      ["nobody", password],
      ["wang", ""],
      ["nobody", ""],
      ["wang", "short"],
      ["", password],
      ["wang", "x".repeat(5000)],
      ["nobody", "x".repeat(5000)],
      ["wang' --", password],
    ] as const) {
      const response = await login(username, secret, { "x-request-id": "same" });
      expect(response.headers.get("www-authenticate")).toBe("Bearer");
      faults.push(await expectFault(response, 401, "wrong_credentials"));
    }
    expect(new Set(faults.map((fault) => JSON.stringify(fault))).size).toBe(1);
    expect(faults[0]).toMatchObject({ error: "用户名或密码错误" });
  });

  test("does the same work for a wrong password and for nobody", async () => {
    await register("zhao");
    const verify = spyOn(Bun.password, "verify");
    await login("zhao", "not the password");
    await login("nobody", "not the password");
    const costs = verify.mock.calls.map(([, hash]) => String(hash).slice(0, 7));
    verify.mockRestore();
    expect(costs).toEqual(["$2b$10$", "$2b$10$"]);
  });

  test.each([
    ["username", { password }],
    ["username", { username: null, password }],
    ["password", { username: "x" }],
    ["password", { username: "x", password: {} }],
  ])("names the field %s at fault in %j", async (field, body) => {
    const response = await app.nobody.post("/api/users/login", body, english);
    const fault = await expectFault(response, 400, "invalid_field");
    expect(fault.error).toStartWith(`Invalid field ${field}: `);
  });
});

test("no password is ever logged", () => {
  expect(log.text).not.toContain(password);
  expect(log.complaints).toEqual([]);
});
