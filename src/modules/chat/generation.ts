import { AppError, type ErrorCode, type ErrorParameters } from "../../errors.ts";
import { EventLog } from "../../http/event-log.ts";
import { log } from "../../log.ts";
import type { ChatDelta } from "../../providers/llm/index.ts";
import type { AnswerPart } from "../../store/conversations.ts";
import type { ConversationService } from "../conversations/service.ts";
import { Answer } from "./answer.ts";
import { chatEvent } from "./events.ts";
import { type Sources, serializeSources } from "./sources.ts";

/**
 * Milliseconds that a caller waits for the first piece before the stream is opened without one. A
 * fault until then is a plain error with its status; later ones are events.
 */
const patience = 8000;

/** Why a provider is let go when the user has read enough. */
const stopped = new Error("stopped by the user");

export type AnswerStream = AsyncIterable<readonly ChatDelta[]>;

export interface GenerationOptions {
  readonly conversationId: number;
  readonly messageId: number;
  readonly userMessageId: number;
  /** What the conversation shows if this answer comes to nothing. */
  readonly tipBefore: number | null;
  readonly model: string;
  readonly conversations: ConversationService;
  /** Starts the answer; `cite` announces what it will be grounded in. */
  open(signal: AbortSignal, cite: (sources: Sources) => void): Promise<AnswerStream>;
  /** The text of an error event, in the language of whoever asked. */
  describe(code: ErrorCode, parameters: ErrorParameters): string;
  /** Milliseconds that the answer goes on with nobody there, before it is cut. */
  readonly grace: number;
  /** Called once, when the answer is stored and before anybody reads its last event. */
  onEnd(): void;
}

/**
 * One answer while it is made. It belongs to the server: callers follow its log, come and go. What
 * they are told has been stored before, but for the last second of an answer that still grows.
 */
export class Generation {
  readonly log = new EventLog();
  /**
   * Resolves when the answer may be shown; rejects with the fault of one that never began, which
   * leaves no trace.
   */
  readonly opened: Promise<void>;
  private readonly answer = new Answer();
  private readonly abort = new AbortController();
  private readonly opening = Promise.withResolvers<void>();
  private readonly finished = Promise.withResolvers<void>();
  private readonly patienceTimer: Timer;
  private announced = false;
  private sources: string | null = null;
  private followers = 0;
  private graceTimer: Timer | undefined;

  constructor(private readonly options: GenerationOptions) {
    this.opened = this.opening.promise;
    this.patienceTimer = setTimeout(() => this.announce(), patience);
    const { messageId, userMessageId, model } = options;
    this.log.append([chatEvent.start({ messageId, userMessageId, model })]);
  }

  get messageId(): number {
    return this.options.messageId;
  }

  /** Makes the answer, to its end; never rejects. */
  async run(): Promise<void> {
    try {
      const { signal } = this.abort;
      const stream = await this.options.open(signal, (sources) => this.cite(sources));
      for await (const deltas of stream) {
        this.log.append(this.answer.grow(deltas));
        if (!this.announced) this.announce();
      }
      signal.throwIfAborted();
      await this.complete(this.answer.finishReason);
    } catch (error) {
      if (error === stopped) await this.complete("stopped").catch((fault) => this.fail(fault));
      else await this.fail(error);
    } finally {
      clearTimeout(this.patienceTimer);
      clearTimeout(this.graceTimer);
      this.log.close();
    }
  }

  /**
   * Counts somebody who follows the answer, until the function that this returns is called. With
   * nobody there the answer goes on for the grace, and is cut if nobody has come back by then.
   */
  join(): () => void {
    this.followers += 1;
    clearTimeout(this.graceTimer);
    let joined = true;
    return () => {
      if (!joined) return;
      joined = false;
      this.followers -= 1;
      if (this.followers > 0 || this.log.closed) return;
      if (this.options.grace === 0) this.cancel();
      else this.graceTimer = setTimeout(() => this.cancel(), this.options.grace);
    };
  }

  /** Ends the answer as if it were whole, with what has come; resolves when it is stored. */
  async stop(): Promise<void> {
    this.abort.abort(stopped);
    await this.finished.promise;
  }

  /** Cuts the answer where it is; the provider is let go and what has come is kept. */
  cancel(): void {
    this.abort.abort(new AppError("interrupted"));
  }

  /** What has come since the last call, for storage; undefined when nothing has. */
  takePart(): AnswerPart | undefined {
    const text = this.answer.takeNew();
    if (text === undefined) return undefined;
    const { conversationId, messageId } = this.options;
    return { conversationId, answerId: messageId, sources: this.sources, ...text };
  }

  private announce(): void {
    this.announced = true;
    clearTimeout(this.patienceTimer);
    this.opening.resolve();
  }

  private cite(sources: Sources): void {
    this.sources = serializeSources(sources);
    this.log.append([chatEvent.sources(sources)]);
  }

  private async complete(finishReason: string | null): Promise<void> {
    await this.store("complete", finishReason);
    this.options.onEnd();
    this.finished.resolve();
    this.log.append([chatEvent.done(), chatEvent.fullResponse(this.answer.content)]);
    this.announce();
  }

  private async fail(error: unknown): Promise<void> {
    const fault =
      error instanceof AppError ? error : new AppError("internal", {}, { cause: error });
    if (fault.kind === "internal" && fault.code !== "interrupted") {
      log.error("answer failed", { conversation: this.options.conversationId, cause: error });
    }
    const { conversations, conversationId, messageId, describe, onEnd } = this.options;
    try {
      if (this.announced) await this.store("interrupted", "interrupted");
      else await conversations.dropAnswer(conversationId, messageId, this.options.tipBefore);
    } catch (cause) {
      log.error("answer could not be stored", { conversation: conversationId, cause });
    }
    onEnd();
    this.finished.resolve();
    this.log.append([chatEvent.error(describe(fault.code, fault.parameters), fault.code)]);
    // Whoever still waits for the answer to open is told; otherwise there is nobody to tell.
    this.opened.catch(() => {});
    this.opening.reject(fault);
  }

  private store(status: "complete" | "interrupted", finishReason: string | null): Promise<void> {
    const { conversations, conversationId, messageId } = this.options;
    const { content, reasoning, pieces, usage } = this.answer;
    return conversations.endAnswer(conversationId, messageId, {
      content,
      reasoning,
      pieces,
      sources: this.sources,
      status,
      finishReason,
      usage,
    });
  }
}
