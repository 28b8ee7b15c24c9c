import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isChatGpt, readChatGpt } from "./chatgpt.ts";

type Fields = Readonly<Record<string, unknown>>;

interface Message {
  readonly role: string;
  readonly text?: string;
  readonly [field: string]: unknown;
}

/** A node as ChatGPT's export has it. */
function node(
  id: string,
  parent: string | null,
  children: string[],
  message: Message | null,
): [string, Fields] {
  if (message === null) return [id, { id, parent, children, message: null }];
  const { role, text = "", ...rest } = message;
  return [
    id,
    {
      id,
      parent,
      children,
      message: {
        id,
        author: { role, name: null, metadata: {} },
        create_time: 1700000000.5,
        update_time: null,
        content: { content_type: "text", parts: [text] },
        status: "finished_successfully",
        end_turn: null,
        weight: 1,
        metadata: {},
        recipient: "all",
        ...rest,
      },
    },
  ];
}

function read(nodes: [string, Fields][], rest: Fields = {}) {
  const file = {
    title: "Ownership",
    create_time: 1699999999.25,
    update_time: 1700000100,
    mapping: Object.fromEntries(nodes),
    current_node: nodes.at(-1)?.[0],
    default_model_slug: "gpt-4o",
    ...rest,
  };
  if (!isChatGpt(file)) throw new Error("not taken for ChatGPT's");
  return readChatGpt(file);
}

const shown = (conversation: ReturnType<typeof read>) =>
  conversation.messages.map(({ id, parentId, role, content }) => [id, parentId, role, content]);

const root = node("root", null, ["system"], null);
const system = node("system", "root", ["q"], {
  role: "system",
  metadata: { is_visually_hidden_from_conversation: true },
});

test("a conversation is read with what is known of it", () => {
  const conversation = read([
    root,
    system,
    node("q", "system", ["a"], { role: "user", text: "What is ownership?" }),
    node("a", "q", [], { role: "assistant", text: "A set of rules.", create_time: null }),
  ]);
  const message = {
    reasoning: null,
    status: "complete",
    finishReason: null,
    sources: null,
    pieces: null,
    usage: null,
    model: null,
  } as const;
  expect(conversation).toEqual({
    title: "Ownership",
    untitled: false,
    model: "gpt-4o",
    systemPrompt: null,
    temperature: null,
    topP: null,
    maxTokens: null,
    knowledgeBaseIds: [],
    tip: 2,
    createdTime: 1699999999,
    messages: [
      {
        ...message,
        id: 1,
        parentId: null,
        role: "user",
        content: "What is ownership?",
        createdTime: 1700000000,
      },
      {
        ...message,
        id: 2,
        parentId: 1,
        role: "assistant",
        content: "A set of rules.",
        createdTime: 1699999999,
      },
    ],
  });
});

test("branches are kept, in their order, with the one that is shown", () => {
  const nodes = [
    root,
    system,
    node("q", "system", ["a1", "a2"], { role: "user", text: "q" }),
    node("a1", "q", ["q2"], { role: "assistant", text: "a1" }),
    node("q2", "a1", ["a3"], { role: "user", text: "q2" }),
    node("a3", "q2", [], { role: "assistant", text: "a3" }),
    node("a2", "q", [], { role: "assistant", text: "a2" }),
  ];
  const conversation = read(nodes, { current_node: "a3" });
  expect(shown(conversation)).toEqual([
    [1, null, "user", "q"],
    [2, 1, "assistant", "a1"],
    [3, 2, "user", "q2"],
    [4, 3, "assistant", "a3"],
    [5, 1, "assistant", "a2"],
  ]);
  expect(conversation.tip).toBe(4);
  expect(read(nodes, { current_node: "gone" }).tip).toBe(5);
});

test("tools are left out, and an answer that they cut in pieces is one", () => {
  const conversation = read([
    root,
    system,
    node("q", "system", ["a1"], { role: "user", text: "q" }),
    node("a1", "q", ["call"], { role: "assistant", text: "Let me look." }),
    node("call", "a1", ["result"], {
      role: "assistant",
      recipient: "browser",
      content: { content_type: "code", text: "search()" },
    }),
    node("result", "call", ["a2"], { role: "tool", text: "found" }),
    node("a2", "result", ["q2"], { role: "assistant", text: "It is so." }),
    node("q2", "a2", [], { role: "user", text: "Thanks" }),
  ]);
  expect(shown(conversation)).toEqual([
    [1, null, "user", "q"],
    [2, 1, "assistant", "Let me look.\n\nIt is so."],
    [3, 2, "user", "Thanks"],
  ]);
  expect(conversation.tip).toBe(3);
});

test("two answers side by side stay two, whoever they follow", () => {
  const conversation = read([
    root,
    node("a", "root", ["b", "c"], { role: "assistant", text: "a" }),
    node("b", "a", [], { role: "assistant", text: "b" }),
    node("c", "a", [], { role: "assistant", text: "c" }),
  ]);
  expect(shown(conversation)).toEqual([
    [1, null, "assistant", "a"],
    [2, 1, "assistant", "b"],
    [3, 1, "assistant", "c"],
  ]);
});

