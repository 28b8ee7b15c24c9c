import { AppError, type ErrorCode, type ErrorParameters } from "../../errors.ts";
import { EventLog } from "../../http/event-log.ts";
import { log } from "../../log.ts";
import type { ChatAnswer, ChatDelta, ChatMessage, TokenUsage } from "../../providers/llm/index.ts";
import type { AnswerPart } from "../../store/conversations.ts";
import { Answer } from "./answer.ts";
import type { Endings } from "./endings.ts";
import { chatEvent } from "./events.ts";
import { type Sources, serializeSources } from "./sources.ts";

/**
 * Milliseconds that a caller waits for the first piece before the stream is opened without one. A
 * fault until then is a plain error with its status; later ones are events.
 */
const patience = 8000;

/** Why a provider is let go when the user has read enough. */
const stopped = new Error("stopped by the user");

/** An answer whose first pieces are at hand. */
export interface OpenAnswer {
  readonly answer: ChatAnswer;
  /** What answers: the conversation's model, or that of a fallback. */
  readonly model: string;
  /** What the provider was sent. */
  readonly prompt: readonly ChatMessage[];
}

/** What an answer took that has ended, however it did. */
export interface Spent extends TokenUsage {
  readonly model: string;
}

export interface GenerationOptions {
  readonly conversationId: number;
  readonly messageId: number;
  readonly userMessageId: number;
  /** What the conversation shows if this answer comes to nothing. */
  readonly tipBefore: number | null;
  /** The conversation's. */
  readonly model: string;
  readonly conversations: Endings;
  /** Starts the answer; `cite` tells what it will be grounded in, before the provider is asked. */
  open(signal: AbortSignal, cite: (sources: Sources) => void): Promise<OpenAnswer>;
  /** The text of an error event, in the language of whoever asked. */
  describe(code: ErrorCode, parameters: ErrorParameters): string;
  /** Milliseconds that the answer goes on with nobody there, before it is cut. */
  readonly grace: number;
  /**
   * Called once, when the answer is stored and before anybody reads its last event; without an answer
   * when the provider gave none.
   */
  onEnd(spent: Spent | undefined): void;
  /** What an answer took of a provider that does not say. */
  estimate(prompt: readonly ChatMessage[], answer: readonly string[]): Promise<TokenUsage>;
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
  private isEnding = false;
  private sources: Sources | undefined;
  private open: OpenAnswer | undefined;
  private followers = 0;
  private graceTimer: Timer | undefined;

  constructor(private readonly options: GenerationOptions) {
    this.opened = this.opening.promise;
    this.patienceTimer = setTimeout(() => this.announce(), patience);
  }

  get messageId(): number {
    return this.options.messageId;
  }

  /** Resolves when its end is stored; undefined while more may come. Never rejects. */
  get ending(): Promise<void> | undefined {
    return this.isEnding ? this.finished.promise : undefined;
  }

  /** Makes the answer, to its end; never rejects. */
  async run(): Promise<void> {
    try {
      const { signal } = this.abort;
      this.open = await this.options.open(signal, (sources) => this.cite(sources));
      await this.open.answer.each((deltas) => this.grow(deltas));
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
    // Both are known before the first piece comes.
    const isFirst = text.firstPiece === 0;
    return {
      conversationId,
      answerId: messageId,
      sources: isFirst ? this.storedSources : null,
      model: isFirst ? this.storedModel(this.open?.model) : null,
      ...text,
    };
  }

  /** Takes back the last part, which could not be stored. */
  giveBack(part: AnswerPart): void {
    this.answer.giveBack(part);
  }

  private get storedSources(): string | null {
    return this.sources === undefined ? null : serializeSources(this.sources);
  }

  /** What answers, where that is not the conversation's model. */
  private storedModel(model = this.options.model): string | null {
    return model === this.options.model ? null : model;
  }

  /** Tells the first events, with the model that answers where that is known by now. */
  private announce(): void {
    if (this.announced) return;
    this.announced = true;
    clearTimeout(this.patienceTimer);
    const { messageId, userMessageId, model } = this.options;
    const start = { messageId, userMessageId, model: this.open?.model ?? model };
    this.log.append([
      chatEvent.start(start),
      ...(this.sources === undefined ? [] : [chatEvent.sources(this.sources)]),
    ]);
    this.opening.resolve();
  }

  private grow(deltas: readonly ChatDelta[]): void {
    const events = this.answer.grow(deltas);
    if (!this.announced) this.announce();
    this.log.append(events);
  }

  private cite(sources: Sources): void {
    this.sources = sources;
    if (this.announced) this.log.append([chatEvent.sources(sources)]);
  }

  /** What the answer took; undefined when no provider has answered. */
  private async spent(): Promise<Spent | undefined> {
    if (this.open === undefined) return undefined;
    const { model, prompt } = this.open;
    const { content, reasoning, usage } = this.answer;
    return { model, ...(usage ?? (await this.options.estimate(prompt, [content, reasoning]))) };
  }

  private async complete(finishReason: string | null): Promise<void> {
    this.isEnding = true;
    const spent = await this.spent();
    await this.store("complete", finishReason, spent);
    this.options.onEnd(spent);
    this.finished.resolve();
    this.announce();
    this.log.append([chatEvent.done(), chatEvent.fullResponse(this.answer.content)]);
  }

  private async fail(error: unknown): Promise<void> {
    this.isEnding = true;
    const fault =
      error instanceof AppError ? error : new AppError("internal", {}, { cause: error });
    if (fault.kind === "internal" && fault.code !== "interrupted") {
      log.error("answer failed", { conversation: this.options.conversationId, cause: error });
    }
    const { conversations, conversationId, messageId, describe, onEnd } = this.options;
    const spent = await this.spent();
    try {
      if (this.announced) await this.store("interrupted", "interrupted", spent);
      else await conversations.dropAnswer(conversationId, messageId, this.options.tipBefore);
    } catch (cause) {
      log.error("answer could not be stored", { conversation: conversationId, cause });
    }
    onEnd(spent);
    this.finished.resolve();
    this.log.append([chatEvent.error(describe(fault.code, fault.parameters), fault)]);
    // Whoever still waits for the answer to open is told; otherwise there is nobody to tell.
    this.opened.catch(() => {});
    this.opening.reject(fault);
  }

  private store(
    status: "complete" | "interrupted",
    finishReason: string | null,
    spent: Spent | undefined,
  ): Promise<void> {
    const { conversations, conversationId, messageId } = this.options;
    const { content, reasoning, pieces } = this.answer;
    return conversations.endAnswer(conversationId, messageId, {
      content,
      reasoning,
      pieces,
      sources: this.storedSources,
      status,
      finishReason,
      usage: spent ?? null,
      model: this.storedModel(spent?.model),
    });
  }
}
