import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { openBeside } from "../database.ts";
import { useApp } from "../use-app.ts";
import { expectFault } from "./expect-fault.ts";

const { app, user, log } = useApp();

const english = { "accept-language": "en" };
const json = { "content-type": "application/json" };
const limit = 1_048_576;

let conversation: number;

beforeAll(async () => {
  conversation = await user.createConversation();
});
afterAll(() => {
  expect(log.complaints).toEqual([]);
});

const kb_id = "a1b2c3d4-5678-4abc-8def-123456789abc";

/** Every route that takes JSON, with the fields that it cannot do without. */
const routes: [string, Record<string, unknown>][] = [
  ["/api/users/register", { username: "john_doe", password: "SecureP@ssw0rd!" }],
  ["/api/users/login", { username: "john_doe", password: "SecureP@ssw0rd!" }],
  ["/api/conversations/create", { model: "demo" }],
  ["/api/chat/:id", { message: "hello" }],
  ["/api/rag/chat", { conversation_id: 1, kb_id, message: "hello" }],
  ["/api/rag/kb/create", { kb_name: "名" }],
  ["/api/rag/kb/delete", { kb_id }],
  ["/api/rag/doc/delete", { kb_id, doc_id: kb_id }],
  ["/api/rag/retrieve", { kb_id, query: "hello" }],
];

describe.each(routes)("POST %s", (route, fields) => {
  const field = Object.keys(fields)[0] ?? "";
  const post = (body: string | Uint8Array<ArrayBuffer> | ReadableStream, headers = {}) =>
    user.post(route.replace(":id", String(conversation)), body, { ...json, ...headers });

  test("refuses what is no JSON", async () => {
    for (const text of ["", " ", "{", "{]", "nul", "{'a':1}", "{}{}", "\u0000", '{"a":"\n"}']) {
      await expectFault(await post(text), 400, "malformed_json");
    }
    const garbled = Uint8Array.from([...Buffer.from(`{"${field}":"`), 0xc4, 0xe3, 0x22, 0x7d]);
    await expectFault(await post(garbled), 400, "malformed_json");
  });

  test("refuses JSON that is no object", async () => {
    for (const text of ["null", "true", "1", '"text"', "[]", '[{"a":1}]']) {
      await expectFault(await post(text), 400, "invalid_body");
    }
  });

  test("names the field at fault", async () => {
    for (const name of Object.keys(fields)) {
      for (const value of [undefined, null, [], {}, [fields[name]], true]) {
        const body = JSON.stringify({ ...fields, [name]: value });
        const fault = await expectFault(await post(body, english), 400, "invalid_field");
        expect([body, fault.error.split(":")[0]]).toEqual([body, `Invalid field ${name}`]);
      }
    }
  });

  test("is not troubled by nesting, however deep", async () => {
    for (const [open, close] of [
      ["[", "]"],
      ['{"a":', "}"],
    ] as const) {
      const deep = `${open.repeat(150_000)}1${close.repeat(150_000)}`;
      await expectFault(await post(`{"${field}":${deep}}`), 400, "invalid_field");
      await expectFault(await post(`{"__proto__":${deep}}`), 400, "invalid_field");
      await expectFault(await post(deep), 400, open === "[" ? "invalid_body" : "invalid_field");
      await expectFault(await post(open.repeat(150_000)), 400, "malformed_json");
    }
  });

  test("takes a body up to the limit and not a byte more", async () => {
    const wrong = (size: number) => `{"${field}":[],"x":"${"x".repeat(size - field.length - 14)}"}`;
    expect(wrong(limit)).toHaveLength(limit);
    await expectFault(await post(wrong(limit)), 400, "invalid_field");
    const fault = await expectFault(await post(wrong(limit + 1), english), 413, "body_too_large");
    expect(fault.error).toBe("The request body is too large: at most 1048576 bytes");
    for (const [size, status, code] of [
      [limit, 400, "invalid_field"],
      [limit + 1, 413, "body_too_large"],
    ] as const) {
      // A stream has no length that could be announced.
      await expectFault(await post(new Blob([wrong(size)]).stream()), status, code);
    }
  });

  test("takes JSON and nothing else", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "text/json"]) {
      const fault = await expectFault(
        await post("{}", { ...english, "content-type": type }),
        415,
        "unsupported_content_type",
      );
      expect(fault.error).toBe("Unsupported Content-Type, expected application/json");
    }
    const untyped = await post("{}", { "content-type": "" });
    await expectFault(untyped, 400, "invalid_field");
  });

  test("works with a slash at its end", async () => {
    const path = `${route.replace(":id", String(conversation))}/`;
    await expectFault(await user.post(path, {}), 400, "invalid_field");
  });
});

