import type { Script, UpstreamRequest } from "./upstream.ts";

/**
 * A part of a streamed answer: a string is content; `raw` goes out as it is; a promise is waited for,
 * so that a test opens the way instead of waiting a time:
 *
 * ```ts
 * const gate = Promise.withResolvers<void>();
 * upstream.script(answer(["first", gate.promise, "second"]));
 * ```
 */
export type Piece =
  | string
  | { readonly reasoning: string }
  /** A `data:` event with this JSON. */
  | { readonly chunk: unknown }
  | { readonly raw: string | Uint8Array }
  | PromiseLike<unknown>;

export interface AnswerOptions {
  /**
   * `done`: finish reason, usage, `[DONE]`; `finish`: the same without `[DONE]`; `bare-done`: only
   * `[DONE]`; `silent`: the body just ends; `hang`: nothing more comes; `cut`: the connection breaks,
   * and what the client has not read by then is lost with it, so put a promise before the end that
   * resolves when it has.
   */
  readonly end?: "done" | "finish" | "bare-done" | "silent" | "cut" | "hang";
  readonly finishReason?: string;
  /** Sent in a chunk with empty `choices`, as OpenAI does. */
  readonly usage?: Readonly<Record<string, number>>;
  readonly lineEnd?: "\n" | "\r\n" | "\r";
  /** Whether a space follows `data:`. */
  readonly space?: boolean;
  /** Whether a comment goes before every event. */
  readonly comments?: boolean;
  /** Whether every byte is a chunk of its own, which splits characters and line ends. */
  readonly bytewise?: boolean;
  readonly contentType?: string;
}

/** A streamed answer. Every piece is one event and one chunk of the connection. */
export function answer(pieces: Iterable<Piece>, options: AnswerOptions = {}): Script {
  const { end = "done", lineEnd = "\n", usage, finishReason = "stop" } = options;
  const event = (data: string): string => {
    const comment = options.comments ? `: keep-alive${lineEnd}` : "";
    return `${comment}data:${options.space === false ? "" : " "}${data}${lineEnd}${lineEnd}`;
  };
  return async (exchange) => {
    const send = async (data: string | Uint8Array): Promise<void> => {
      if (!options.bytewise) return exchange.write(data);
      for (const byte of Buffer.from(data)) await exchange.write(Uint8Array.of(byte));
    };
    exchange.head(200, { "content-type": options.contentType ?? "text/event-stream" });
    for (const piece of pieces) {
      if (typeof piece === "string") await send(event(chunk({ content: piece })));
      else if ("reasoning" in piece) {
        await send(event(chunk({ reasoning_content: piece.reasoning })));
      } else if ("chunk" in piece) await send(event(JSON.stringify(piece.chunk)));
      else if ("raw" in piece) await send(piece.raw);
      else await piece;
      if (exchange.gone) return;
    }
    if (end === "hang") return;
    if (end === "cut") return exchange.destroy();
    if (end === "done" || end === "finish") {
      await send(event(chunk({}, finishReason)));
      if (usage !== undefined) await send(event(JSON.stringify({ choices: [], usage })));
    }
    if (end === "done" || end === "bare-done") await send(event("[DONE]"));
    exchange.end();
  };
}

function chunk(
  delta: Readonly<Record<string, string>>,
  finishReason: string | null = null,
): string {
  return JSON.stringify({
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1731851729,
    model: "scripted",
    choices: [{ index: 0, delta, finish_reason: finishReason }],
  });
}

/** A whole answer as one JSON document, as of a proxy that does not stream. */
export function answerAtOnce(content: string, finishReason = "stop"): Script {
  const message = { role: "assistant", content };
  const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
  return reply(200, {
    object: "chat.completion",
    choices: [{ index: 0, message, finish_reason: finishReason }],
    usage,
  });
}

