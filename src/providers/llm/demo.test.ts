import { describe, expect, test } from "bun:test";
import { createDemoChat } from "./demo.ts";
import type { ChatDelta, ChatRequest, Passage } from "./index.ts";

const never = new AbortController().signal;
const asked = { userId: 1, model: "demo", messages: [] };
const passage = (number: number, content: string): Passage => ({
  number,
  content,
  documentName: "doc",
});

async function ask(request: Partial<ChatRequest> & { readonly question: string }) {
  const messages = [{ role: "user" as const, content: request.question }];
  const stream = await createDemoChat().stream({ ...asked, messages, ...request }, never);
  const deltas: ChatDelta[] = [];
  await stream.each((piece) => deltas.push(...piece));
  const texts = deltas.flatMap((delta) => (delta.type === "content" ? [delta.text] : []));
  return { deltas, texts, text: texts.join("") };
}

/** Counts the rounds of the event loop from now on, up to `limit`. */
function countTurns(limit: number): { done: number } {
  const turns = { done: 0 };
  const count = () => {
    turns.done++;
    if (turns.done < limit) setImmediate(count);
  };
  setImmediate(count);
  return turns;
}

const contract = [
  passage(1, "# 第五章 付款\n\n货款应在收货后三十日内付清。逾期付款的，按日支付违约金。"),
  passage(
    2,
    "# 第八章 不可抗力\n\n不可抗力是指不能预见、不能避免且不能克服的客观情况。受影响的一方应当在十五日内通知对方。",
  ),
];
const rust = [
  passage(1, "Rust is a systems language. It was designed by Graydon Hoare at Mozilla in 2006."),
  passage(
    2,
    "Memory safety in Rust is checked by the borrow checker at version 1.0 and later. Go has a collector.",
  ),
];

describe("the demo model over passages", () => {
  test("quotes the sentence that answers, with its citation", async () => {
    expect((await ask({ question: "什么是不可抗力？", passages: contract })).text).toBe(
      "不可抗力是指不能预见、不能避免且不能克服的客观情况。[2]",
    );
    expect((await ask({ question: "货款什么时候付清？", passages: contract })).text).toContain(
      "货款应在收货后三十日内付清。[1]",
    );
    expect((await ask({ question: "Who designed Rust?", passages: rust })).text).toContain(
      "It was designed by Graydon Hoare at Mozilla in 2006. [1]",
    );
    expect((await ask({ question: "what does the borrow checker do", passages: rust })).text).toBe(
      "Memory safety in Rust is checked by the borrow checker at version 1.0 and later. [2]",
    );
  });

  test("quotes in the order of the passages and never the same twice", async () => {
    const sentence = "违约金按日支付。";
    const twice = [
      passage(1, sentence),
      passage(2, sentence),
      passage(3, "违约金按日支付给对方。"),
    ];
    const { text } = await ask({ question: "违约金按日支付吗？", passages: twice });
    expect(text).toBe("违约金按日支付。[1]违约金按日支付给对方。[3]");
  });

  test("quotes a heading only where nothing else fits, and a row of a table before it", async () => {
    const report = [
      passage(
        1,
        "Harbour report 港口报告\nThe harbour handled 4,200 ships.\nPage 2 of harbour report",
      ),
      passage(2, "Towing 拖轮 | 850 | per hour\n港口去年接待船舶4200艘。"),
    ];
    const quoted = async (question: string) => (await ask({ question, passages: report })).text;
    expect(await quoted("What does the harbour report say?")).toBe(
      "The harbour handled 4,200 ships. [1]",
    );
    expect(await quoted("Towing")).toBe("Towing 拖轮 | 850 | per hour[2]");
    expect(await quoted("harbour 港口")).toBe(
      "The harbour handled 4,200 ships. [1] 港口去年接待船舶4200艘。[2]",
    );
    expect(await quoted("Page")).toBe("Page 2 of harbour report [1]");
  });

  test("says so when nothing fits, in the question's language", async () => {
    expect((await ask({ question: "今天天气怎么样？", passages: contract })).text).toBe(
      "知识库中没有找到能回答这个问题的内容。",
    );
    for (const passages of [[], contract]) {
      expect((await ask({ question: "How tall is Everest?", passages })).text).toBe(
        "The knowledge base holds nothing that answers this question.",
      );
    }
    expect((await ask({ question: "", passages: contract })).text).toContain("nothing");
  });

  test("is asked the user's question, not the prompt around it", async () => {
    const messages = [{ role: "user" as const, content: "货款 付清 违约金 逾期付款" }];
    const { text } = await ask({ messages, question: "什么是不可抗力？", passages: contract });
    expect(text).toContain("[2]");
    expect(text).not.toContain("[1]");
  });

  test("lets others run while it reads as much as retrieval can bring", async () => {
    const content = "合同各方应当遵守约定。The parties keep their word. ".repeat(100);
    const passages = Array.from({ length: 50 }, (_, i) => passage(i + 1, content));
    const turns = countTurns(50);
    const stream = await createDemoChat().stream({ ...asked, passages }, never);
    await new Promise((resolve) => void stream.each(resolve));
    expect(turns.done).toBeGreaterThanOrEqual(49);
  });
});

