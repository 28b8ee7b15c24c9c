import { jest } from "bun:test";

/**
 * Lets the event loop of the whole process turn once: what has arrived is taken in, under fake timers
 * as well.
 */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Resolves as soon as `holds` answers true; `until` for the time in which timers are fake. The test's
 * own timeout is the net.
 */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await turn();
}

/**
 * Time that stands still for every timer that is set from here on, and for `Date`, until it is turned
 * by hand; real again at the end of the block.
 *
 * ```ts
 * using time = new FakeTime();
 * const answer = user.post(…);
 * await asked;
 * await time.pass(60_000);
 * ```
 */
export class FakeTime implements Disposable {
  constructor() {
    jest.useFakeTimers();
  }

  /** Lets so many milliseconds pass, second by second, and what is due happen. */
  async pass(milliseconds: number): Promise<void> {
    for (let left = milliseconds; left > 0; left -= 1000) {
      jest.advanceTimersByTime(Math.min(left, 1000));
      await turn();
    }
  }

  [Symbol.dispose](): void {
    jest.useRealTimers();
  }
}
