import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { ChatDelta } from "./index.ts";
import { ChatDecoder } from "./openai-decoder.ts";

const key = "sk-test-0123456789";
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const event = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
const delta = (fields: object, finish: string | null = null) => ({
  choices: [{ index: 0, delta: fields, finish_reason: finish }],
});
const content = (text: string): ChatDelta => ({ type: "content", text });
const finish = (reason = "stop"): ChatDelta => ({ type: "finish", reason });

/** Everything that a body leads to: the pieces, the last state and the failure. */
function decode(body: string | readonly string[], contentType = "text/event-stream") {
  const decoder = new ChatDecoder(contentType, "zhipu", key);
  const deltas: ChatDelta[] = [];
  for (const part of typeof body === "string" ? [body] : body) {
    deltas.push(...decoder.push(encode(part)));
  }
  deltas.push(...decoder.end());
  const { state, failure } = decoder;
  const said: Record<string, string | number> | undefined = failure && {
    code: failure.code,
    ...failure.parameters,
  };
  return { deltas, state, failure: said };
}

describe("ChatDecoder", () => {
  test("reads content, reasoning, finish and usage, the last two at the end", () => {
    const body = [
      event(delta({ role: "assistant", content: "" })),
      event(delta({ reasoning_content: "hm", content: null })),
      event(delta({ reasoning: " m" })),
      event(delta({ content: "Hel" })),
      event(delta({ content: "lo" }, "stop")),
      event({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } }),
      "data: [DONE]\n\n",
    ].join("");
    expect(decode(body)).toEqual({
      deltas: [
        { type: "reasoning", text: "hm" },
        { type: "reasoning", text: " m" },
        content("Hel"),
        content("lo"),
        finish(),
        {
          type: "usage",
          usage: { promptTokens: 3, completionTokens: 2, totalTokens: 5, estimated: false },
        },
      ],
      state: "complete",
      failure: undefined,
    });
  });

  test("hands out at once what one push completes", () => {
    const decoder = new ChatDecoder("text/event-stream", "zhipu", key);
    expect(decoder.state).toBe("waiting");
    expect(decoder.push(encode(event(delta({ role: "assistant" }))))).toEqual([]);
    expect(decoder.state).toBe("waiting");
    const two = event(delta({ content: "a" })) + event(delta({ content: "b" }));
    expect(decoder.push(encode(two))).toEqual([content("a"), content("b")]);
    expect(decoder.state).toBe("answering");
    expect(decoder.push(encode(event(delta({}, "length"))))).toEqual([]);
    expect(decoder.state).toBe("finishing");
    expect(decoder.push(encode("data: [DONE]\n\n"))).toEqual([finish("length")]);
    expect(decoder.state).toBe("complete");
    expect(decoder.push(encode(two))).toEqual([]);
    expect(decoder.end()).toEqual([]);
    expect(decoder.state).toBe("complete");
  });

  test("any text survives, in any cut", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "binary", minLength: 1 }), { minLength: 1 }),
        fc.array(fc.nat(200)),
        (texts, lengths) => {
          const body = encode(texts.map((text) => event(delta({ content: text }))).join(""));
          const decoder = new ChatDecoder("text/event-stream", "p", "");
          const deltas: ChatDelta[] = [];
          let start = 0;
          for (const length of [...lengths, body.length]) {
            deltas.push(...decoder.push(body.subarray(start, start + length)));
            start += length;
          }
          expect(deltas).toEqual(texts.map((text) => content(text)));
        },
      ),
    );
  });

  test("passes over what is missing, null or of another type", () => {
    const odd = [
      {},
      { choices: null },
      { choices: [] },
      { choices: [null] },
      { choices: [{}] },
      { choices: [{ delta: null }] },
      { choices: [{ delta: { content: ["parts"] } }] },
      { choices: [{ delta: { content: 5, reasoning_content: {} } }] },
      { choices: [{ delta: { content: "" }, finish_reason: "" }] },
      { choices: [], usage: null },
      { choices: [], usage: { prompt_tokens: "5" } },
      { error: null, choices: [] },
      { base_resp: { status_code: 0 } },
    ];
    const body = odd.map(event).join("") + event(delta({ content: "x" }, "stop"));
    expect(decode(body).deltas).toEqual([content("x"), finish()]);
  });

  test("takes usage wherever it comes, the last one that came", () => {
    const usage = (n: number) => ({ prompt_tokens: n, completion_tokens: n });
    const expected: ChatDelta = {
      type: "usage",
      usage: { promptTokens: 2, completionTokens: 2, totalTokens: 4, estimated: false },
    };
    const bodies = [
      event({ ...delta({ content: "x" }), usage: usage(1) }) +
        event({ ...delta({}, "stop"), usage: usage(2) }),
      event(delta({ content: "x" }, "stop")) + event({ usage: usage(2) }),
      event({ choices: [{ delta: { content: "x" }, finish_reason: "stop", usage: usage(2) }] }),
    ];
    for (const body of bodies) {
      expect(decode(body).deltas).toEqual([content("x"), finish(), expected]);
    }
  });

  test("an answer is whole with a finish reason or with [DONE]", () => {
    expect(decode(event(delta({ content: "x" }, "stop"))).deltas).toEqual([content("x"), finish()]);
    expect(decode(`${event(delta({ content: "x" }))}data: [DONE]\n\n`).deltas).toEqual([
      content("x"),
      finish(),
    ]);
    expect(decode(`${event(delta({ content: "x" }, "stop"))}data:[DONE]`).state).toBe("complete");
  });

  test("an answer without either was cut, even in the middle of an event", () => {
    const cut = {
      code: "provider_interrupted",
      provider: "zhipu",
      message: "the connection ended before the answer did",
    };
    const whole = event(delta({ content: "x" }));
    for (const body of [whole, `${whole}data: {"choices":[{"del`, `${whole}dat`]) {
      expect(decode(body)).toEqual({ deltas: [content("x")], state: "failed", failure: cut });
    }
    expect(decode("")).toEqual({ deltas: [], state: "failed", failure: cut });
  });

  test("an error object ends the answer with its message", () => {
    const error = event({ error: { code: "1301", message: `bad ${key}` } });
    expect(decode(error)).toMatchObject({
      deltas: [],
      failure: { code: "provider_failed", status: "1301", message: "bad [redacted]" },
    });
    expect(decode(event(delta({ content: "x" })) + error)).toMatchObject({
      deltas: [content("x")],
      failure: { code: "provider_interrupted", message: "bad [redacted]" },
    });
    const dashScope = 'event: error\ndata: {"code":"DataInspectionFailed","message":"no"}\n\n';
    expect(decode(dashScope).failure).toMatchObject({ status: "DataInspectionFailed" });
    expect(decode(event({ object: "error", message: "vllm" })).failure).toMatchObject({
      message: "vllm",
    });
    expect(decode(event({ error: "text" })).failure).toMatchObject({ message: "text" });
  });

  test("garbage and Zhipu's network_error break the answer off; usage so far is kept", () => {
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
    const begun = event({ ...delta({ content: "x" }), usage });
    for (const end of ["data: {oops}\n\n", "data: 5\n\n", event(delta({}, "network_error"))]) {
      expect(decode(begun + end + event(delta({ content: "y" })))).toMatchObject({
        deltas: [content("x"), { type: "usage" }],
        failure: { code: "provider_interrupted" },
      });
    }
  });

  test("what fails after the finish reason changes nothing", () => {
    const whole = event(delta({ content: "x" }, "stop"));
    for (const end of ["data: {oops}\n\n", event({ error: { message: "late" } })]) {
      expect(decode(whole + end)).toEqual({
        deltas: [content("x"), finish()],
        state: "complete",
        failure: undefined,
      });
    }
  });

  test("takes a JSON document in place of a stream", () => {
    const document = JSON.stringify({
      choices: [
        { message: { content: "all 全部", reasoning_content: "r" }, finish_reason: "length" },
      ],
      usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
    });
    for (const parts of [[document], [" \n", document.slice(0, 40), document.slice(40)]]) {
      expect(decode(parts, "application/json").deltas).toEqual([
        { type: "reasoning", text: "r" },
        content("all 全部"),
        finish("length"),
        {
          type: "usage",
          usage: { promptTokens: 1, completionTokens: 2, totalTokens: 3, estimated: false },
        },
      ]);
    }
  });

  test("refuses a document that is no answer", () => {
    const cases: [string, string, string][] = [
      ['{"error":{"message":"busy","code":"1302"}}', "1302", "busy"],
      ["<html><title>Sign in</title></html>", "error", "Sign in"],
      ['{"choices":', "error", '{"choices":'],
      ["{}", "error", "no answer"],
    ];
    for (const [body, status, message] of cases) {
      expect(decode(body, "")).toMatchObject({
        deltas: [],
        failure: { code: "provider_failed", status, message },
      });
    }
  });

  test("takes a stream whatever its content type says", () => {
    const body = `${event(delta({ content: "x" }))}data: [DONE]\n\n`;
    for (const contentType of ["", "application/json", "text/plain"]) {
      expect(decode(`\ufeff\n${body}`, contentType).deltas).toEqual([content("x"), finish()]);
    }
  });

  test("bounds what it keeps", () => {
    const big = "x".repeat(16 * 1024 * 1024);
    expect(decode(["data: ", big, big]).failure).toMatchObject({ code: "provider_interrupted" });
    expect(decode(["{", big], "").failure).toMatchObject({ code: "provider_interrupted" });
  });

  test.each([
    ["of long pieces", "x".repeat(15_000_000), 4, 6],
    ["of short pieces", "x", 1_000_000, 1_100_000],
  ])("takes an answer %s up to a point, and no more", (_, piece, allowed, tooMany) => {
    const decoder = new ChatDecoder("text/event-stream", "zhipu", key);
    const bytes = encode(event(delta({ content: piece })));
    let taken = 0;
    for (; decoder.state !== "failed" && taken < tooMany; taken += 1) decoder.push(bytes);
    expect(decoder.failure?.parameters).toMatchObject({ message: "the answer is too long" });
    expect(taken).toBeGreaterThan(allowed);
    expect(decoder.push(bytes)).toEqual([]);
  });
});
