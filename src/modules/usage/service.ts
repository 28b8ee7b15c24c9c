import { unixTime } from "../../ids.ts";
import type { LateWrites } from "../../late-writes.ts";
import { log } from "../../log.ts";
import type { CollectedAnswer } from "../../providers/llm/collect.ts";
import type { PortionUsage } from "../../providers/llm/forwarded-usage.ts";
import type { ChatMessage, TokenUsage } from "../../providers/llm/index.ts";
import { estimateUsage, roughUsage, type TokenCounter } from "../../providers/llm/usage.ts";
import type { UsageEntry, UsageQuery, UsageStore, UsageSum } from "../../store/usage.ts";

/** Milliseconds that the end of an answer may wait for its tokens to be counted. */
const patience = 100;

/** What was asked, of whom and for what. */
export type Asked = Pick<UsageEntry, "kind" | "userId" | "conversationId" | "messageId">;

/** A request of which nobody saw the answer itself. */
export interface ModelCall {
  /** See `UsageEntry`. */
  readonly model: string;
  readonly prompt: readonly ChatMessage[];
  /** As much as came of it. */
  readonly answer: CollectedAnswer;
}

/** Reads what an answer took out of the answer itself; see `portionUsage`. */
export interface Meter {
  /** Takes whole events of a stream that goes on; resolves when they are counted, and never rejects. */
  take(portion: Uint8Array): Promise<void>;
  /** Takes what is left, or the whole document, and stores all of it in the background. */
  end(rest: Uint8Array): void;
}

export function createUsageService(options: {
  readonly usage: UsageStore;
  readonly counter: TokenCounter;
  /** Takes what cannot be stored. */
  readonly late: LateWrites;
}) {
  const { usage, counter, late } = options;
  const pending = new Set<Promise<void>>();

  /** Adds an entry to its user's sums, in the background. */
  function store(
    asked: Asked & Pick<UsageEntry, "model">,
    spent: Omit<TokenUsage, "totalTokens"> | Promise<TokenUsage>,
  ): void {
    const createdTime = unixTime();
    const record = async (): Promise<void> => {
      const { promptTokens, completionTokens, estimated } = await spent;
      const { kind, userId, conversationId, messageId, model } = asked;
      const request = { kind, userId, conversationId, messageId, model, createdTime };
      const write = () => usage.record({ ...request, promptTokens, completionTokens, estimated });
      await write().catch((cause) => {
        log.error("usage could not be stored", { kind, cause });
        late.add(write);
      });
    };
    const storing: Promise<void> = record()
      .catch((cause) => log.error("usage could not be counted", { kind: asked.kind, cause }))
      .finally(() => pending.delete(storing));
    pending.add(storing);
  }

  return {
    /** To be called when an answer begins, so that the counting is ready when it ends. */
    prepare(): void {
      counter.prepare();
    },

    /**
     * What an answer took of a provider that does not say, in 100 ms at most: text that takes longer
     * to count is estimated by its length. Never rejects.
     */
    async estimate(prompt: readonly ChatMessage[], answer: readonly string[]): Promise<TokenUsage> {
      const { promise: late, resolve } = Promise.withResolvers<TokenUsage>();
      const timer = setTimeout(() => resolve(roughUsage(prompt, answer)), patience);
      try {
        return await Promise.race([estimateUsage(counter, prompt, answer), late]);
      } finally {
        clearTimeout(timer);
      }
    },

    /** Adds a request to its user's sums, in the background, as do the other two. */
    record: (spent: Omit<UsageEntry, "createdTime">): void => store(spent, spent),

    /** The same, counted where the provider did not say. */
    recordCall(asked: Asked, { model, prompt, answer }: ModelCall): void {
      const { content, reasoning } = answer;
      const spent = answer.usage ?? estimateUsage(counter, prompt, [content, reasoning]);
      store({ ...asked, model }, spent);
    },

    /** The same of a request that is passed on, whose answer is read by the way. */
    meter(asked: Asked & Pick<UsageEntry, "model">, request: Uint8Array): Meter {
      const earlier: PortionUsage[] = [];
      let taken = Promise.resolve();
      return {
        take(portion) {
          taken = counter.countPortion(portion).then((told) => void earlier.push(told));
          return taken;
        },
        end(answer) {
          const count = () => counter.countForwarded({ request, earlier, answer });
          store(asked, taken.then(count));
        },
      };
    },

    sum: (query: UsageQuery): Promise<UsageSum[]> => usage.sum(query),

    /** Resolves when everything that was recorded before is stored, or waits to be. */
    async close(): Promise<void> {
      while (pending.size > 0) await Promise.all(pending);
      await counter.close();
    },
  };
}

export type UsageService = ReturnType<typeof createUsageService>;
