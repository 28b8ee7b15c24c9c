import { realpathSync } from "node:fs";
import { ProcessLock } from "./process-lock.ts";
import type { Writer } from "./writer.ts";

/**
 * This process among those that use the database. It takes its number when it is first needed, so that
 * a start waits for nothing; the answers that it makes bear it.
 */
export class Presence {
  private lock: ProcessLock | undefined;
  private taking: Promise<number> | undefined;

  constructor(
    private readonly databasePath: string,
    private readonly writer: Writer,
  ) {}

  /** Undefined before the first `take`: no answer was begun by then. */
  get number(): number | undefined {
    return this.lock?.number;
  }

  /** Answers the number of this process. */
  take(): Promise<number> {
    this.taking ??= this.takeNow().catch((error) => {
      this.release();
      throw error;
    });
    return this.taking;
  }

  /** The answers that are still being made count as cut from here on. */
  release(): void {
    this.lock?.release();
    this.lock = undefined;
    this.taking = undefined;
  }

  private async takeNow(): Promise<number> {
    this.lock = ProcessLock.take(realpathSync(this.databasePath));
    const { number } = this.lock;
    // Whoever had it before is dead; what it left must not count as ours.
    await this.writer.call("interruptProcess", [number]);
    return number;
  }
}
