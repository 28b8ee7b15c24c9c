/** Milliseconds between two tries. */
const pause = 500;
/** Writes that wait; more than any server has answers running when its disk fills up. */
const mostWaiting = 10_000;

type Write = () => Promise<void>;

/**
 * Writes that failed and whose loss would be a lie, such as the end of an answer on a full disk. They
 * wait in memory and are tried again until they succeed, in order; one that fails goes behind the others.
 */
export class LateWrites {
  private readonly waiting = new Set<Write>();
  private timer: Timer | undefined;
  private trying: Promise<void> | undefined;
  private closed = false;

  /** To be called when `write` has failed. Of too many, the oldest is given up. */
  add(write: Write): void {
    this.waiting.add(write);
    for (const oldest of this.waiting) {
      if (this.waiting.size <= mostWaiting) break;
      this.waiting.delete(oldest);
    }
    this.wake();
  }

  /** Tries now what waits, until one fails. Never rejects. */
  async retry(): Promise<void> {
    if (this.waiting.size === 0 && this.trying === undefined) return;
    this.trying ??= this.tryAll();
    await this.trying;
  }

  /** Tries what waits once more and gives up the rest. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.retry();
  }

  private wake(): void {
    if (this.closed || this.waiting.size === 0) return;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.retry();
    }, pause);
  }

  private async tryAll(): Promise<void> {
    for (const write of this.waiting) {
      this.waiting.delete(write);
      try {
        await write();
      } catch {
        // The first failure was logged; the others would hardly fare better now.
        this.waiting.add(write);
        break;
      }
    }
    this.trying = undefined;
    this.wake();
  }
}
