import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "bun:test";
import { CapturedLog } from "../captured-log.ts";
import { checkerOf, type OpenApiDocument } from "../docs/open-api.ts";
import { Caller, startApp, type TestApp } from "../harness.ts";
import { createKnowledgeBase } from "../http/knowing.ts";
import { startUpstream, type Upstream } from "../upstream.ts";
import { refuse } from "../upstream-scripts.ts";
import { expectOpenAiFault } from "./expect-fault.ts";
import { complete, createKey, revokeAll } from "./listening.ts";

const messages = [{ role: "user", content: "你好" }];
const chat = "/v1/chat/completions";
const demo = { model: "demo", messages };
const maxBodyBytes = 100_000;
const json = { "content-type": "application/json" };

let log: CapturedLog;
let app: TestApp;
let upstream: Upstream;
let user: Caller;

beforeAll(async () => {
  log = new CapturedLog();
  upstream = await startUpstream();
  app = await startApp({
    OPENAI_MAX_BODY_BYTES: String(maxBodyBytes),
    LLM_PROVIDERS: JSON.stringify([
      { name: "scripted", base_url: upstream.url, api_key: "sk-scripted-secret" },
    ]),
    RAG_RERANKER_PROVIDER: "scripted",
    RAG_RERANKER_MODEL: "ranker",
  });
  user = await app.signUp();
});
afterAll(async () => {
  await app.close();
  await upstream.close();
  expect(log.complaints).toEqual([]);
  expect(log.text).not.toContain("sk-llmb-");
  log.release();
});
afterEach(() => {
  jest.useRealTimers();
});

const withKey = async (...scopes: string[]): Promise<Caller> =>
  new Caller(app.app, await createKey(user, scopes));

describe("a body", () => {
  const posts = [chat, "/v1/embeddings", "/v1/rerank"];

  test.each([
    ["", 400, "malformed_json"],
    ["{", 400, "malformed_json"],
    ['{"model":"demo"', 400, "malformed_json"],
    ['{"model":"demo",}', 400, "malformed_json"],
    ['{"model":"demo"} x', 400, "malformed_json"],
    ['{"model":tru}', 400, "malformed_json"],
    ["\u0000", 400, "malformed_json"],
    ["null", 400, "invalid_body"],
    ["[]", 400, "invalid_body"],
    ["7", 400, "invalid_body"],
    ['"x"', 400, "invalid_body"],
    ["{}", 400, "invalid_field"],
    [`{"model":"${"x".repeat(maxBodyBytes)}"}`, 413, "body_too_large"],
    ["[".repeat(maxBodyBytes - 1), 400, "malformed_json"],
    [`{"a":${"[".repeat(maxBodyBytes - 10)}`, 400, "malformed_json"],
  ])("%.20j is refused", async (body, status, code) => {
    for (const path of posts) {
      await expectOpenAiFault(await user.post(path, body, json), status, code);
    }
  });

  test("in another encoding or of another type is refused", async () => {
    const gbk = Uint8Array.of(0x7b, 0x22, 0xc4, 0xe3, 0x22, 0x3a, 0x31, 0x7d);
    for (const path of posts) {
      await expectOpenAiFault(await user.post(path, gbk, json), 400, "malformed_json");
      const text = { "content-type": "text/plain" };
      const response = await user.post(path, JSON.stringify(demo), text);
      await expectOpenAiFault(response, 415, "unsupported_content_type");
    }
  });

  test("that is faulty within is refused where it is looked at", async () => {
    for (const body of [
      '{"model":"demo","messages":[{,}]}',
      '{"model":"demo","messages":[1 2]}',
      '{"model":"demo","stream":truu,"messages":[]}',
      '{"model":"demo","messages":[],"stream_options":{1}}',
    ]) {
      await expectOpenAiFault(await user.post(chat, body, json), 400, "malformed_json");
    }
  });

  test("with any value in any field is never a fault of ours", async () => {
    const values: unknown[] = [
      null,
      true,
      -1,
      1e308,
      "",
      "\u0000",
      "\ud800",
      "kb:",
      [],
      [null],
      [[[]]],
      {},
      { role: "user" },
    ];
    const bodies: readonly [string, Record<string, unknown>][] = [
      [chat, { ...demo, stream: false, stream_options: {}, response_format: {}, max_tokens: 1 }],
      [
        "/v1/embeddings",
        { model: "builtin", input: "x", encoding_format: "float", dimensions: 1024 },
      ],
      [
        "/v1/rerank",
        { model: "ranker", query: "x", documents: ["a"], top_n: 1, return_documents: true },
      ],
    ];
    upstream.otherwise(refuse(200, { results: [{ index: 0, relevance_score: 1 }] }), "/rerank");
    for (const [path, body] of bodies) {
      for (const field of Object.keys(body)) {
        for (const value of values) {
          const response = await user.post(path, { ...body, [field]: value });
          const shown = [path, field, JSON.stringify(value)];
          expect([...shown, response.status < 500]).toEqual([...shown, true]);
          await response.text();
        }
      }
    }
  });

  test("of the limit's size goes through", async () => {
    const body = { model: "scripted/m", messages: [{ role: "user", content: "" }] };
    const room = maxBodyBytes - JSON.stringify(body).length;
    const large = { ...body, messages: [{ role: "user", content: "x".repeat(room) }] };
    upstream.script(complete({ content: "Hi" }));
    expect((await user.post(chat, large)).status).toBe(200);
  });
});