describe("a path or a method that is no route's", () => {
  test.each([
    ["GET", "/"],
    ["GET", "/api"],
    ["GET", "/api/"],
    ["GET", "/api/users"],
    ["GET", "/api/users/register"],
    ["PUT", "/api/users/login"],
    ["GET", "/api/conversations"],
    ["GET", "/api/conversations/create"],
    ["DELETE", "/api/conversations/list"],
    ["POST", "/api/conversations/history/1"],
    ["GET", "/api/conversations/history"],
    ["GET", "/api/conversations/history/1/2"],
    ["GET", "/api/conversations/del/1"],
    ["POST", "/api/chat"],
    ["GET", "/api/rag/chat"],
    ["GET", "/API/conversations/list"],
    ["GET", "//api/conversations/list"],
    ["GET", "/api/conversations/list/.."],
    ["GET", "/..%2f..%2fetc/passwd"],
    ["GET", "/%00"],
    ["GET", `/${"x".repeat(5000)}`],
  ])("%s %s is 404", async (method, path) => {
    for (const caller of [user, app.nobody]) {
      const fault = await expectFault(await caller.request(method, path), 404, "route_not_found");
      expect(fault.error).toBe("路由不存在");
    }
  });
});

describe("the request's id", () => {
  const paths = ["/api/conversations/list", "/api/conversations/history/x", "/nowhere", "/healthz"];

  test("is the caller's own where it is sane", async () => {
    for (const id of ["a", "0198c3f2-6f0e-7d3c-8a52-0242ac120002", "A.b:c_d-9", "x".repeat(128)]) {
      for (const path of paths) {
        const response = await user.get(path, { "x-request-id": id });
        expect(response.headers.get("x-request-id")).toBe(id);
      }
    }
  });

  test("is made where the caller's is missing or not sane", async () => {
    const seen = new Set<string | null>();
    for (const id of ["", "a b", "x".repeat(129), "<script>", 'a"b', "a,b", "\u00e9"]) {
      for (const path of paths) {
        const response = await user.get(path, id === "" ? {} : { "x-request-id": id });
        const given = response.headers.get("x-request-id");
        expect(given).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
        seen.add(given);
      }
    }
    expect(seen.size).toBe(7 * paths.length);
  });

  test("is in a fault and on its answer, the same", async () => {
    const response = await user.get("/nowhere", { "x-request-id": "mine" });
    const fault = await expectFault(response, 404, "route_not_found");
    expect(fault.request_id).toBe("mine");
  });
});

test("a fault of ours is logged with what was asked for, and nothing of it is told", async () => {
  using database = openBeside(app);
  log.clear();
  database.run("ALTER TABLE conversations RENAME TO hidden");
  const path = "/api/conversations/list";
  const response = await user.get(`${path}?limit=7`, { "x-request-id": "mine", ...english });
  const fault = await expectFault(response, 500, "internal");
  expect(fault.error).toBe("Internal server error");
  database.run("ALTER TABLE hidden RENAME TO conversations");
  expect(log.lines).toEqual([
    expect.objectContaining({ message: "request failed", requestId: "mine", method: "GET", path }),
  ]);
  expect(log.lines[0]?.cause?.message).toContain("no such table");
  log.clear();
});

test("a fault speaks the caller's language, Chinese failing that", async () => {
  for (const [languages, text] of [
    [undefined, "路由不存在"],
    ["zh-TW", "路由不存在"],
    ["fr", "路由不存在"],
    ["en", "No such route"],
    ["fr, en-GB;q=0.5", "No such route"],
  ] as const) {
    const response = await user.get("/nowhere", languages ? { "accept-language": languages } : {});
    const fault = await expectFault(response, 404, "route_not_found");
    expect([languages, fault.error]).toEqual([languages, text]);
  }
});

test("every path works with a slash at its end", async () => {
  for (const path of [
    "/api/conversations/list/",
    `/api/conversations/history/${conversation}/`,
    "/api/conversations/list/?limit=1",
    "/healthz/",
    "/readyz/",
  ]) {
    expect([path, (await user.get(path)).status]).toEqual([path, 200]);
  }
  const answer = await user.post(`/api/chat/${conversation}/`, { message: "hello" });
  expect(answer.status).toBe(200);
  await answer.text();
  const created = await user.post("/api/conversations/create/", { model: "demo" });
  const { conversation_id: id }: { conversation_id: number } = await created.json();
  expect((await user.post(`/api/conversations/del/${id}/`)).status).toBe(200);
});
