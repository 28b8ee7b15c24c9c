import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { ChatMessage } from "../../providers/llm/index.ts";
import type { Message } from "../../store/conversations.ts";
import { estimateTokens } from "../../text/tokens.ts";
import { buildMessages, groundedQuestion } from "./prompt.ts";

const message = (role: "user" | "assistant", content: string): Message => ({
  id: 1,
  parentId: null,
  role,
  content,
  reasoning: null,
  status: "complete",
  finishReason: null,
  sources: null,
  pieces: null,
  usage: null,
  model: null,
  createdTime: 0,
});

const build = (options: Partial<Parameters<typeof buildMessages>[0]>): ChatMessage[] =>
  buildMessages({
    systemPrompt: "be brief",
    history: [],
    newest: "newest",
    contextTokens: 1000,
    maxTokens: 100,
    ...options,
  });

const contents = (messages: readonly { content: string }[]) =>
  messages.map(({ content }) => content);

const size = (messages: readonly { content: string }[]): number =>
  messages.reduce((sum, { content }) => sum + estimateTokens(content) + 4, 0);

describe("what the model is sent", () => {
  test("is the system prompt, the history and the newest message", () => {
    const history = [message("user", "one"), message("assistant", "two")];
    expect(build({ history })).toEqual([
      { role: "system", content: "be brief" },
      { role: "user", content: "one" },
      { role: "assistant", content: "two" },
      { role: "user", content: "newest" },
    ]);
  });

  test("has no empty message: providers refuse them", () => {
    const history = [message("user", "one"), message("assistant", ""), message("user", "two")];
    expect(contents(build({ systemPrompt: "", history }))).toEqual(["one", "two", "newest"]);
  });

  test("keeps prompt and newest message, however small the window", () => {
    const newest = "很长".repeat(1000);
    const history = [message("user", "one")];
    expect(contents(build({ newest, history, contextTokens: 256 }))).toEqual(["be brief", newest]);
  });

  test("keeps some history, however long the answer is asked to be", () => {
    const history = [message("user", "one"), message("assistant", "two")];
    for (const maxTokens of [4096, 10_000_000]) {
      const kept = build({ history, contextTokens: 4096, maxTokens });
      expect(contents(kept)).toEqual(["be brief", "one", "two", "newest"]);
    }
  });

  test("is the longest end of the history that fits and begins with a question", () => {
    const text = fc.oneof(
      fc.constant(""),
      fc.string({ maxLength: 60 }),
      fc.string({ unit: fc.constantFrom("汉", "字", "a", " "), maxLength: 120 }),
    );
    const role = fc.constantFrom("user", "assistant");
    fc.assert(
      fc.property(
        fc.array(fc.tuple(role, text), { maxLength: 12 }),
        text,
        text,
        fc.integer({ min: 256, max: 600 }),
        fc.option(fc.integer({ min: 1, max: 400 })),
        (turns, systemPrompt, newest, contextTokens, maxTokens) => {
          const history = turns.map(([role, content]) => message(role, content));
          const built = build({ history, systemPrompt, newest, contextTokens, maxTokens });

          const past = history.filter(({ content }) => content !== "");
          const fixed = [...(systemPrompt === "" ? [] : [systemPrompt]), newest];
          const answer =
            maxTokens === null
              ? Math.min(4096, contextTokens / 4)
              : Math.min(maxTokens, contextTokens * 0.75);
          const room = contextTokens - answer - size(fixed.map((content) => ({ content })));
          const ends = past.map((_, first) => past.slice(first));
          const longest =
            ends.find((end) => end[0]?.role !== "assistant" && size(end) <= room) ?? [];
          expect(built).toEqual([
            ...(systemPrompt === "" ? [] : [{ role: "system", content: systemPrompt }]),
            ...longest.map(({ role, content }) => ({ role, content })),
            { role: "user", content: newest },
          ] as ChatMessage[]); // Literal types are lost in the spread.
        },
      ),
    );
  });
});

describe("a question over passages", () => {
  const passage = (number: number, content: string, documentName = "a.txt") => ({
    number,
    content,
    documentName,
  });

  test("stands behind the numbered passages, in its own language", () => {
    const asked = groundedQuestion("什么是不可抗力？", [passage(1, "甲"), passage(2, "乙")]);
    expect(asked).toContain('<passage number="1" document="a.txt">\n甲\n</passage>');
    expect(asked).toContain('<passage number="2" document="a.txt">\n乙\n</passage>');
    expect(asked).toEndWith("问题：什么是不可抗力？");
    expect(groundedQuestion("What is it?", [])).toEndWith(
      "(No passage was found.)\n\nQuestion: What is it?",
    );
  });

  test("cannot be escaped from within a passage or its name", () => {
    const hostile = fc.string({
      unit: fc.constantFrom("<", "/", "passage", "PASSAGE", ">", '"', "\n", " ", "x", "<passage"),
      maxLength: 12,
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(hostile, hostile), { maxLength: 3 }), (texts) => {
        const passages = texts.map(([content, name], index) => passage(index + 1, content, name));
        const asked = groundedQuestion("ask", passages);
        for (const shape of [
          /<passage/gi,
          /<\/passage/gi,
          /^<passage number="\d" document="[^"\n]*">$/gm,
        ]) {
          expect(asked.match(shape) ?? []).toHaveLength(texts.length);
        }
      }),
    );
  });
});