describe("a key", () => {
  const paths = ["/v1/models", "/v1/models/demo"] as const;

  test("opens nothing once it is revoked or has expired", async () => {
    const owner = await app.signUp();
    const key = await createKey(owner, ["chat"]);
    const body = { name: "short", scopes: ["chat"], expires_in: 60 };
    const { key: short }: { key: string } = await (await owner.post("/api/keys", body)).json();
    const callers = [new Caller(app.app, key), new Caller(app.app, short)] as const;
    for (const caller of callers) {
      expect((await caller.post(chat, demo)).status).toBe(200);
      for (const path of paths) expect((await caller.get(path)).status).toBe(200);
    }
    jest.useFakeTimers();
    jest.setSystemTime(Date.now() + 61_000);
    await expectOpenAiFault(await callers[1].post(chat, demo), 401, "invalid_api_key");
    expect((await callers[0].get(paths[0])).status).toBe(200);
    jest.useRealTimers();
    await revokeAll(owner);
    for (const caller of callers) {
      const response = await caller.post(chat, demo);
      expect(response.headers.get("www-authenticate")).toBe("Bearer");
      await expectOpenAiFault(response, 401, "invalid_api_key");
      for (const path of paths)
        await expectOpenAiFault(await caller.get(path), 401, "invalid_api_key");
    }
  });

  test("needs the scope chat to ask a model", async () => {
    const reader = await withKey("knowledge:read", "knowledge:write");
    for (const path of [chat, "/v1/embeddings", "/v1/rerank"]) {
      const response = await reader.post(path, demo);
      expect(response.headers.get("www-authenticate")).toContain("insufficient_scope");
      const fault = await expectOpenAiFault(response, 403, "insufficient_scope");
      expect(fault.message).toContain("chat");
    }
    const chatter = await withKey("chat");
    expect((await chatter.post(chat, demo)).status).toBe(200);
  });

  test("is checked before the body is read", async () => {
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
    const reader = await withKey("knowledge:read");
    await expectOpenAiFault(await app.nobody.post(chat, endless(), json), 401, "invalid_api_key");
    await expectOpenAiFault(await reader.post(chat, endless(), json), 403, "insufficient_scope");
    expect(read).toBe(0);
  });
});

