import { AppError } from "../errors.ts";
import type { Clock } from "./clock.ts";

export interface TimeLimits {
  /** Seconds until the provider has to have begun its answer, retries included. */
  readonly firstTokenTimeout: number;
  /**
   * Seconds of silence, while somebody waits for more, that end an answer which has begun; 0 bears
   * any silence.
   */
  readonly idleTimeout: number;
  /** Seconds until the whole answer has to be there. */
  readonly requestTimeout: number;
}

export interface DeadlineOptions {
  /** The provider's name in the configuration, for errors. */
  readonly provider: string;
  readonly limits: TimeLimits;
  readonly clock: Clock;
  /** Aborts when the caller gives up. */
  readonly caller: AbortSignal;
  /** Called when the call is over, however it ended; maybe more than once. */
  readonly release: () => void;
}

/**
 * The time that one call of a provider has. Its signal aborts with the caller's reason when the
 * caller gives up, with AppError `provider_interrupted` when the answer falls silent, and with
 * `provider_timeout` when another limit is reached. Whoever makes one closes it: timers and a listener
 * hang on it.
 */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #due: number;
  readonly #cancelFirst: () => void;
  readonly #cancelTotal: () => void;
  #begun = false;
  #cancelIdle: () => void = () => {};
  /** When the read that waits now began. */
  #waitingSince: number | undefined;
  readonly #forward = () => this.#controller.abort(this.options.caller.reason);

  constructor(private readonly options: DeadlineOptions) {
    const { provider, limits, clock, caller } = options;
    const expire = () => this.#controller.abort(new AppError("provider_timeout", { provider }));
    const first = limits.firstTokenTimeout * 1000;
    this.#due = clock.now() + first;
    this.#cancelFirst = clock.schedule(first, expire);
    this.#cancelTotal = clock.schedule(limits.requestTimeout * 1000, expire);
    // An answer that nobody reads to its end is over when its time is.
    this.signal.addEventListener("abort", () => this.close(), { once: true });
    if (caller.aborted) this.#forward();
    else caller.addEventListener("abort", this.#forward, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get clock(): Clock {
    return this.options.clock;
  }

  /** Milliseconds until the first token is due. */
  get remaining(): number {
    return this.#due - this.clock.now();
  }

  /** The first token has come: from here the silences and the whole answer are limited. */
  begun(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#cancelFirst();
    const idle = this.options.limits.idleTimeout * 1000;
    if (idle > 0) this.#watch(idle, idle);
  }

  /** A read of the answer waits from now on: only then is silence the provider's. */
  waits(): void {
    this.#waitingSince = this.clock.now();
  }

  /** What the read waited for has come. */
  heard(): void {
    this.#waitingSince = undefined;
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
    this.#cancelIdle();
  }

  close(): void {
    const { caller, release } = this.options;
    this.met();
    caller.removeEventListener("abort", this.#forward);
    release();
  }

  /** One timer that looks back now and then: one for each read would cost more than the read. */
  #watch(idle: number, milliseconds: number): void {
    this.#cancelIdle = this.clock.schedule(milliseconds, () => {
      const since = this.#waitingSince ?? this.clock.now();
      const silence = this.clock.now() - since;
      if (silence < idle) this.#watch(idle, idle - silence);
      else this.#controller.abort(this.#silent());
    });
  }

  #silent(): AppError {
    const message = `nothing came for ${this.options.limits.idleTimeout} s`;
    return new AppError("provider_interrupted", { provider: this.options.provider, message });
  }
}
