import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { type ChatEvent, messageText, readEvents } from "../chat-stream.ts";
import type { Caller } from "../harness.ts";
import { until } from "../until.ts";
import { answer } from "../upstream-scripts.ts";
import { useApp } from "../use-app.ts";
import { ask, historyOf } from "./conversing.ts";
import { expectFault } from "./expect-fault.ts";
import { createKnowledgeBase, findKnowledgeBase, read, upload } from "./knowing.ts";

const { app, user, stranger, log } = useApp();

const english = { "accept-language": "en" };
const nowhere = "0198f0c4-7a11-7c3e-9f02-1b6d5e8a4c70";
const aboutTea = "How hot is the water for green tea?";

interface SourcesEvent extends ChatEvent {
  readonly data: readonly { readonly number: number; readonly doc_name: string }[];
  readonly query?: string;
}

interface Attached {
  readonly kb_ids?: readonly string[];
}

let tea: string;
let rust: string;
let foreign: string;
let id: number;

beforeAll(async () => {
  foreign = await createKnowledgeBase(stranger);
  tea = await filled("tea.txt", "Green tea is brewed at 80 degrees for two minutes.");
  rust = await filled("rust.txt", "Rust 是一种系统编程语言，由 Graydon Hoare 设计。");
});
afterAll(() => {
  expect(log.complaints).toEqual([]);
});

beforeEach(async () => {
  id = await user.createConversation({ kb_ids: [tea] });
});

/** A knowledge base with one document. */
async function filled(name: string, text: string): Promise<string> {
  const kb = await createKnowledgeBase(user);
  await read(await upload(user, kb, name, text));
  return kb;
}

const change = (body: Record<string, unknown>, headers = {}, caller = user): Promise<Response> =>
  caller.request("PATCH", `/api/conversations/${id}`, body, { headers });

const created = (body: Record<string, unknown>, headers = {}): Promise<Response> =>
  user.post("/api/conversations/create", { model: "scripted/model", ...body }, headers);

/** What callers are told to be attached, in the history and in the list. */
async function shown(): Promise<unknown[]> {
  const list: (Attached & { conversation_id: number })[] = await read(
    await user.get("/api/conversations/list"),
  );
  const listed = list.find(({ conversation_id }) => conversation_id === id);
  const history: Attached = await read(await user.get(`/api/conversations/history/${id}`));
  expect(listed?.kb_ids).toEqual(history.kb_ids);
  return [...(history.kb_ids ?? [])];
}

// The `sources` event alone has a list for data.
const sourcesOf = (events: readonly ChatEvent[]) =>
  events.find(({ event }) => event === "sources") as SourcesEvent | undefined;

const documents = (events: readonly ChatEvent[]) =>
  sourcesOf(events)?.data.map(({ doc_name }) => doc_name);

/** The newest message that the provider was sent. */
function prompt(): string {
  // What our own client sends; anything else should fail the test.
  const body = app.upstream.requests.at(-1)?.body as { messages: { content: string }[] };
  return body.messages.at(-1)?.content ?? "";
}

