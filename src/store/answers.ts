import type { AnswerText, MessageStatus } from "./conversations.ts";

/** What one process on the database asks of another that makes an answer. */
export interface AnswerRequest {
  /** Which request it is; also the name under which followers expect the events. */
  readonly token: string;
  readonly conversationId: number;
  readonly messageId: number;
  readonly kind: "follow" | "stop";
}

/** What has been stored of an answer. */
export interface AnswerGrowth {
  readonly status: MessageStatus;
  readonly sources: string | null;
  /** What answers, where that is known and not the conversation's model. */
  readonly model: string | null;
  /** Those that begin at the wanted piece or behind it, in order, while it grows. */
  readonly parts: readonly AnswerText[];
}

/**
 * Answers that other processes on the database make. An answer belongs to the process that began it;
 * when that is dead, whoever finds out first marks what was stored of the answer as interrupted.
 */
export interface AnswerStore {
  /** The answer of the conversation that another process makes, dead or alive. */
  findElsewhere(conversationId: number): Promise<number | undefined>;
  /**
   * Asks the process that makes an answer. Answers false when no other living process does; the answer
   * has ended then, or is this process's.
   */
  request(request: AnswerRequest): Promise<boolean>;
  /** Takes a request back. */
  withdraw(token: string): Promise<void>;
  /** All that is asked of all processes. */
  requests(): Promise<AnswerRequest[]>;
  /** What was stored of an answer from a piece on; undefined when it is gone. */
  growth(
    conversationId: number,
    answerId: number,
    firstPiece: number,
  ): Promise<AnswerGrowth | undefined>;
  /** Ends what dead processes have left. Costs next to nothing while nobody else makes an answer. */
  interruptDead(): Promise<void>;
}