test("of a message with images and files, the texts are kept", () => {
  const parts = [
    { content_type: "image_asset_pointer", asset_pointer: "file-service://x" },
    "What is this?",
    { content_type: "audio_transcription", text: "Tell me." },
    7,
    "",
  ];
  const conversation = read([
    root,
    node("q", "root", ["a"], {
      role: "user",
      content: { content_type: "multimodal_text", parts },
    }),
    node("a", "q", ["b"], {
      role: "assistant",
      content: { content_type: "thoughts", thoughts: [{ content: "hm" }] },
    }),
    node("b", "a", [], {
      role: "assistant",
      content: { content_type: "text", parts: [{ content_type: "image_asset_pointer" }] },
    }),
  ]);
  expect(shown(conversation)).toEqual([[1, null, "user", "What is this?\n\nTell me."]]);
  expect(conversation.tip).toBe(1);
});

describe("what a file does not say is made up sensibly", () => {
  const nodes = [
    root,
    node("q", "root", ["a"], { role: "user", text: "# 介绍一下 RUST\n\n谢谢" }),
    node("a", "q", [], { role: "assistant", text: "a", metadata: { model_slug: "o3" } }),
  ];
  test.each([
    ["the title", { title: null }, { title: "介绍一下 RUST" }],
    ["the title", { title: "  " }, { title: "介绍一下 RUST" }],
    ["the title", { title: `${"x".repeat(199)}😀` }, { title: "x".repeat(199) }],
    ["the model", { default_model_slug: null }, { model: "o3" }],
    ["the model", { default_model_slug: "x".repeat(201) }, { model: "gpt-4o" }],
    ["the tip", { current_node: 7 }, { tip: 2 }],
  ])("%s", (_, rest, expected) => {
    expect(read(nodes, rest)).toMatchObject(expected);
  });

  test("the time", () => {
    for (const create_time of [null, "x", -1, 1e300, undefined]) {
      const { createdTime } = read(nodes, { create_time });
      expect(createdTime - Date.now() / 1000).toBeWithin(-60, 1);
    }
  });
});

test("a tree without end is walked once, and one without a root not at all", () => {
  const ring = [
    node("a", "root", ["b"], { role: "user", text: "a" }),
    node("b", "a", ["a", "b", "root"], { role: "assistant", text: "b" }),
  ];
  expect(shown(read([node("root", null, ["a", "a", "gone"], null), ...ring]))).toHaveLength(2);
  expect(read(ring.map(([id, fields]) => [id, { ...fields, parent: "b" }]))).toMatchObject({
    messages: [],
    knowledgeBaseIds: [],
    tip: null,
  });
});

test("a tree of any depth is read, up to a number of messages", () => {
  const chain = (length: number): [string, Fields][] =>
    Array.from({ length }, (_, i) =>
      node(`${i}`, i === 0 ? null : `${i - 1}`, [`${i + 1}`], {
        role: i % 2 === 0 ? "user" : "assistant",
        text: `${i}`,
      }),
    );
  expect(read(chain(10_000)).messages).toHaveLength(10_000);
  expect(() => read(chain(10_001))).toThrow("invalid_field");
});

test("anything at all in a file is a conversation whose messages form a tree, or a fault", () => {
  const id = fc.constantFrom("a", "b", "c", "d", "e", "__proto__");
  const junk = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constant(undefined));
  const message = fc.record(
    {
      author: fc.oneof(fc.record({ role: fc.constantFrom("user", "assistant", "tool") }), junk),
      content: fc.oneof(fc.record({ parts: fc.array(fc.oneof(fc.string(), junk)) }), junk),
      create_time: junk,
      recipient: junk,
      metadata: junk,
    },
    { requiredKeys: [] },
  );
  const anyNode = fc.record({
    parent: fc.oneof(id, junk),
    children: fc.oneof(fc.array(id), junk),
    message: fc.oneof(message, junk),
  });
  const mapping = fc.oneof(fc.dictionary(id, fc.oneof(anyNode, junk)), junk);
  const file = fc.record({ mapping, title: junk, current_node: fc.oneof(id, junk) });
  fc.assert(
    fc.property(file, (given) => {
      let conversation: ReturnType<typeof readChatGpt>;
      try {
        conversation = readChatGpt(given);
      } catch (error) {
        expect(error).toMatchObject({ code: "invalid_field", parameters: { field: "mapping" } });
        return;
      }
      const { messages, tip } = conversation;
      for (const [at, { id: own, parentId, content }] of messages.entries()) {
        expect(own).toBe(at + 1);
        expect(parentId ?? 0).toBeLessThan(own);
        expect(content).not.toBe("");
      }
      expect(tip === null ? messages : messages.map((each) => each.id)).toEqual(
        tip === null ? [] : expect.arrayContaining([tip]),
      );
    }),
  );
});