describe("the demo model alone", () => {
  test("says what it is and how to connect a real model, in the question's language", async () => {
    const chinese = await ask({ question: "你好" });
    expect(chinese.text).toContain("我是 demo");
    expect(chinese.text).toContain("你好");
    const english = await ask({ question: "hi there" });
    expect(english.text).toContain("I am demo");
    expect(english.text).toContain("hi there");
    for (const { text } of [chinese, english]) {
      expect(text).toContain("ZHIPU_API_KEY");
      expect(text).toContain("OPENAI_API_KEY");
      expect(text).toContain("Ollama");
    }
  });

  test("answers the newest message, the same way every time", async () => {
    const messages = [
      { role: "user" as const, content: "first" },
      { role: "assistant" as const, content: "answer" },
      { role: "user" as const, content: "second" },
    ];
    const request: ChatRequest = { ...asked, messages };
    const texts = [];
    for (let i = 0; i < 2; i++) {
      let text = "";
      const answer = await createDemoChat().stream(request, never);
      await answer.each(([delta]) => {
        if (delta?.type === "content") text += delta.text;
      });
      texts.push(text);
    }
    expect(texts[0]).toContain("second");
    expect(texts[0]).not.toContain("first");
    expect(texts[1]).toBe(texts[0] ?? "");
  });

  test("quotes no more than a part of a long question", async () => {
    const { text } = await ask({ question: `x${"😀".repeat(10_000)}` });
    expect(text.length).toBeLessThan(2000);
    expect(text.isWellFormed()).toBe(true);
  });
});

describe("the demo model's stream", () => {
  test("comes in small whole pieces, then finish and usage", async () => {
    const { deltas, texts } = await ask({ question: "你好😀" });
    expect(texts.length).toBeGreaterThan(50);
    expect(Math.max(...texts.map((text) => text.length))).toBeLessThanOrEqual(25);
    expect(texts.every((text) => text.isWellFormed())).toBe(true);
    expect(deltas.slice(texts.length)).toEqual([
      { type: "finish", reason: "stop" },
      {
        type: "usage",
        usage: {
          promptTokens: 4,
          completionTokens: texts.length,
          totalTokens: texts.length + 4,
          estimated: false,
        },
      },
    ]);
  });

  test("keeps to max_tokens", async () => {
    const { deltas, texts } = await ask({ question: "hi", maxTokens: 3 });
    expect(texts).toHaveLength(3);
    expect(deltas[3]).toEqual({ type: "finish", reason: "length" });
  });

  test("lets others run between the pieces", async () => {
    const turns = countTurns(100);
    const { texts } = await ask({ question: "hi" });
    expect(texts.length).toBeGreaterThan(100);
    expect(turns.done).toBeGreaterThanOrEqual(99);
  });

  test("ends with the caller's reason", async () => {
    const controller = new AbortController();
    const messages = [{ role: "user" as const, content: "hi" }];
    const stream = await createDemoChat().stream({ ...asked, messages }, controller.signal);
    const ended = stream.each(() => controller.abort("gone"));
    expect(await ended.catch((reason: unknown) => reason)).toBe("gone");
    const request = { ...asked, messages };
    const refused = createDemoChat().stream(request, controller.signal);
    expect(await refused.catch((reason: unknown) => reason)).toBe("gone");
  });
});
