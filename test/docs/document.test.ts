import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Validator } from "@seriousme/openapi-schema-validator";
import { version } from "../../package.json" with { type: "json" };
import { startApp, type TestApp } from "../harness.ts";
import { checkerOf, type MediaType, type OpenApiDocument, operationsOf } from "./open-api.ts";

let server: TestApp;
let document: OpenApiDocument;

beforeAll(async () => {
  server = await startApp();
  const response = await server.nobody.get("/swagger/json");
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
  document = await response.json();
});
afterAll(() => server.close());

const source = new URL("../../src/", import.meta.url).pathname;

/** The routes that the source mounts, but for the documentation's own. */
async function mountedRoutes(): Promise<string[]> {
  const routes: string[] = [];
  for (const file of new Bun.Glob("**/*.ts").scanSync(source)) {
    if (file.startsWith("http/docs/") || file.endsWith(".test.ts")) continue;
    const text = await Bun.file(join(source, file)).text();
    const prefix = /new Elysia\(\{ prefix: "([^"]*)"/.exec(text)?.[1] ?? "";
    for (const [, method = "", path = ""] of text.matchAll(
      /\.(get|post|put|patch|delete)\(\s*"(\/[^"]*)"/g,
    )) {
      routes.push(`${method.toUpperCase()} ${prefix}${path.replace(/:(\w+)/g, "{$1}")}`);
    }
  }
  return routes.sort();
}

test("the document is OpenAPI 3.0 to a validator", async () => {
  const validator = new Validator();
  const result = await validator.validate({ ...document });
  expect(result).toMatchObject({ valid: true });
  expect(validator.version).toBe("3.0");
  expect(document.info.version).toBe(version);
});

test("every route that is mounted is in it, and no other", async () => {
  const mounted = await mountedRoutes();
  expect(mounted).toContain("POST /api/users/register");
  expect(mounted.length).toBeGreaterThan(9);
  const documented = operationsOf(document).map(([name]) => name);
  expect(documented.sort()).toEqual(mounted);
});

test("every route is described", () => {
  const tags = document.tags.map(({ name }) => name);
  for (const [name, operation] of operationsOf(document)) {
    const { summary, description, responses } = operation;
    expect(summary, name).toMatch(/^\p{Script=Han}.* · \w/u);
    expect(description, name).toMatch(/\p{Script=Han}/u);
    expect(operation.tags, name).toHaveLength(1);
    expect(tags, name).toContain(operation.tags[0] ?? "");
    expect(Object.keys(responses), name).toContain("500");
    expect(
      Object.keys(responses).some((status) => status.startsWith("2")),
      name,
    ).toBe(true);
    for (const response of Object.values(responses)) {
      expect(response.description, name).not.toBe("");
      expect(response.headers, name).toHaveProperty("X-Request-Id");
      expect(response.content, name).toBeDefined();
    }
  }
});

test("every route with numbers or ids in its path or query tells that they can be wrong", () => {
  const strict = operationsOf(document).filter(([, { parameters = [] }]) =>
    parameters.some(({ schema }) => schema.type === "integer" || schema.format === "uuid"),
  );
  expect(strict.length).toBeGreaterThan(10);
  for (const [name, { responses }] of strict) {
    expect(Object.keys(responses), name).toContain("400");
  }
});

test("operations are named once, and no tag is empty", () => {
  const operations = operationsOf(document).map(([, operation]) => operation);
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  const tags = document.tags.map(({ name }) => name);
  expect([...new Set(operations.flatMap((operation) => operation.tags))].sort()).toEqual(
    tags.sort(),
  );
});

