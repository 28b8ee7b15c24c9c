import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readEvents } from "../chat-stream.ts";
import { useApp } from "../use-app.ts";
import { expectFault } from "./expect-fault.ts";
import { createKnowledgeBase, read, retrieve, type UploadAnswer, uploadForm } from "./knowing.ts";

const { user, log } = useApp();

const english = { "accept-language": "en" };

let kb: string;
/** Ids by name. */
const ids = new Map<string, string>();

async function add(name: string, text: string, metadata: Record<string, string>): Promise<void> {
  const form = uploadForm(kb, name, text);
  form.set("metadata", JSON.stringify(metadata));
  const answer = await read<UploadAnswer>(await user.post("/api/rag/doc/upload", form));
  ids.set(name, answer.doc_id);
}

beforeAll(async () => {
  kb = await createKnowledgeBase(user);
  // More good matches than either search brings candidates.
  const good = Array.from({ length: 150 }, (_, at) => `# 苹果 ${at}\n\n苹果 苹果 第${at}种苹果。`);
  await add("good.md", good.join("\n\n"), { kind: "fruit", year: "2023" });
  await add("weak.md", "# 市场\n\n市场上有梨子、西瓜，也有一些苹果。", {
    kind: "market",
    year: "2024",
  });
  await add("other.txt", "苹果公司的一份报告，内容很长，说的是手机与电脑。", { year: "2024" });
});
afterAll(() => {
  expect(log.complaints).toEqual([]);
});

const names = async (filter: object | undefined, settings: object = {}): Promise<string[]> => {
  const found = await retrieve(user, kb, "苹果", { top_k: 50, filter, ...settings });
  return [...new Set(found.map(({ doc_name }) => doc_name))].toSorted();
};

const all = ["good.md", "other.txt", "weak.md"];

describe("a search among some documents", () => {
  test.each(["hybrid", "vector", "keyword"])(
    "finds what it would not find among all: %s",
    async (mode) => {
      expect(await names(undefined, { mode })).toEqual(["good.md"]);
      const filter = { doc_ids: [ids.get("weak.md")] };
      expect(await names(filter, { mode })).toEqual(["weak.md"]);
    },
  );

  test.each([
    [
      "doc_ids",
      () => ({ doc_ids: [ids.get("weak.md")?.toUpperCase(), ids.get("other.txt")] }),
      ["other.txt", "weak.md"],
    ],
    ["file_types", () => ({ file_types: ["txt"] }), ["other.txt"]],
    ["another name of a type", () => ({ file_types: [".Markdown"] }), ["good.md", "weak.md"]],
    ["metadata", () => ({ metadata: { year: "2024" } }), ["other.txt", "weak.md"]],
    ["metadata of any of several", () => ({ metadata: { kind: ["market", "none"] } }), ["weak.md"]],
    [
      "metadata of several keys",
      () => ({ metadata: { kind: " market ", year: ["2024"] } }),
      ["weak.md"],
    ],
    ["all at once", () => ({ file_types: ["md"], metadata: { year: "2024" } }), ["weak.md"]],
    ["nothing", () => ({}), ["good.md"]],
  ] as [string, () => object, string[]][])("by %s", async (_, filter, expected) => {
    const found = await names(filter());
    // The good ones crowd out the others where they are not left out.
    expect(found).toEqual(expected.includes("good.md") ? ["good.md"] : expected);
    expect(found.every((name) => all.includes(name))).toBe(true);
  });

  test.each([
    { doc_ids: [] },
    { doc_ids: ["0198f0c4-9d3b-7e21-a6b5-2f4c8d1e7a90"] },
    { file_types: ["pdf"] },
    { metadata: { year: "1999" } },
    { metadata: { year: [] } },
    { metadata: { "'; DROP TABLE documents; --": "x" } },
    { metadata: { $: "2024" } },
    { metadata: { __proto__: null, constructor: "x" } },
    { file_types: ["txt"], metadata: { kind: "fruit" } },
  ] as object[])("finds nothing where nothing fits: %j", async (filter) => {
    expect(await names(filter)).toEqual([]);
  });

  test("finds no document of another knowledge base", async () => {
    const other = await createKnowledgeBase(user);
    const filter = { doc_ids: [ids.get("weak.md")] };
    expect(await retrieve(user, other, "苹果", { filter })).toEqual([]);
  });

  test.each([
    ["filter", []],
    ["filter.doc_ids.0", { doc_ids: ["x"] }],
    ["filter.file_types", { file_types: "pdf" }],
    ["filter.metadata.year", { metadata: { year: 2024 } }],
    ["filter.document_ids", { document_ids: [] }],
  ])("names %s at fault in %j", async (field, filter) => {
    const body = { kb_id: kb, query: "苹果", filter };
    const response = await user.post("/api/rag/retrieve", body, english);
    const fault = await expectFault(response, 400, "invalid_field");
    expect(fault.error).toStartWith(`Invalid field ${field}: `);
  });
});

test("an answer is grounded in the documents that fit", async () => {
  const conversation_id = await user.createConversation({ model: "demo" });
  const question = { conversation_id, kb_id: kb, message: "苹果", filter: { file_types: ["txt"] } };
  const events = await readEvents(await user.post("/api/rag/chat", question));
  const sources = events.find(({ event }) => event === "sources");
  expect(sources?.data).toMatchObject([{ number: 1, doc_name: "other.txt" }]);
  const wrong = await user.post("/api/rag/chat", { ...question, filter: { types: [] } });
  await expectFault(wrong, 400, "invalid_field");
});
