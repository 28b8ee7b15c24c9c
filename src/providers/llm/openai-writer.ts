import type { ChatDelta, ForwardedAnswer, TokenUsage } from "./index.ts";

/** An answer that is to be written in OpenAI's protocol. */
interface Written extends Pick<ForwardedAnswer, "providerName" | "model"> {
  readonly deltas: AsyncIterable<readonly ChatDelta[]>;
}

/** What every chunk of one answer has in common, and a whole answer too. */
interface Identity {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

const identityOf = (model: string): Identity => ({
  id: `chatcmpl-${Bun.randomUUIDv7()}`,
  created: Math.floor(Date.now() / 1000),
  model,
});

/** Usage in the words of OpenAI's protocol. */
export const usageOf = ({ promptTokens, completionTokens, totalTokens }: TokenUsage) => ({
  prompt_tokens: promptTokens,
  completion_tokens: completionTokens,
  total_tokens: totalTokens,
});

const event = (value: object): string => `data: ${JSON.stringify(value)}\n\n`;

function chunk(identity: Identity, delta: object, finishReason: string | null = null): string {
  const { id, created, model } = identity;
  const choice = { index: 0, delta, logprobs: null, finish_reason: finishReason };
  return event({ id, object: "chat.completion.chunk", created, model, choices: [choice] });
}

function write(identity: Identity, delta: ChatDelta): string {
  switch (delta.type) {
    case "content":
      return chunk(identity, { content: delta.text });
    case "reasoning":
      return chunk(identity, { reasoning_content: delta.text });
    case "finish":
      return chunk(identity, {}, delta.reason);
    case "usage":
      return event({
        ...identity,
        object: "chat.completion.chunk",
        choices: [],
        usage: usageOf(delta.usage),
      });
  }
}

/** An answer as a stream of `chat.completion.chunk`; its usage is told only when `withUsage`. */
export function writeStream(answer: Written, withUsage: boolean): ForwardedAnswer {
  const { providerName, model } = answer;
  const identity = identityOf(model);
  return {
    providerName,
    model,
    async *[Symbol.asyncIterator]() {
      yield Buffer.from(chunk(identity, { role: "assistant", content: "" }));
      for await (const deltas of answer.deltas) {
        const told = deltas.filter(({ type }) => withUsage || type !== "usage");
        if (told.length === 0) continue;
        yield Buffer.from(told.map((delta) => write(identity, delta)).join(""));
      }
      yield Buffer.from("data: [DONE]\n\n");
    },
  };
}

/** An answer as one `chat.completion`. */
export async function writeWhole(answer: Written): Promise<ForwardedAnswer> {
  const { providerName, model } = answer;
  let content = "";
  let finishReason = "stop";
  let usage: TokenUsage | undefined;
  for await (const deltas of answer.deltas) {
    for (const delta of deltas) {
      if (delta.type === "content") content += delta.text;
      else if (delta.type === "finish") finishReason = delta.reason;
      else if (delta.type === "usage") usage = delta.usage;
    }
  }
  const { id, created } = identityOf(model);
  const message = { role: "assistant", content, refusal: null };
  const completion = {
    id,
    object: "chat.completion",
    created,
    model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason }],
    ...(usage === undefined ? {} : { usage: usageOf(usage) }),
  };
  return {
    providerName,
    model,
    async *[Symbol.asyncIterator]() {
      yield Buffer.from(JSON.stringify(completion));
    },
  };
}
