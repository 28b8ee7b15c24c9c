import { unixTime } from "../../ids.ts";
import { log } from "../../log.ts";
import type { ChatMessage, TokenUsage } from "../../providers/llm/index.ts";
import { estimateUsage, roughUsage, type TokenCounter } from "../../providers/llm/usage.ts";
import type { UsageEntry, UsageStore, UsageSum } from "../../store/usage.ts";

/** Milliseconds that the end of an answer may wait for its tokens to be counted. */
const patience = 100;

export function createUsageService(options: {
  readonly usage: UsageStore;
  readonly counter: TokenCounter;
}) {
  const { usage, counter } = options;
  const pending = new Set<Promise<void>>();

  async function store(entry: UsageEntry): Promise<void> {
    try {
      await usage.record(entry);
    } catch (cause) {
      log.error("usage could not be stored", { conversation: entry.conversationId, cause });
    }
  }

  return {
    /** To be called when an answer begins, so that the counting is ready when it ends. */
    prepare(): void {
      void counter.count([]);
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

    /** Adds an answer to its user's sums, in the background. */
    record(spent: Omit<UsageEntry, "createdTime">): void {
      const entry = { ...spent, createdTime: unixTime() };
      const storing: Promise<void> = store(entry).finally(() => pending.delete(storing));
      pending.add(storing);
    },

    /** The user's answers by day and model, between two points in Unix seconds. */
    sum: (userId: number, range: { from: number; to: number }): Promise<UsageSum[]> =>
      usage.sum(userId, range),

    /** Resolves when everything that was recorded before is stored. */
    async close(): Promise<void> {
      await Promise.all(pending);
      await counter.close();
    },
  };
}

export type UsageService = ReturnType<typeof createUsageService>;
