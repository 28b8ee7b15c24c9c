import type { ChatAnswer, ChatDelta } from "../../src/providers/llm/index.ts";

type Step = IteratorResult<readonly ChatDelta[], undefined>;

/** An answer to be read step by step; leaving the loop lets the provider go. */
export function piecesOf(
  answer: ChatAnswer,
): AsyncIterableIterator<readonly ChatDelta[], undefined> {
  const come: (readonly ChatDelta[])[] = [];
  let changed = Promise.withResolvers<void>();
  let isOver = false;
  let failure: { readonly reason: unknown } | undefined;
  const wake = (): void => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const end = (): void => {
    isOver = true;
    wake();
  };
  answer
    .each((deltas) => {
      come.push(deltas);
      wake();
    })
    .then(end, (reason: unknown) => {
      failure = { reason };
      end();
    });
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next(): Promise<Step> {
      for (;;) {
        const value = come.shift();
        if (value !== undefined) return { done: false, value };
        if (failure !== undefined) throw failure.reason;
        if (isOver) return { done: true, value: undefined };
        await changed.promise;
      }
    },
    async return(): Promise<Step> {
      answer.cancel();
      return { done: true, value: undefined };
    },
  };
}
