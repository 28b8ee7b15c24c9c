import type { ChatDelta, TokenUsage } from "../../providers/llm/index.ts";
import { chatEvent } from "./events.ts";

/** What has come of an answer so far, from the pieces that the provider sent. */
export class Answer {
  content = "";
  reasoning = "";
  usage: TokenUsage | null = null;
  finishReason: string | null = null;

  /** Takes in pieces that came together and answers the events that tell of them. */
  grow(deltas: readonly ChatDelta[]): string[] {
    const events: string[] = [];
    for (const delta of deltas) {
      switch (delta.type) {
        case "content":
          this.content += delta.text;
          events.push(chatEvent.message(delta.text));
          break;
        case "reasoning":
          this.reasoning += delta.text;
          events.push(chatEvent.reasoning(delta.text));
          break;
        case "usage":
          this.usage = delta.usage;
          events.push(chatEvent.usage(delta.usage));
          break;
        case "finish":
          this.finishReason = delta.reason;
          break;
      }
    }
    return events;
  }
}
