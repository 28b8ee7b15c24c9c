import { afterAll, describe, expect, test } from "bun:test";
import { estimateUsage, TokenCounter } from "../../src/providers/llm/usage.ts";

const counter = new TokenCounter();
afterAll(() => counter.close());

describe("TokenCounter", () => {
  test("counts in a Worker, in order, also while it starts", async () => {
    const counts = await Promise.all([
      counter.count(["hello world", "", "不可抗力"]),
      counter.count(["hello"]),
    ]);
    expect(counts).toEqual([[2, 0, 3], [1]]);
  });

  test("counts by rule where the Worker is gone", async () => {
    const closed = new TokenCounter();
    await closed.count(["a"]);
    await closed.close();
    expect(await closed.count(["不可抗力"])).toEqual([4]);
  });

  test("closes before it was ever used", async () => {
    await new TokenCounter().close();
  });
});

test("estimateUsage counts messages with their frame, and all that came of the answer", async () => {
  const prompt = [
    { role: "system" as const, content: "be brief" },
    { role: "user" as const, content: "hello world" },
  ];
  expect(await estimateUsage(counter, prompt, ["hello world", "hello"])).toEqual({
    promptTokens: 2 + 2 + 2 * 4 + 3,
    completionTokens: 3,
    totalTokens: 18,
    estimated: true,
  });
  expect(await estimateUsage(counter, [], [])).toMatchObject({ completionTokens: 0 });
});
