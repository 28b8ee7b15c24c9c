import type { Clock } from "./clock.ts";

/** Milliseconds. */
const minute = 60_000;

/** Counts the requests to a provider, so that no 60 seconds see more than so many begin. */
export class Pace {
  /** When each of the last requests begins, the oldest at `#next`. */
  readonly #starts: Float64Array;
  #next = 0;

  constructor(
    perMinute: number,
    private readonly clock: Clock,
  ) {
    this.#starts = new Float64Array(perMinute).fill(Number.NEGATIVE_INFINITY);
  }

  /** Milliseconds until one more may begin. */
  get delay(): number {
    // The array is never empty, and the index within it.
    const oldest = this.#starts[this.#next] ?? 0;
    return Math.max(0, oldest + minute - this.clock.now());
  }

  /** Counts a request that begins in so many milliseconds, `delay` of them at least. */
  count(milliseconds = 0): void {
    this.#starts[this.#next] = this.clock.now() + milliseconds;
    this.#next = (this.#next + 1) % this.#starts.length;
  }
}