/** An answer with an error status. Text goes out as HTML, anything else as JSON. */
export function refuse(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Script {
  return reply(status, body, headers);
}

function reply(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Script {
  return (exchange) => {
    const isText = typeof body === "string";
    const contentType = isText ? "text/html; charset=utf-8" : "application/json";
    exchange.head(status, { "content-type": contentType, ...headers });
    exchange.end(isText ? body : JSON.stringify(body));
  };
}

/** Zhipu's way to say that the bill is unpaid. */
export const unpaidBill: Script = refuse(429, {
  error: { code: "1113", message: "您的账户已欠费，请充值后重试。" },
});

/** `script`, once the promise has resolved; until then not even headers go out. */
export function after(gate: PromiseLike<unknown>, script: Script): Script {
  return async (exchange) => {
    await gate;
    await script(exchange);
  };
}

/** `script`, and a promise of the request that it answers. */
export function announced(script: Script): { script: Script; asked: Promise<UpstreamRequest> } {
  const { promise: asked, resolve } = Promise.withResolvers<UpstreamRequest>();
  return {
    asked,
    script(exchange) {
      resolve(exchange.request);
      return script(exchange);
    },
  };
}

/** Takes the request and says nothing, not even headers. */
export const hangBeforeHeaders: Script = () => {};

/** Takes the request and breaks the connection. */
export const reset: Script = (exchange) => exchange.destroy();

/** `answer` to one event whose line has this many bytes. */
export function longLine(bytes: number): Script {
  const before = 'data: {"choices":[{"index":0,"delta":{"content":"';
  const after = '"}}]}';
  const content = "x".repeat(bytes - before.length - after.length);
  return answer([{ raw: `${before}${content}${after}\n\n` }]);
}

export interface EmbeddingsOptions {
  /** Length of the vectors; what the request asks for, else 8. */
  readonly dimensions?: number;
  /** Vectors; as many as there are inputs unless given. */
  readonly count?: number;
  /** Sends the vectors in the opposite order, with their right `index`. */
  readonly reversed?: boolean;
  readonly base64?: boolean;
  /** In place of the first number of every vector. */
  readonly first?: unknown;
  /** Waited for before the answer. */
  readonly gate?: PromiseLike<unknown>;
}

/** An answer with `embeddingOf` every input. */
export function embeddings(options: EmbeddingsOptions = {}): Script {
  return async (exchange) => {
    await options.gate;
    // What our own client sends; anything else should fail the test.
    const body = exchange.request.body as { input: string[]; dimensions?: number };
    const dimensions = options.dimensions ?? body.dimensions ?? 8;
    const inputs = Array.from({ length: options.count ?? body.input.length }, (_, index) => ({
      index,
      text: body.input[index] ?? "",
    }));
    const data = inputs.map(({ index, text }) => {
      const vector: unknown[] = embeddingOf(text, dimensions);
      if ("first" in options) vector[0] = options.first;
      const floats = new Uint8Array(Float32Array.from(vector, Number).buffer);
      const embedding = options.base64 ? Buffer.from(floats).toString("base64") : vector;
      return { object: "embedding", index, embedding };
    });
    if (options.reversed) data.reverse();
    reply(200, { object: "list", data, usage: { prompt_tokens: 1, total_tokens: 1 } })(exchange);
  };
}

/**
 * A deterministic vector for a text, not of unit length: how often each character occurs, folded
 * into `dimensions` numbers. Texts that share characters are near each other.
 */
export function embeddingOf(text: string, dimensions: number): number[] {
  const vector = Array.from({ length: dimensions }, () => 0);
  for (const character of `${text}\n`) {
    const place = (character.codePointAt(0) ?? 0) % dimensions;
    vector[place] = (vector[place] ?? 0) + 1;
  }
  return vector;
}

/** An answer of Cohere's rerank protocol: `relevanceOf` every document, the best `top_n` first. */
export function rerank(gate?: PromiseLike<unknown>): Script {
  return async (exchange) => {
    await gate;
    // What our own client sends; anything else should fail the test.
    const body = exchange.request.body as { query: string; documents: string[]; top_n: number };
    const results = body.documents
      .map((text, index) => ({ index, relevance_score: relevanceOf(body.query, text) }))
      .sort((a, b) => b.relevance_score - a.relevance_score)
      .slice(0, body.top_n);
    reply(200, { id: "rerank-1", results, usage: { total_tokens: 1 } })(exchange);
  };
}

/** The share of the query's characters that a text holds. */
export function relevanceOf(query: string, text: string): number {
  const characters = [...query];
  const held = characters.filter((character) => text.includes(character)).length;
  return characters.length === 0 ? 0 : held / characters.length;
}