describe("attaching", () => {
  test("is done at creation, and shown wherever settings are", async () => {
    expect(await shown()).toEqual([tea]);
    expect(await read(await change({}))).toMatchObject({ kb_ids: [tea] });
    const echo = await read(await created({ kb_ids: [rust.toUpperCase(), tea, rust] }));
    expect(echo).toMatchObject({ kb_ids: [rust, tea] });
    const single = await read<Attached>(await created({ kb_id: tea, kb_ids: [rust] }));
    expect(single.kb_ids).toEqual([tea, rust]);
  });

  test("is left out where nothing is attached", async () => {
    for (const none of [{}, { kb_ids: [] }]) {
      id = (await read<{ conversation_id: number }>(await created(none))).conversation_id;
      expect(await shown()).toEqual([]);
      expect(await historyOf(user, id)).not.toHaveProperty("kb_ids");
      expect(await read(await change({}))).toMatchObject({ kb_ids: [] });
    }
  });

  test("is changed, kept and taken back, also in a history that is cached", async () => {
    for (const [body, kb_ids] of [
      [{ kb_ids: [rust, tea] }, [rust, tea]],
      [{ title: "other" }, [rust, tea]],
      [{ kb_ids: null }, []],
      [{ kb_id: rust }, [rust]],
      [{ kb_id: null }, []],
      [{ kb_ids: [tea] }, [tea]],
      [{ kb_ids: [] }, []],
    ] as const) {
      expect([body, await read(await change(body))]).toMatchObject([body, { kb_ids }]);
      expect([body, await shown()]).toEqual([body, [...kb_ids]]);
    }
  });

  test("outlives the server", async () => {
    await change({ kb_ids: [rust, tea] });
    await app.restart();
    expect(await shown()).toEqual([rust, tea]);
  });

  test("takes the caller's own alone, and all or none", async () => {
    for (const kb_ids of [[foreign], [nowhere], [tea, foreign], [nowhere, rust]]) {
      await expectFault(await change({ kb_ids, title: "x" }), 404, "knowledge_base_not_found");
      await expectFault(await created({ kb_ids }), 404, "knowledge_base_not_found");
    }
    expect(await shown()).toEqual([tea]);
    expect((await historyOf(user, id)).title).toBe("测试");
    const same = { "x-request-id": "same" };
    const theirs = await expectFault(
      await change({ kb_id: foreign }, same),
      404,
      "knowledge_base_not_found",
    );
    expect(
      await expectFault(await change({ kb_id: nowhere }, same), 404, "knowledge_base_not_found"),
    ).toEqual(theirs);
  });

  test("to another user's conversation is refused like to none", async () => {
    const theirs = { kb_ids: [foreign] };
    await expectFault(await change(theirs, {}, stranger), 404, "conversation_not_found");
    await expectFault(await change({ kb_ids: null }, {}, stranger), 404, "conversation_not_found");
    expect(await shown()).toEqual([tea]);
  });

  const many = Array.from({ length: 21 }, () => nowhere);

  test.each([
    ["kb_ids", { kb_ids: "x" }, "it must be an array"],
    ["kb_ids", { kb_ids: nowhere }, "it must be an array"],
    ["kb_ids", { kb_ids: {} }, "it must be an array"],
    ["kb_ids.0", { kb_ids: [1] }, "it must be a string"],
    ["kb_ids.0", { kb_ids: [null] }, "it must be a string"],
    ["kb_ids.1", { kb_ids: [nowhere, "../x"] }, "it must be a UUID"],
    ["kb_ids", { kb_ids: many }, "at most 20 of them"],
    ["kb_id", { kb_id: 7 }, "it must be a string"],
    ["kb_id", { kb_id: "" }, "it must be a UUID"],
  ])("with a wrong %s is refused", async (field, body, reason) => {
    for (const response of [await change(body, english), await created(body, english)]) {
      const fault = await expectFault(response, 400, "invalid_field");
      expect(fault.error).toBe(`Invalid field ${field}: ${reason}`);
    }
    expect(await shown()).toEqual([tea]);
  });
});

describe("a knowledge base that is deleted", () => {
  test("falls off its conversations at once, and they go on", async () => {
    const gone = await filled("gone.txt", "Black tea is brewed at 95 degrees.");
    await change({ kb_ids: [gone, rust] });
    expect(await shown()).toEqual([gone, rust]);
    await read(await user.post("/api/rag/kb/delete", { kb_id: gone }));
    expect(await shown()).toEqual([rust]);
    expect(documents(await readEvents(await ask(user, id, "谁设计了 Rust？")))).toEqual([
      "rust.txt",
    ]);
    await expectFault(await change({ kb_ids: [gone] }), 404, "knowledge_base_not_found");
  });

  test("leaves a conversation that had no other to the model alone", async () => {
    const gone = await filled("gone.txt", "Black tea is brewed at 95 degrees.");
    await change({ kb_ids: [gone] });
    await read(await user.post("/api/rag/kb/delete", { kb_id: gone }));
    await until(async () => (await findKnowledgeBase(user, gone)) === undefined, "it to be gone");
    expect(sourcesOf(await readEvents(await ask(user, id, "hello")))).toBeUndefined();
    expect(prompt()).toBe("hello");
  });
});

