import type { ChatAnswer, TokenUsage } from "./index.ts";

/** What comes of an answer that nobody watches. */
export class CollectedAnswer {
  content = "";
  reasoning = "";
  /** As the provider said; undefined as long as it has not. */
  usage: TokenUsage | undefined;

  /**
   * Reads the answer, at most until its content is longer than `enough` UTF-16 units. Throws as the
   * answer does, and has then what came before.
   */
  async read(answer: ChatAnswer, enough: number): Promise<void> {
    await answer.each((deltas) => {
      for (const delta of deltas) {
        if (delta.type === "content") this.content += delta.text;
        else if (delta.type === "reasoning") this.reasoning += delta.text;
        else if (delta.type === "usage") this.usage = delta.usage;
      }
      if (this.content.length > enough) answer.cancel();
    });
  }
}