describe("every answer", () => {
  test("has the request's id, and its language", async () => {
    const headers = { "x-request-id": "mine-1", "accept-language": "en" };
    const fault = await user.post(chat, { ...demo, model: "nope" }, headers);
    expect(fault.headers.get("x-request-id")).toBe("mine-1");
    const { message } = await expectOpenAiFault(fault, 404, "model_not_found");
    expect(message).toStartWith('No provider takes the model "nope"');
    const stream = await user.post(chat, { ...demo, stream: true }, headers);
    expect(stream.headers.get("x-request-id")).toBe("mine-1");
    expect(stream.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(stream.headers.get("cache-control")).toContain("no-cache");
    expect(await stream.text()).toEndWith("data: [DONE]\n\n");
  });

  test("under /v1 has OpenAI's shape, where there is no route as well", async () => {
    for (const path of ["/v1", "/v1/", "/v1/nothing", "/v1/chat/completions/x"]) {
      await expectOpenAiFault(await user.get(path), 404, "unknown_url");
    }
    const elsewhere = await user.get("/v11/models");
    expect(await elsewhere.json()).toMatchObject({ success: false, code: "route_not_found" });
  });

  test("is the same behind a slash", async () => {
    expect((await user.get("/v1/models/")).status).toBe(200);
    expect((await user.post(`${chat}/`, demo)).status).toBe(200);
    expect((await user.get("/v1/models/kb%3Ax%2Fdemo/")).status).toBe(404);
  });
});

test("the answers are as the documentation says", async () => {
  const document: OpenApiDocument = await (await app.nobody.get("/swagger/json")).json();
  const check = checkerOf(document);
  const expectDocumented = async (path: string, method: string, response: Response) => {
    const media = document.paths[path]?.[method]?.responses[response.status]?.content;
    const schema = media?.["application/json"]?.schema;
    if (schema === undefined) throw new Error(`${response.status} of ${path} is not documented`);
    const body: unknown = await response.json();
    expect([path, response.status, check(schema)(body)]).toEqual([path, response.status, []]);
  };
  const kb = await createKnowledgeBase(user);
  await expectDocumented(chat, "post", await user.post(chat, demo));
  await expectDocumented(chat, "post", await user.post(chat, { ...demo, model: `kb:${kb}/demo` }));
  await expectDocumented(chat, "post", await user.post(chat, { ...demo, model: "nope" }));
  await expectDocumented(chat, "post", await user.post(chat, "{", json));
  upstream.script(refuse(429, {}, { "retry-after": "30" }));
  await expectDocumented(chat, "post", await user.post(chat, { ...demo, model: "scripted/m" }));
  upstream.script(refuse(401, {}));
  await expectDocumented(chat, "post", await user.post(chat, { ...demo, model: "scripted/m" }));
  const embeddings = "/v1/embeddings";
  for (const encoding_format of ["float", "base64", "hex"]) {
    const body = { model: "builtin", input: ["a", "b"], encoding_format };
    await expectDocumented(embeddings, "post", await user.post(embeddings, body));
  }
  await expectDocumented("/v1/models", "get", await user.get("/v1/models"));
  const path = "/v1/models/{model}";
  for (const model of ["demo", `kb:${kb}`, "nope"]) {
    await expectDocumented(path, "get", await user.get(`/v1/models/${encodeURIComponent(model)}`));
  }
});

describe("rerank", () => {
  const documents = ["蔬菜", "苹果", "香蕉"];
  const results = [
    { index: 1, relevance_score: 0.9 },
    { index: 2, relevance_score: 0.4 },
    { index: 0, relevance_score: 0.1 },
  ];
  const ask = (settings: object = {}) =>
    user.post("/v1/rerank", { model: "ranker", query: "水果", documents, ...settings });

  test("puts the documents in order", async () => {
    upstream.scriptPath("/rerank", refuse(200, { results }));
    const response = await ask();
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      id: expect.any(String),
      object: "list",
      model: "ranker",
      results,
      usage: { prompt_tokens: 8, total_tokens: 8 },
    });
    expect(upstream.requests.at(-1)?.body).toMatchObject({
      model: "ranker",
      query: "水果",
      documents,
    });
  });

  test("gives the best, with their texts, to whoever wants that", async () => {
    upstream.scriptPath("/rerank", refuse(200, { results }));
    const settings = {
      model: undefined,
      documents: documents.map((text) => ({ text })),
      top_n: 2,
      return_documents: true,
    };
    expect(await (await ask(settings)).json()).toMatchObject({
      results: [
        { index: 1, document: { text: "苹果" } },
        { index: 2, document: { text: "香蕉" } },
      ],
    });
  });

  test("names what is wrong", async () => {
    const wrong: readonly [string, object][] = [
      ["query", { query: "" }],
      ["query", { query: undefined }],
      ["documents", { documents: undefined }],
      ["documents", { documents: "x" }],
      ["documents", { documents: Array.from({ length: 1001 }, () => "x") }],
      ["documents.1", { documents: ["a", 5] }],
      ["top_n", { top_n: 0 }],
    ];
    for (const [param, settings] of wrong) {
      const fault = await expectOpenAiFault(await ask(settings), 400, "invalid_field");
      expect(fault.param).toBe(param);
    }
    await expectOpenAiFault(await ask({ model: "another" }), 404, "model_not_found");
    upstream.scriptPath("/rerank", refuse(401, { error: { message: "bad key" } }));
    await expectOpenAiFault(await ask(), 502, "provider_failed");
  });

  test("is not there where no reranker is configured", async () => {
    const without = await startApp();
    const somebody = await without.signUp();
    const response = await somebody.post("/v1/rerank", { query: "x", documents: ["a"] });
    await expectOpenAiFault(response, 404, "model_not_found");
    await without.close();
  });
});
