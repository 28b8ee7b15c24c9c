import { log } from "../../log.ts";
import { WorkerClient } from "../../workers/client.ts";
import { estimateTokens } from "../tokens.ts";
import type { ChatMessage, TokenUsage } from "./index.ts";
import type { Tokenizer } from "./tokenizer-worker.ts";

/**
 * Counts tokens by OpenAI's `o200k_base`, whatever the model: other vendors' tokenizers differ from it
 * by some percent. It runs in a Worker, which the first call starts.
 */
export class TokenCounter {
  #worker: Promise<WorkerClient<Tokenizer>> | undefined;
  #closed = false;

  /** The tokens of each text, in order; by the rule of `estimateTokens` where the Worker fails. */
  async count(texts: readonly string[]): Promise<number[]> {
    this.#worker ??= WorkerClient.start<Tokenizer>(
      "tokenizer",
      () => new Worker(new URL("./tokenizer-worker.ts", import.meta.url).href),
      {},
    );
    try {
      const worker = await this.#worker;
      return await worker.call("count", [texts]);
    } catch (cause) {
      if (!this.#closed) log.warn("tokens are counted by rule", { cause });
      return texts.map(estimateTokens);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const worker = await this.#worker?.catch(() => undefined);
    await worker?.close();
  }
}

/**
 * Tokens that frame each message, its role included, and that open the answer (OpenAI's cookbook,
 * "How to count tokens with tiktoken").
 */
const messageFrame = 4;
const answerOpening = 3;

/** Adds up the tokens of a prompt's messages, which come first, and of the answer's texts. */
function addUp(prompt: readonly ChatMessage[], counts: readonly number[]): TokenUsage {
  const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
  const promptTokens =
    sum(counts.slice(0, prompt.length)) + prompt.length * messageFrame + answerOpening;
  const completionTokens = sum(counts.slice(prompt.length));
  return {
    promptTokens,
    completionTokens,
    totalTokens: promptTokens + completionTokens,
    estimated: true,
  };
}

const textsOf = (prompt: readonly ChatMessage[], answer: readonly string[]): string[] => [
  ...prompt.map(({ content }) => content),
  ...answer,
];

/**
 * What an answer took of a provider that does not say: whole, stopped, cut or failed. `answer` is all
 * that came of it, reasoning included. Never throws.
 */
export const estimateUsage = async (
  counter: TokenCounter,
  prompt: readonly ChatMessage[],
  answer: readonly string[],
): Promise<TokenUsage> => addUp(prompt, await counter.count(textsOf(prompt, answer)));

/** The same by the rule of `estimateTokens`, at once. */
export const roughUsage = (prompt: readonly ChatMessage[], answer: readonly string[]): TokenUsage =>
  addUp(prompt, textsOf(prompt, answer).map(estimateTokens));
