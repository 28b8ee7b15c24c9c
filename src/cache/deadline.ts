/** What a wait ends with when no answer came in time. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";

  constructor() {
    super("no answer in time");
  }
}

interface Wait {
  /** By `performance.now()`. */
  readonly began: number;
  /** The beat in which it began. */
  readonly beat: number;
  readonly giveUp: () => void;
}

const beatMilliseconds = 10;

/**
 * Bounds waits, all of them with one timer that looks every 10 ms. A wait is given up only after two
 * looks, between which this process took in whatever had arrived: a pause of our own thread is not
 * taken for a silence of theirs.
 */
export class Deadline {
  /** Oldest first. */
  private readonly waits = new Set<Wait>();
  private beat = 0;
  private ticking = false;

  /** A wait lasts for so many milliseconds, and up to 10 more. */
  constructor(private readonly patience: number) {}

  /** Settles as `answer` does, or rejects with `NoAnswerError`. */
  run<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const wait: Wait = {
        began: performance.now(),
        beat: this.beat,
        giveUp: () => reject(new NoAnswerError()),
      };
      this.waits.add(wait);
      if (!this.ticking) this.tickLater();
      answer.then(
        (value) => {
          this.waits.delete(wait);
          resolve(value);
        },
        (error) => {
          this.waits.delete(wait);
          reject(error);
        },
      );
    });
  }

  private tickLater(): void {
    this.ticking = true;
    setTimeout(() => this.tick(), beatMilliseconds);
  }

  private tick(): void {
    this.ticking = false;
    this.beat++;
    const now = performance.now();
    for (const wait of this.waits) {
      if (now - wait.began < this.patience || this.beat - wait.beat < 2) break;
      this.waits.delete(wait);
      wait.giveUp();
    }
    if (this.waits.size > 0) this.tickLater();
  }
}
