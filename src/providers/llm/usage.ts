import { log } from "../../log.ts";
import { estimateTokens } from "../../text/tokens.ts";
import { WorkerClient } from "../../workers/client.ts";
import {
  type Forwarded,
  forwardedUsage,
  type PortionUsage,
  portionUsage,
} from "./forwarded-usage.ts";
import type { ChatMessage, TokenUsage } from "./index.ts";
import { addUp, countedTexts } from "./token-sum.ts";
import type { Tokenizer } from "./tokenizer-worker.ts";

/**
 * Counts tokens by OpenAI's `o200k_base`, whatever the model: other vendors' tokenizers differ from it
 * by some percent. It runs in a Worker, which the first call starts.
 */
export class TokenCounter {
  readonly #worker = WorkerClient.onDemand<Tokenizer>(
    "tokenizer",
    () => new Worker(new URL("./tokenizer-worker.ts", import.meta.url).href, { smol: true }),
    {},
  );
  #closed = false;

  /** Starts what counts, where it does not run yet. */
  prepare(): void {
    void this.#worker.isAlive();
  }

  /** The tokens of each text, in order; by the rule of `estimateTokens` where the Worker fails. */
  async count(texts: readonly string[]): Promise<number[]> {
    try {
      return await this.#worker.call("count", [texts]);
    } catch (cause) {
      return this.#byRule(cause)(texts);
    }
  }

  /** What a portion of its answer tells, see `portionUsage`; by the same rule where the Worker fails. */
  async countPortion(answer: Uint8Array): Promise<PortionUsage> {
    try {
      return await this.#worker.call("countPortion", [answer]);
    } catch (cause) {
      return portionUsage(answer, this.#byRule(cause));
    }
  }

  /** What a request that was passed on took, see `forwardedUsage`; by the same rule where the Worker fails. */
  async countForwarded(forwarded: Forwarded): Promise<TokenUsage> {
    try {
      return await this.#worker.call("countForwarded", [forwarded]);
    } catch (cause) {
      return forwardedUsage(forwarded, this.#byRule(cause));
    }
  }

  #byRule(cause: unknown): (texts: readonly string[]) => number[] {
    if (!this.#closed) log.warn("tokens are counted by rule", { cause });
    return (texts) => texts.map(estimateTokens);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker.close();
  }
}

/**
 * What an answer took of a provider that does not say: whole, stopped, cut or failed. `answer` is all
 * that came of it, reasoning included. Never throws.
 */
export const estimateUsage = async (
  counter: TokenCounter,
  prompt: readonly ChatMessage[],
  answer: readonly string[],
): Promise<TokenUsage> => addUp(prompt.length, await counter.count(countedTexts(prompt, answer)));

/** The same by the rule of `estimateTokens`, at once. */
export const roughUsage = (prompt: readonly ChatMessage[], answer: readonly string[]): TokenUsage =>
  addUp(prompt.length, countedTexts(prompt, answer).map(estimateTokens));
