import type { ChatDelta, TokenUsage } from "../../providers/llm/index.ts";
import type { AnswerText } from "../../store/conversations.ts";
import { chatEvent } from "./events.ts";

/** What has come of an answer so far, from the pieces that the provider sent. */
export class Answer implements AnswerText {
  content = "";
  reasoning = "";
  usage: TokenUsage | null = null;
  finishReason: string | null = null;
  /** See `Message.pieces`. */
  readonly pieces: number[] = [];
  private taken = { content: 0, reasoning: 0, pieces: 0 };

  /** Takes in pieces that came together and answers the events that tell of them. */
  grow(deltas: readonly ChatDelta[]): string[] {
    const events: string[] = [];
    for (const delta of deltas) {
      switch (delta.type) {
        case "content":
          this.content += delta.text;
          this.pieces.push(delta.text.length);
          events.push(chatEvent.message(delta.text));
          break;
        case "reasoning":
          this.reasoning += delta.text;
          this.pieces.push(-delta.text.length);
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

  /** What has come since the last call; undefined when nothing has. */
  takeNew(): (AnswerText & { readonly firstPiece: number }) | undefined {
    const { content, reasoning, pieces } = this.taken;
    if (pieces === this.pieces.length) return undefined;
    this.taken = {
      content: this.content.length,
      reasoning: this.reasoning.length,
      pieces: this.pieces.length,
    };
    return {
      firstPiece: pieces,
      content: this.content.slice(content),
      reasoning: this.reasoning.slice(reasoning),
      pieces: this.pieces.slice(pieces),
    };
  }

  /** Takes back what the last `takeNew` gave, which came to nothing: the next gives it again. */
  giveBack(part: AnswerText): void {
    this.taken = {
      content: this.taken.content - part.content.length,
      reasoning: this.taken.reasoning - part.reasoning.length,
      pieces: this.taken.pieces - part.pieces.length,
    };
  }
}
