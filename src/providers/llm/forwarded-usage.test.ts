import { describe, expect, test } from "bun:test";
import { forwardedUsage, type PortionUsage, portionUsage } from "./forwarded-usage.ts";

const bytes = (value: unknown): Uint8Array =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value));

const stream = (...chunks: unknown[]): string =>
  chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("");

/** What is made of a request with the message "ask" and this answer, a character being a token. */
function usageOf(
  answer: unknown,
  request: unknown = { messages: [{ role: "user", content: "ask" }] },
  portions: readonly unknown[] = [],
) {
  const counted: string[] = [];
  const count = (texts: readonly string[]): number[] => {
    counted.push(...texts);
    return texts.map(({ length }) => length);
  };
  const earlier: PortionUsage[] = portions.map((portion) => portionUsage(bytes(portion), count));
  const forwarded = { request: bytes(request), earlier, answer: bytes(answer) };
  return { usage: forwardedUsage(forwarded, count), counted };
}

const told = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 };
const asTold = { promptTokens: 7, completionTokens: 3, totalTokens: 10, estimated: false };
const said = (content: string, index = 0) => ({ choices: [{ index, delta: { content } }] });

describe("what a provider says", () => {
  test.each([
    ["in a document", { choices: [], usage: told }],
    ["behind a stream", `${stream(said("a"), { choices: [], usage: told })}data: [DONE]\n\n`],
    ["in a choice", stream(said("a"), { choices: [{ index: 0, delta: {}, usage: told }] })],
    ["again and again", stream({ ...said("a"), usage: { prompt_tokens: 1 } }, { usage: told })],
  ])("%s is taken", (_, answer) => {
    expect(usageOf(answer)).toEqual({ usage: asTold, counted: [] });
  });
});

describe("what it does not say is counted", () => {
  const ofPrompt = 3 + 4 + 3;

  test("of a stream, choice by choice, as far as it came", () => {
    const answer = `${stream(said("ab"), said("x", 1), { choices: [{ index: 0, delta: { reasoning: "hm" } }] }, said("cd"))}data: {"cho`;
    const { usage, counted } = usageOf(answer);
    expect(counted).toEqual(["ask", "abhmcd", "x"]);
    expect(usage).toEqual({
      promptTokens: ofPrompt,
      completionTokens: 7,
      totalTokens: ofPrompt + 7,
      estimated: true,
    });
  });

  test("of a document, the names and arguments of calls included", () => {
    const message = {
      content: null,
      tool_calls: [{ function: { name: "find", arguments: '{"q":1}' } }],
    };
    const { counted } = usageOf({ choices: [{ index: 0, message }] });
    expect(counted).toEqual(["ask", 'find{"q":1}']);
  });

  test("also of what is none of the protocol", () => {
    for (const answer of [
      "",
      "<html>",
      "null",
      "[1]",
      stream(1, null, { choices: {} }),
      ": hi\n\n",
    ]) {
      expect(usageOf(answer).usage).toMatchObject({ promptTokens: ofPrompt, completionTokens: 0 });
    }
    for (const request of ["", "[]", { messages: "x" }, { messages: [1, null] }]) {
      expect(usageOf("", request).usage.completionTokens).toBe(0);
    }
  });
});

describe("an answer in portions", () => {
  const request = { messages: [{ role: "user", content: "ask" }] };

  test("is counted in all of them", () => {
    const portions = [stream(said("ab"), said("x", 1)), stream(said("cde"))];
    const { usage, counted } = usageOf(stream(said("f")), request, portions);
    expect(counted).toEqual(["ab", "x", "cde", "ask", "f"]);
    expect(usage).toMatchObject({ completionTokens: 7, totalTokens: usage.promptTokens + 7 });
  });

  test("is what the provider said, wherever", () => {
    const before = stream(said("a"), { usage: { prompt_tokens: 1 } });
    expect(usageOf(stream(said("b")), request, [before]).usage.estimated).toBe(false);
    const last = stream({ choices: [], usage: told });
    expect(usageOf(last, request, [before]).usage).toEqual(asTold);
    expect(usageOf("", request, [before, last]).usage).toEqual(asTold);
  });
});
