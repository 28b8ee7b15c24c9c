import type { Deadline } from "../deadline.ts";
import { drain } from "./drain.ts";
import type { ChatAnswer, ChatDelta } from "./index.ts";
import type { ChatDecoder } from "./openai-decoder.ts";

/** Milliseconds that a provider gets after the finish reason for usage and `[DONE]`. */
export const finishGrace = 5000;

type Step = IteratorResult<readonly ChatDelta[], undefined>;

/**
 * An answer as it arrives, read once. Each step holds all pieces of one read of the connection.
 *
 * It is an iterator and not a generator because `return` has to drop the connection while a read is
 * still waiting, where a generator would wait with it.
 *
 * `next` throws the decoder's failure after the pieces before it, or the reason of the deadline's
 * signal. The deadline is closed when the answer ends, however it does.
 */
export class OpenAiAnswer
  implements ChatAnswer, AsyncIterableIterator<readonly ChatDelta[], undefined>
{
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #over = false;
  #failure: { readonly reason: unknown } | undefined;
  #cancelGrace: (() => void) | undefined;
  #first: Step | undefined;

  constructor(
    readonly providerName: string,
    readonly model: string,
    body: ReadableStream<Uint8Array>,
    private readonly decoder: ChatDecoder,
    private readonly deadline: Deadline,
  ) {
    this.#reader = body.getReader();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Resolves with the first pieces at hand; throws as `next` does, where the answer never begins. */
  async begin(): Promise<void> {
    this.#first = await this.next();
  }

  async next(): Promise<Step> {
    if (this.#first !== undefined) {
      const first = this.#first;
      this.#first = undefined;
      return first;
    }
    while (!this.#over) {
      let deltas: readonly ChatDelta[];
      this.deadline.waits();
      // Not in a function of its own: one promise less for every token.
      try {
        const { done, value } = await this.#reader.read();
        deltas = this.#take(done ? undefined : value);
      } catch (cause) {
        deltas = this.#break(cause);
      }
      if (deltas.length > 0) return { done: false, value: deltas };
    }
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure.reason;
    return { done: true, value: undefined };
  }

  /** Drops the connection at once; a `next` that waits ends without a value. */
  async return(): Promise<Step> {
    if (!this.#over) this.#drop();
    this.#failure = undefined;
    return { done: true, value: undefined };
  }

  /** The pieces of what was read, or of the end of the body. */
  #take(bytes: Uint8Array | undefined): readonly ChatDelta[] {
    this.deadline.heard();
    if (this.#over) return [];
    const deltas = bytes === undefined ? this.decoder.end() : this.decoder.push(bytes);
    this.#follow(bytes === undefined);
    return deltas;
  }

  /** The pieces that were left when a read failed. */
  #break(cause: unknown): readonly ChatDelta[] {
    if (this.#over) return [];
    if (this.deadline.signal.aborted) {
      this.#failure = { reason: this.deadline.signal.reason };
      this.#drop();
      return [];
    }
    const deltas = this.decoder.end(cause);
    this.#follow(true);
    return deltas;
  }

  /** Does what the decoder's state asks for. */
  #follow(bodyOver: boolean): void {
    switch (this.decoder.state) {
      case "waiting":
        break;
      case "answering":
        this.deadline.begun();
        break;
      case "finishing":
        this.deadline.met();
        // The read that waits then sees the end of the body.
        this.#cancelGrace ??= this.deadline.clock.schedule(finishGrace, () => {
          this.#reader.cancel().catch(() => {});
        });
        break;
      case "complete":
        this.#over = true;
        this.#cancelGrace?.();
        this.deadline.met();
        if (bodyOver) this.deadline.close();
        else void drain(this.#reader, this.deadline);
        break;
      case "failed":
        this.#failure = { reason: this.decoder.failure };
        this.#drop();
        break;
    }
  }

  #drop(): void {
    this.#over = true;
    this.#cancelGrace?.();
    this.deadline.abort();
    this.deadline.close();
  }
}
