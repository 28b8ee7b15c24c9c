import { AppError } from "../errors.ts";
import type { Clock } from "./clock.ts";
import { Pace } from "./pace.ts";

export interface AdmissionLimits {
  /** Requests at a time; 0: any number. */
  readonly maxConcurrent: number;
  /** Requests that begin within any 60 seconds; 0: any number. */
  readonly requestsPerMinute: number;
  /** Requests that may wait for their turn. */
  readonly maxQueue: number;
  /** Seconds that one may wait. */
  readonly queueTimeout: number;
}

/** Whose request it is; turns go round between the parties. */
type Party = number | string;

interface Waiter {
  readonly party: Party;
  admit(): void;
  refuse(reason: unknown): void;
}

/** Seconds after which a caller may ask again, where only the end of another's answer will tell. */
const patience = 5;

/**
 * Lets requests to a provider in, no more than its limits allow. Those that have to wait are served
 * in turns, one of each party that waits, each party's in the order of their coming; so between two
 * turns of a party every other has one at most, however many requests it has sent. When the queue is
 * full, the party with the most in it gives up its latest for a request of one that has fewer.
 */
export class Admission {
  readonly pace: Pace | undefined;
  /** Who waits, by party; the party whose turn is next comes first. */
  readonly #lines = new Map<Party, Waiter[]>();
  #waiting = 0;
  #running = 0;
  #cancelTimer: (() => void) | undefined;

  constructor(
    private readonly provider: string,
    private readonly limits: AdmissionLimits,
    private readonly clock: Clock,
  ) {
    const { requestsPerMinute } = limits;
    this.pace = requestsPerMinute > 0 ? new Pace(requestsPerMinute, clock) : undefined;
  }

  /**
   * Resolves when the request may begin, with what gives its place to the next: to be called when it
   * has ended, however it did; more calls do nothing.
   *
   * @throws AppError `rate_limited` when the queue is full or the wait too long; the signal's reason
   *   when it aborts first.
   */
  async enter(party: Party, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#waiting > 0 || !this.#isOpen()) await this.#wait(party, signal);
    else this.#begin();
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.#running -= 1;
      this.#serve();
    };
  }

  #isOpen(): boolean {
    const { maxConcurrent } = this.limits;
    const hasPlace = maxConcurrent === 0 || this.#running < maxConcurrent;
    return hasPlace && (this.pace === undefined || this.pace.delay === 0);
  }

  #begin(): void {
    this.#running += 1;
    this.pace?.count();
  }

  #serve(): void {
    while (this.#waiting > 0 && this.#isOpen()) {
      // Somebody waits, so there is a first line with somebody in it.
      const waiter = this.#lines.values().next().value?.[0];
      if (waiter === undefined) return;
      this.#leave(waiter);
      const line = this.#lines.get(waiter.party);
      if (line !== undefined) {
        this.#lines.delete(waiter.party);
        this.#lines.set(waiter.party, line);
      }
      this.#begin();
      waiter.admit();
    }
    this.#setTimer();
  }

  /** Wakes up when the pace lets the next one in; the end of a request wakes by itself. */
  #setTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const delay = this.pace?.delay ?? 0;
    if (this.#waiting === 0 || delay === 0) return;
    this.#cancelTimer = this.clock.schedule(delay, () => this.#serve());
  }

  async #wait(party: Party, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { party, admit: resolve, refuse: reject };
    this.#join(waiter);
    const abort = () => this.#turnAway(waiter, signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    const cancel = this.clock.schedule(this.limits.queueTimeout * 1000, () =>
      this.#turnAway(waiter, this.#refusal()),
    );
    try {
      await promise;
    } finally {
      cancel();
      signal.removeEventListener("abort", abort);
    }
  }

  #join(waiter: Waiter): void {
    const line = this.#lines.get(waiter.party) ?? [];
    if (this.#waiting >= this.limits.maxQueue) {
      const longest = this.#longestLine();
      const latest = longest.at(-1);
      if (latest === undefined || line.length + 1 >= longest.length) throw this.#refusal();
      this.#turnAway(latest, this.#refusal());
    }
    this.#lines.set(waiter.party, line);
    line.push(waiter);
    this.#waiting += 1;
    this.#setTimer();
  }

  #longestLine(): readonly Waiter[] {
    let longest: readonly Waiter[] = [];
    for (const line of this.#lines.values()) if (line.length > longest.length) longest = line;
    return longest;
  }

  #turnAway(waiter: Waiter, reason: unknown): void {
    this.#leave(waiter);
    waiter.refuse(reason);
    this.#setTimer();
  }

  /** Takes a waiter out of its line, and the line with its last one. */
  #leave(waiter: Waiter): void {
    const line = this.#lines.get(waiter.party);
    const place = line?.indexOf(waiter) ?? -1;
    if (line === undefined || place < 0) return;
    line.splice(place, 1);
    this.#waiting -= 1;
    if (line.length === 0) this.#lines.delete(waiter.party);
  }

  #refusal(): AppError {
    const delay = Math.ceil((this.pace?.delay ?? 0) / 1000);
    const { provider } = this;
    return new AppError("rate_limited", { provider }, { retryAfter: Math.max(delay, patience) });
  }
}
