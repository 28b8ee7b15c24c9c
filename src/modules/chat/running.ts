import { AppError } from "../../errors.ts";
import { log } from "../../log.ts";
import type { AnswerPart } from "../../store/conversations.ts";
import type { ConversationService } from "../conversations/service.ts";
import type { Generation } from "./generation.ts";

/** Milliseconds between the checkpoints of an answer; the contract promises one a second. */
const checkpointInterval = 800;
/** The answers take turns in so many groups: all at once would hold up their tokens. */
const groups = 8;

/**
 * The answers that are being made, at most one a conversation. Stores how far they have come, those of
 * a group in one write.
 */
export class RunningAnswers {
  /** Each with what is resolved when its answer has begun, or will not. */
  private readonly claimed = new Map<number, PromiseWithResolvers<void>>();
  private readonly generations = new Map<number, Generation>();
  private readonly timer: Timer;
  private turn = 0;
  private readonly storing = new Set<number>();
  private cutting = false;
  private emptied = Promise.withResolvers<void>();

  constructor(private readonly conversations: ConversationService) {
    this.timer = setInterval(() => {
      this.turn = (this.turn + 1) % groups;
      void this.checkpoint(this.turn);
    }, checkpointInterval / groups);
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

  private async checkpoint(group: number): Promise<void> {
    // One at a time: a part that cannot be stored goes first in the next.
    if (this.storing.has(group)) return;
    const grown: AnswerPart[] = [];
    for (const [conversationId, generation] of this.generations) {
      if (conversationId % groups !== group) continue;
      const part = generation.takePart();
      if (part !== undefined) grown.push(part);
    }
    if (grown.length === 0) return;
    this.storing.add(group);
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
      this.storing.delete(group);
    }
  }
}
