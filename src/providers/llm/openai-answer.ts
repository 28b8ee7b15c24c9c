import type { Deadline } from "../deadline.ts";
import type { ReplyBody } from "../http/body.ts";
import { drain } from "./drain.ts";
import type { ChatAnswer, ChatDelta, TakeDeltas } from "./index.ts";
import type { ChatDecoder } from "./openai-decoder.ts";

/** Milliseconds that a provider gets after the finish reason for usage and `[DONE]`. */
export const finishGrace = 5000;

/**
 * An answer as it arrives. What one read of the connection brings is decoded and handed over before
 * that read returns: a promise or an iterator between them costs as much as the decoding.
 *
 * The deadline is closed when the answer ends, however it does.
 */
export class OpenAiAnswer implements ChatAnswer {
  readonly #begun = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  /** Pieces that have come before anybody took them. */
  readonly #early: ChatDelta[] = [];
  #take: TakeDeltas = (deltas) => {
    this.#early.push(...deltas);
    this.#begun.resolve();
  };
  #over = false;
  #cancelGrace: (() => void) | undefined;

  constructor(
    readonly providerName: string,
    readonly model: string,
    private readonly body: ReplyBody,
    private readonly decoder: ChatDecoder,
    private readonly deadline: Deadline,
  ) {
    // Whoever asks for the pieces is told; until then nobody has to be.
    this.#ended.promise.catch(() => {});
    deadline.waits();
    body
      .each((bytes) => this.#receive(bytes))
      .then(() => this.#close())
      .catch((cause: unknown) => this.#break(cause));
  }

  /** Resolves with the first pieces at hand; throws as `each` does, where the answer never begins. */
  begin(): Promise<void> {
    return this.#begun.promise;
  }

  each(take: TakeDeltas): Promise<void> {
    if (this.#early.length > 0) take(this.#early);
    this.#take = take;
    return this.#ended.promise;
  }

  cancel(): void {
    if (!this.#over) this.#drop();
    this.#end();
  }

  #receive(bytes: Uint8Array): void {
    if (this.#over) return;
    this.deadline.waits();
    const deltas = this.decoder.push(bytes);
    if (deltas.length > 0) this.#take(deltas);
    this.#follow();
  }

  /** The body is over, `cause` saying why when it broke. */
  #close(cause?: unknown): void {
    if (this.#over) return;
    const deltas = this.decoder.end(cause);
    if (deltas.length > 0) this.#take(deltas);
    this.#follow();
    this.deadline.close();
  }

  #break(cause: unknown): void {
    if (this.#over) return;
    const { signal } = this.deadline;
    if (!signal.aborted) {
      this.#close(cause);
      return;
    }
    this.#drop();
    this.#end({ failure: signal.reason });
  }

  /** Does what the decoder's state asks for. */
  #follow(): void {
    // Whoever took the pieces may have had enough.
    if (this.#over) return;
    switch (this.decoder.state) {
      case "waiting":
        break;
      case "answering":
        this.deadline.begun();
        break;
      case "finishing":
        this.deadline.met();
        this.#cancelGrace ??= this.deadline.clock.schedule(finishGrace, () => this.body.cancel());
        break;
      case "complete":
        this.#over = true;
        this.#cancelGrace?.();
        this.deadline.met();
        drain(this.body, this.deadline);
        this.#end();
        break;
      case "failed":
        this.#drop();
        this.#end({ failure: this.decoder.failure });
        break;
    }
  }

  #end(ending: { readonly failure?: unknown } = {}): void {
    for (const waiting of [this.#begun, this.#ended]) {
      if ("failure" in ending) waiting.reject(ending.failure);
      else waiting.resolve();
    }
  }

  #drop(): void {
    this.#over = true;
    this.#cancelGrace?.();
    this.deadline.abort();
    this.deadline.close();
  }
}
