import { beforeAll, describe, expect, test } from "bun:test";
import { readEvents } from "../chat-stream.ts";
import { rerank } from "../upstream-scripts.ts";
import { useApp } from "../use-app.ts";
import { ask, historyOf } from "./conversing.ts";
import { expectFault } from "./expect-fault.ts";
import {
  createKnowledgeBase,
  findKnowledgeBase,
  read,
  retrieve,
  type UploadAnswer,
  upload,
} from "./knowing.ts";

const { app, user } = useApp({ RAG_RERANKER_PROVIDER: "scripted", RAG_RERANKER_MODEL: "judge" });

type Fields = Record<string, unknown>;

const english = { "accept-language": "en" };

let kb: string;
let doc: string;

beforeAll(async () => {
  kb = await createKnowledgeBase(user);
  doc = (await read<UploadAnswer>(await upload(user, kb, "a.txt", "不可抗力条款。"))).doc_id;
});

interface Schema {
  readonly required?: readonly string[];
  readonly properties: Readonly<Record<string, unknown>>;
}

interface Route {
  readonly method: string;
  readonly path: string;
  readonly schema: Schema;
  readonly example: Fields;
}

/** The routes that take JSON, but for those that pass it on and those where null has a meaning. */
async function routes(): Promise<Route[]> {
  const document = await read<{
    paths: Record<string, Record<string, { requestBody?: { content: Record<string, Fields> } }>>;
  }>(await app.nobody.get("/swagger/json"));
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, { requestBody }]) => {
      const json = requestBody?.content["application/json"];
      if (json?.example === undefined || method === "patch") return [];
      // As the document of OpenAPI has them; it is validated elsewhere.
      const { schema, example } = json as unknown as Pick<Route, "schema" | "example">;
      return "properties" in schema
        ? [{ method: method.toUpperCase(), path, schema, example }]
        : [];
    }),
  );
}

/** Sends a body, with ids of things of the user's that nothing has happened to yet. */
async function outcome(
  { method, path }: Pick<Route, "method" | "path">,
  body: Fields,
): Promise<unknown[]> {
  const conversation_id = await user.createConversation();
  await (await ask(user, conversation_id, "hello")).text();
  const kb_id = await createKnowledgeBase(user);
  const owned: Fields = { conversation_id, kb_id, kb_ids: [kb_id], doc_id: doc };
  const named = Object.entries(body).map(([name, value]) => [
    name,
    value === null ? null : (owned[name] ?? value),
  ]);
  app.upstream.scriptPath("/rerank", rerank());
  const address = path.replace("{conversation_id}", String(conversation_id));
  const response = await user.request(method, address, Object.fromEntries(named));
  const text = await response.text();
  return [response.status, response.ok ? "" : JSON.parse(text).code];
}

describe("null in a field that may be left out", () => {
  test("is as if it were left out, on every route", async () => {
    let fields = 0;
    for (const { method, path, schema, example } of await routes()) {
      for (const name of Object.keys(schema.properties)) {
        if (schema.required?.includes(name) === true) continue;
        fields += 1;
        const { [name]: _, ...without } = example;
        const expected = await outcome({ method, path }, without);
        const told = await outcome({ method, path }, { ...without, [name]: null });
        expect([path, name, ...told]).toEqual([path, name, ...expected]);
      }
    }
    expect(fields).toBeGreaterThan(25);
  });

  test("takes the default where there is one, also within a field", async () => {
    const settings = {
      top_k: null,
      mode: null,
      min_score: null,
      weight: null,
      expand: null,
      explain: null,
    };
    const filter = { doc_ids: null, file_types: ["txt"], metadata: null };
    const plain = await retrieve(user, kb, "不可抗力");
    expect(plain).toHaveLength(1);
    expect(await retrieve(user, kb, "不可抗力", settings)).toEqual(plain);
    expect(await retrieve(user, kb, "不可抗力", { filter: null })).toEqual(plain);
    expect(await retrieve(user, kb, "不可抗力", { filter })).toEqual(plain);
    const none = { filter: { ...filter, file_types: ["pdf"] } };
    expect(await retrieve(user, kb, "不可抗力", none)).toEqual([]);
  });

  test("makes a conversation with nothing but its model", async () => {
    const nothing = {
      title: null,
      api_key: null,
      system_prompt: null,
      temperature: null,
      top_p: null,
      max_tokens: null,
      kb_id: null,
      kb_ids: null,
    };
    const body = { model: "demo", ...nothing };
    const created = await read<Fields>(await user.post("/api/conversations/create", body));
    expect(created).toEqual({
      conversation_id: expect.any(Number),
      title: "新对话",
      model: "demo",
      created_time: expect.any(Number),
    });
  });

  test("asks, and does not edit", async () => {
    const id = await user.createConversation();
    const body = { message: "hello", edit_message_id: null };
    await readEvents(await user.post(`/api/chat/${id}`, body));
    await readEvents(await user.post(`/api/chat/${id}`, body));
    expect((await historyOf(user, id)).messages).toHaveLength(4);
    await readEvents(await user.post(`/api/chat/${id}/regenerate`, { message_id: null }));
  });
});

describe("null", () => {
  test("in a field that is needed is refused", async () => {
    for (const [path, body, field] of [
      ["/api/conversations/create", { model: null }, "model"],
      ["/api/rag/kb/create", { kb_name: null }, "kb_name"],
      ["/api/rag/retrieve", { kb_id: kb, query: null }, "query"],
      ["/api/keys", { name: "x", scopes: null }, "scopes"],
    ] as const) {
      const fault = await expectFault(await user.post(path, body, english), 400, "invalid_field");
      expect(fault.error).toStartWith(`Invalid field ${field}: `);
    }
    const names = await user.post("/api/rag/retrieve", {
      kb_id: kb,
      query: "x",
      filter: { doc_ids: [null] },
    });
    await expectFault(names, 400, "invalid_field");
  });

  test("takes a setting back where that is what it means", async () => {
    const update = (body: Fields) => user.post("/api/rag/kb/update", { kb_id: kb, ...body });
    await read(await update({ weight: 0.5 }));
    await read(await update({ kb_name: null, weight: null }));
    expect(await findKnowledgeBase(user, kb)).toMatchObject({ kb_name: "知识库", weight: null });
    const id = await user.createConversation({ temperature: 1 });
    const change = (body: Fields) => user.request("PATCH", `/api/conversations/${id}`, body);
    expect(await read(await change({ temperature: null }))).toMatchObject({ temperature: null });
    await expectFault(await change({ model: null }), 400, "invalid_field");
  });
});