describe("examples", () => {
  const examplesOf = ({ example, examples = {} }: MediaType): unknown[] => [
    ...(example === undefined ? [] : [example]),
    ...Object.values(examples).map(({ value }) => value),
  ];

  test("every response has some, and they fit its schema", () => {
    const checker = checkerOf(document);
    for (const [name, { responses }] of operationsOf(document)) {
      for (const [status, { content = {} }] of Object.entries(responses)) {
        for (const [type, media] of Object.entries(content)) {
          const examples = examplesOf(media);
          expect(examples.length, `${name} ${status} ${type}`).toBeGreaterThan(0);
          for (const example of examples) {
            expect(checker(media.schema)(example), `${name} ${status} ${type}`).toEqual([]);
          }
        }
      }
    }
  });

  test("every request of JSON has one, and it fits", () => {
    const checker = checkerOf(document);
    let requests = 0;
    for (const [name, { requestBody }] of operationsOf(document)) {
      const media = requestBody?.content["application/json"];
      if (media === undefined) continue;
      requests++;
      expect(media.example, name).toBeDefined();
      expect(checker(media.schema)(media.example), name).toEqual([]);
    }
    expect(requests).toBeGreaterThan(0);
  });

  test("no optional one sends a reader of the page to what is not there", () => {
    const named: string[] = [];
    for (const [name, { parameters, requestBody }] of operationsOf(document)) {
      const optional = parameters.filter(({ required }) => !required);
      const given = optional.filter(({ example }) => example !== undefined).map((one) => one.name);
      const { schema, example } = requestBody?.content["application/json"] ?? {};
      const needed = schema?.required;
      const fields = Object.keys(Object(example)).filter(
        (field) => !(Array.isArray(needed) && needed.includes(field)),
      );
      const ids = [...given, ...fields].filter((one) =>
        /_ids?$|^(before|after|from|to)$/.test(one),
      );
      named.push(...ids.map((id) => `${name} ${id}`));
    }
    // One of several ways to name what is asked.
    expect(named).toEqual(["POST /api/rag/chat kb_id"]);
  });

  // The page fills them all in.
  test("every parameter has one that is needed, and each fits", () => {
    const checker = checkerOf(document);
    for (const [name, { parameters }] of operationsOf(document)) {
      for (const { example, in: place, name: parameter, required, schema } of parameters) {
        if (place === "path") expect(required, name).toBe(true);
        if (required) expect(example, `${name} ${parameter}`).toBeDefined();
        if (example === undefined) continue;
        expect(checker(schema)(example), `${name} ${parameter}`).toEqual([]);
      }
    }
  });

  test("the frames of a stream are events that the document knows", () => {
    const chatEvent = document.components.schemas.ChatEvent;
    if (chatEvent === undefined) throw new Error("the document has no ChatEvent");
    const check = checkerOf(document)(chatEvent);
    for (const path of ["/api/chat/{conversation_id}", "/api/rag/chat"]) {
      const content = document.paths[path]?.post?.responses["200"]?.content;
      const frames = String(content?.["text/event-stream"]?.example).trimEnd().split("\n\n");
      const lines = String(content?.["application/x-ndjson"]?.example).trimEnd().split("\n\n");
      expect(frames).toEqual(lines.map((line, index) => `id: 2-${index}\ndata: ${line}`));
      for (const line of lines) expect(check(JSON.parse(line)), line).toEqual([]);
      expect(lines.map((line) => JSON.parse(line).event).slice(-2)).toEqual([
        "done",
        "full_response",
      ]);
    }
  });
});

describe("the token", () => {
  test("is declared as bearer, for every route that does not say otherwise", () => {
    expect(document.components.securitySchemes.bearer).toMatchObject({
      type: "http",
      scheme: "bearer",
    });
    expect(document.security).toEqual([{ bearer: [] }]);
  });

  test("is asked for by exactly the routes that say so", async () => {
    const open: string[] = [];
    for (const [name, operation] of operationsOf(document)) {
      const [method = "", path = ""] = name.split(" ");
      const response = await server.nobody.request(method, path.replace(/\{\w+\}/g, "1"));
      const isPublic = operation.security?.length === 0;
      expect(response.status === 401, name).toBe(!isPublic);
      expect(operation.responses["401"] !== undefined || isPublic, name).toBe(true);
      if (isPublic) open.push(name);
    }
    expect(open.sort()).toEqual([
      "GET /healthz",
      "GET /readyz",
      "POST /api/users/login",
      "POST /api/users/register",
    ]);
  });
});
