import { AppError } from "../../errors.ts";
import { log } from "../../log.ts";
import type { ConversationService } from "../conversations/service.ts";
import type { Generation } from "./generation.ts";

/** Milliseconds between checkpoints; the contract promises one a second. */
const checkpointInterval = 800;

/**
 * The answers that are being made, at most one a conversation. Stores how far they have come, all of
 * them in one write.
 */
export class RunningAnswers {
  /** Each with what is resolved when its answer has begun, or will not. */
  private readonly claimed = new Map<number, PromiseWithResolvers<void>>();
  private readonly generations = new Map<number, Generation>();
  private readonly timer: Timer;
  private storing = false;
  private cutting = false;
  private emptied = Promise.withResolvers<void>();

  constructor(private readonly conversations: ConversationService) {
    this.timer = setInterval(() => void this.checkpoint(), checkpointInterval);
  }

  /** @throws AppError `generation_running` while an answer of the conversation is being made */
  claim(conversationId: number): void {
    if (this.claimed.has(conversationId)) throw new AppError("generation_running");
    this.claimed.set(conversationId, Promise.withResolvers());
  }

  /** Resolves when an answer that was claimed can be found; at once where none is on its way. */
  async begun(conversationId: number): Promise<void> {
    await this.claimed.get(conversationId)?.promise;
  }

  add(conversationId: number, generation: Generation): void {
    this.generations.set(conversationId, generation);
    this.claimed.get(conversationId)?.resolve();
    if (this.cutting) generation.cancel();
  }

  /** Whether there are any. */
  get busy(): boolean {
    return this.generations.size > 0;
  }

  find(conversationId: number): Generation | undefined {
    return this.generations.get(conversationId);
  }

  release(conversationId: number): void {
    this.claimed.get(conversationId)?.resolve();
    this.claimed.delete(conversationId);
    this.generations.delete(conversationId);
    if (this.claimed.size === 0) {
      this.emptied.resolve();
      this.emptied = Promise.withResolvers();
    }
  }

  /** Lets the answers finish for `patience` milliseconds, then cuts them and waits until stored. */
  async drain(patience: number): Promise<void> {
    if (this.claimed.size > 0) {
      const deadline = setTimeout(() => {
        this.cutting = true;
        for (const generation of this.generations.values()) generation.cancel();
      }, patience);
      await this.emptied.promise;
      clearTimeout(deadline);
    }
    clearInterval(this.timer);
  }

  private async checkpoint(): Promise<void> {
    // One at a time: a part that cannot be stored goes first in the next.
    if (this.storing) return;
    const grown = [...this.generations.values()].flatMap(
      (generation) => generation.takePart() ?? [],
    );
    if (grown.length === 0) return;
    this.storing = true;
    try {
      const gone = await this.conversations.checkpoint(grown);
      // An answer that ended meanwhile has left already; one still here lost its conversation.
      for (const { conversationId } of gone) this.generations.get(conversationId)?.cancel();
    } catch (cause) {
      log.error("checkpoint failed", { cause });
      for (const part of grown) {
        const generation = this.generations.get(part.conversationId);
        if (generation?.messageId === part.answerId) generation.giveBack(part);
      }
    } finally {
      this.storing = false;
    }
  }
}
