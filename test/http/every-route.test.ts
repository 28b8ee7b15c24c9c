import { beforeAll, describe, expect, test } from "bun:test";
import type { Caller } from "../harness.ts";
import { useApp } from "../use-app.ts";
import { ask } from "./conversing.ts";
import { createKnowledgeBase, read, type UploadAnswer, upload } from "./knowing.ts";

const { app, user, stranger, log } = useApp();

type Fields = Record<string, unknown>;

interface Operation {
  readonly security?: readonly unknown[];
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly example?: Fields }>>;
  };
}

/** A route as the documentation has it: what is added there is tested here. */
interface Route {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly open: boolean;
  readonly parameters: readonly string[];
  /** Of a route that takes JSON. */
  readonly example: Fields | undefined;
}

let routes: Route[];
/** What the user has, by the names that fields and parameters have. */
let owned: Fields;

/** Ids in the right form, of nothing. */
const absent: Fields = {
  conversation_id: 1,
  kb_id: "0198f0c4-7a11-7c3e-9f02-1b6d5e8a4c70",
  kb_ids: ["0198f0c4-7a11-7c3e-9f02-1b6d5e8a4c70"],
  doc_id: "0198f0c4-7a11-7c3e-9f02-1b6d5e8a4c71",
  key_id: "0198f0c4-7a11-7c3e-9f02-1b6d5e8a4c72",
};

async function readRoutes(): Promise<Route[]> {
  const response = await app.nobody.get("/swagger/json");
  const document = await read<{ paths: Record<string, Record<string, Operation>> }>(response);
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      path,
      open: operation.security?.length === 0,
      parameters: operation.parameters.map(({ name }) => name),
      example: operation.requestBody?.content["application/json"]?.example,
    })),
  );
}

beforeAll(async () => {
  routes = await readRoutes();
  const conversation = await user.createConversation();
  await (await ask(user, conversation, "hello")).text();
  const kb = await createKnowledgeBase(user);
  const { doc_id } = await read<UploadAnswer>(await upload(user, kb, "a.txt", "不可抗力。"));
  owned = { conversation_id: conversation, kb_id: kb, kb_ids: [kb], doc_id };
});

/** The route's address with these ids in its path and its query. */
function address({ path, parameters }: Route, ids: Fields): string {
  const query = parameters.filter((name) => name in ids && !path.includes(`{${name}}`));
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => String(ids[name] ?? 1));
  return `${filled}?${query.map((name) => `${name}=${ids[name]}`).join("&")}`;
}

/** The status and the code of a refusal, in the shape that the route's protocol has for it. */
async function refusal(route: Route, response: Response): Promise<[number, unknown]> {
  const body: { code?: string; error: string | { code: string } } = await response.json();
  if (!route.path.startsWith("/v1/")) return [response.status, body.code];
  const code = typeof body.error === "object" ? body.error.code : undefined;
  return [response.status, code === "invalid_api_key" ? "unauthorized" : code];
}

const only = (fields: Fields, names: readonly string[]): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name)));

function send(caller: Caller, route: Route, ids: Fields, headers = {}): Promise<Response> {
  const { example } = route;
  const body = example && { ...example, ...only(ids, Object.keys(example)) };
  return caller.request(route.method, address(route, ids), body, { headers });
}

test("the documentation has the specification's routes", () => {
  expect(routes.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      "POST /api/users/register",
      "POST /api/users/login",
      "POST /api/conversations/create",
      "GET /api/conversations/history/{conversation_id}",
      "GET /api/conversations/list",
      "POST /api/conversations/del/{conversation_id}",
      "POST /api/chat/{conversation_id}",
      "POST /api/rag/kb/create",
      "GET /api/rag/kb/list",
      "POST /api/rag/kb/delete",
      "POST /api/rag/doc/upload",
      "GET /api/rag/doc/list",
      "POST /api/rag/doc/delete",
      "POST /api/rag/retrieve",
      "POST /api/rag/chat",
      "GET /api/rag/models",
    ]),
  );
});

test("whoever has no token is refused, whatever else is wrong", async () => {
  const guarded = routes.filter(({ open }) => !open);
  expect(guarded.length).toBeGreaterThan(13);
  for (const route of guarded) {
    for (const type of ["application/json", "text/plain", "multipart/form-data; boundary=x"]) {
      const body = route.method === "GET" ? undefined : "{";
      const response = await app.nobody.request(route.method, address(route, {}), body, {
        headers: { "content-type": type },
      });
      const told = await refusal(route, response);
      expect([route.name, ...told]).toEqual([route.name, 401, "unauthorized"]);
    }
  }
});

test("what is another user's cannot be told from what is not there", async () => {
  const concerned = routes.filter(
    (route) =>
      !route.open &&
      [...route.parameters, ...Object.keys(route.example ?? {})].some((name) => name in absent),
  );
  expect(concerned.length).toBeGreaterThan(8);
  const headers = { "x-request-id": "same" };
  for (const route of concerned) {
    const [theirs, none] = [
      await send(stranger, route, { ...absent, ...owned }, headers),
      await send(stranger, route, absent, headers),
    ];
    expect([route.name, theirs.status]).toEqual([route.name, 404]);
    expect([route.name, await theirs.text()]).toEqual([route.name, await none.text()]);
  }
});

describe("a body", () => {
  const taking = () => routes.filter(({ example }) => example !== undefined);

  test("that is no JSON object is refused, with a reason", async () => {
    for (const route of taking()) {
      for (const [text, code] of [
        ["", "malformed_json"],
        ["{", "malformed_json"],
        ["null", "invalid_body"],
        ["[]", "invalid_body"],
        ["7", "invalid_body"],
        ['"text"', "invalid_body"],
      ] as const) {
        const response = await user.request(route.method, address(route, owned), text, {
          headers: { "content-type": "application/json" },
        });
        const told = await refusal(route, response);
        expect([route.name, text, ...told]).toEqual([route.name, text, 400, code]);
      }
    }
  });

  test("with anything in any field is never a fault of ours", async () => {
    const values: unknown[] = [
      null,
      true,
      -1,
      0,
      1.5,
      1e308,
      "",
      " ",
      "\u0000",
      "\ud800",
      "x".repeat(100_000),
      "../../etc/passwd",
      "' OR 1=1 --",
      [],
      [null],
      [[]],
      Array.from({ length: 10_000 }, () => "x"),
      {},
      { length: -1, toString: null, __proto__: null },
    ];
    log.clear();
    for (const route of taking()) {
      const ids = { ...owned, conversation_id: await user.createConversation() };
      for (const name of Object.keys(route.example ?? {})) {
        for (const value of values) {
          const body = { ...route.example, ...only(ids, Object.keys(route.example ?? {})) };
          const response = await user.request(route.method, address(route, ids), {
            ...body,
            [name]: value,
          });
          await response.text();
          const shown = JSON.stringify(value)?.slice(0, 50);
          expect([route.name, name, shown, response.status < 500]).toEqual([
            route.name,
            name,
            shown,
            true,
          ]);
        }
      }
    }
    expect(log.complaints).toEqual([]);
  });
});