describe("a plain question in such a conversation", () => {
  test("is answered from what is attached, as by rag/chat", async () => {
    app.upstream.script(answer(["80 degrees [1]"]), answer(["80 degrees [1]"]));
    const events = await readEvents(await ask(user, id, aboutTea));
    expect(prompt()).toContain('<passage number="1" document="tea.txt">');
    expect(prompt()).toEndWith(`Question: ${aboutTea}`);
    const other = await user.createConversation();
    const question = { conversation_id: other, kb_id: tea, message: aboutTea };
    const grounded = await readEvents(await user.post("/api/rag/chat", question));
    expect(events).toEqual(grounded);
    const { messages } = await historyOf(user, id);
    expect(messages).toMatchObject([{ content: aboutTea }, { content: "80 degrees [1]" }]);
    expect(messages[1]?.sources).toEqual([...(sourcesOf(events)?.data ?? [])]);
    expect(await readEvents(await user.get(`/api/chat/${id}/stream`))).toEqual(events);
  });

  test("by the model demo quotes what it found", async () => {
    await change({ model: "demo", kb_ids: [rust, tea] });
    const before = app.upstream.requests.length;
    const events = await readEvents(await ask(user, id, "谁设计了 Rust？"));
    expect(documents(events)?.[0]).toBe("rust.txt");
    expect(messageText(events)).toContain("Graydon Hoare 设计。[1]");
    expect(app.upstream.requests).toHaveLength(before);
  });

  test("that follows another is made to stand by itself first", async () => {
    app.upstream.script(answer(["80 degrees"]), answer(["How long is green tea brewed?"]));
    app.upstream.script(answer(["two minutes [1]"]));
    await readEvents(await ask(user, id, aboutTea));
    const events = await readEvents(await ask(user, id, "And how long?"));
    expect(sourcesOf(events)?.query).toBe("How long is green tea brewed?");
    expect(prompt()).toEndWith("Question: And how long?");
  });

  test("may be as long or as empty as any", async () => {
    await readEvents(await ask(user, id, aboutTea));
    const before = app.upstream.requests.length;
    const article = `${aboutTea} ${"Water. ".repeat(20_000)}`;
    expect(documents(await readEvents(await ask(user, id, article)))).toEqual(["tea.txt"]);
    expect(documents(await readEvents(await ask(user, id, " \n")))).toEqual([]);
    // Neither was rewritten: what is so long stands by itself.
    expect(app.upstream.requests.length - before).toBe(2);
    expect((await historyOf(user, id)).messages[2]?.content).toBe(article);
  });

  test("that is edited is searched for anew", async () => {
    await change({ kb_ids: [rust, tea] });
    app.upstream.script(answer(["a"]), answer(["b"]));
    await readEvents(await ask(user, id, aboutTea));
    const edited = { message: "谁设计了 Rust？", edit_message_id: 1 };
    const events = await readEvents(await user.post(`/api/chat/${id}`, edited));
    expect(documents(events)?.[0]).toBe("rust.txt");
    expect(messageText(events)).toBe("b");
  });

  test("is answered again from what is attached then", async () => {
    app.upstream.script(answer(["a"]), answer(["b"]), answer(["c"]));
    await readEvents(await ask(user, id, "Rust"));
    const again = () => user.post(`/api/chat/${id}/regenerate`);
    expect(documents(await readEvents(await again()))).toEqual(["tea.txt"]);
    await change({ kb_ids: [rust] });
    expect(documents(await readEvents(await again()))).toEqual(["rust.txt"]);
    expect(prompt()).toContain("Graydon Hoare");
  });

  test("over other knowledge bases by rag/chat leaves them aside", async () => {
    const question = { conversation_id: id, kb_id: rust, message: "Rust" };
    expect(documents(await readEvents(await user.post("/api/rag/chat", question)))).toEqual([
      "rust.txt",
    ]);
  });

  test("begins to be grounded with the next answer, and ends so", async () => {
    await change({ kb_ids: null });
    expect(sourcesOf(await readEvents(await ask(user, id, aboutTea)))).toBeUndefined();
    await change({ kb_ids: [tea] });
    app.upstream.script(answer([aboutTea]), answer(["80"]));
    expect(documents(await readEvents(await ask(user, id, aboutTea)))).toEqual(["tea.txt"]);
    await change({ kb_ids: [] });
    expect(sourcesOf(await readEvents(await ask(user, id, aboutTea)))).toBeUndefined();
  });
});

describe("a file of such a conversation", () => {
  const bring = async (caller: Caller, file: unknown): Promise<number> => {
    const response = await caller.post("/api/conversations/import", JSON.stringify(file), {
      "content-type": "application/json",
    });
    const [imported = 0] = (await read<{ conversation_ids: number[] }>(response)).conversation_ids;
    return imported;
  };

  test("names what is attached, and comes back attached to it", async () => {
    await change({ kb_ids: [rust, tea] });
    const file = await read<Attached>(await user.get(`/api/conversations/${id}/export`));
    expect(file.kb_ids).toEqual([rust, tea]);
    id = await bring(user, file);
    expect(await shown()).toEqual([rust, tea]);
    await change({ kb_ids: null });
    expect(await read(await user.get(`/api/conversations/${id}/export`))).not.toHaveProperty(
      "kb_ids",
    );
  });

  test("brings nothing that is not the caller's own", async () => {
    const file = await read<Attached>(await user.get(`/api/conversations/${id}/export`));
    const theirs = await bring(stranger, file);
    expect(await historyOf(stranger, theirs)).not.toHaveProperty("kb_ids");
    const gone = await createKnowledgeBase(user);
    await read(await user.post("/api/rag/kb/delete", { kb_id: gone }));
    const kb_ids = [foreign, "no id at all", gone, tea.toUpperCase(), nowhere, tea];
    id = await bring(user, { ...file, kb_ids });
    expect(await shown()).toEqual([tea]);
  });

  test("with anything else in its place is refused", async () => {
    const file = await read<Attached>(await user.get(`/api/conversations/${id}/export`));
    for (const kb_ids of [null, "x", {}, [1], Array.from({ length: 21 }, () => tea)]) {
      const body = JSON.stringify({ ...file, kb_ids });
      const response = await user.post("/api/conversations/import", body, {
        "content-type": "application/json",
      });
      await expectFault(response, 400, "invalid_field");
    }
  });
});
