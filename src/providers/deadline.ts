import { AppError } from "../errors.ts";
import type { Clock } from "./clock.ts";

export interface TimeLimits {
  /** Seconds until the provider has to have begun its answer, retries included. */
  readonly firstTokenTimeout: number;
  /** Seconds until the whole answer has to be there. */
  readonly requestTimeout: number;
}

/**
 * The time that one call of a provider has. Its signal aborts with the caller's reason when the
 * caller gives up, and with AppError `provider_timeout` when a limit is reached. Whoever makes one
 * closes it: a timer and a listener hang on it.
 */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #due: number;
  readonly #cancelFirst: () => void;
  readonly #cancelTotal: () => void;
  readonly #forward = () => this.#controller.abort(this.caller.reason);

  constructor(
    provider: string,
    limits: TimeLimits,
    readonly clock: Clock,
    private readonly caller: AbortSignal,
  ) {
    const expire = () => this.#controller.abort(new AppError("provider_timeout", { provider }));
    const first = limits.firstTokenTimeout * 1000;
    this.#due = clock.now() + first;
    this.#cancelFirst = clock.schedule(first, expire);
    this.#cancelTotal = clock.schedule(limits.requestTimeout * 1000, expire);
    if (caller.aborted) this.#forward();
    else caller.addEventListener("abort", this.#forward, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Milliseconds until the first token is due. */
  get remaining(): number {
    return this.#due - this.clock.now();
  }

  /** The first token has come: from here the whole answer's limit counts alone. */
  begun(): void {
    this.#cancelFirst();
  }

  /** @throws the signal's reason when it aborts before the time is over. */
  async wait(milliseconds: number): Promise<void> {
    this.signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = () => reject(this.signal.reason);
    this.signal.addEventListener("abort", abort, { once: true });
    const cancel = this.clock.schedule(milliseconds, resolve);
    try {
      await promise;
    } finally {
      cancel();
      this.signal.removeEventListener("abort", abort);
    }
  }

  /** Drops the connection that the call still holds. */
  abort(): void {
    this.#controller.abort();
  }

  /** The answer is whole: no limit counts any more, while the caller can still give up. */
  met(): void {
    this.#cancelFirst();
    this.#cancelTotal();
  }

  close(): void {
    this.met();
    this.caller.removeEventListener("abort", this.#forward);
  }
}
