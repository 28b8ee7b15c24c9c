import type { Clock } from "../../src/providers/clock.ts";

interface ManualTimer {
  readonly delay: number;
  readonly due: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test turns it. */
export class ManualClock implements Clock {
  #now = Date.UTC(2026, 0, 1);
  readonly #timers = new Set<ManualTimer>();
  #waiting: (() => void)[] = [];

  now(): number {
    return this.#now;
  }

  schedule(milliseconds: number, callback: () => void): () => void {
    const timer = { delay: milliseconds, due: this.#now + milliseconds, callback };
    this.#timers.add(timer);
    this.#changed();
    return () => {
      this.#timers.delete(timer);
      this.#changed();
    };
  }

  /** Timers that have neither fired nor been cancelled. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Resolves once the delays of the pending timers, in milliseconds, are as `condition` says. */
  async until(condition: (delays: readonly number[]) => boolean): Promise<void> {
    while (!condition([...this.#timers].map(({ delay }) => delay))) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #changed(): void {
    for (const check of this.#waiting.splice(0)) check();
  }

  /** Turns the clock on and calls what is due, in order. */
  advance(milliseconds: number): void {
    this.#now += milliseconds;
    const due = [...this.#timers].filter((timer) => timer.due <= this.#now);
    for (const timer of due.sort((a, b) => a.due - b.due)) {
      if (this.#timers.delete(timer)) timer.callback();
    }
    this.#changed();
  }
}
