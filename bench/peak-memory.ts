import { readFileSync } from "node:fs";
import { residentMemory } from "./measure.ts";

/** Milliseconds between two looks. */
const interval = 20;

/** Watches the resident memory of a process, and of the processes that it starts, together. */
export class PeakMemory {
  private server = 0;
  private others = 0;
  private readonly timer: ReturnType<typeof setInterval>;

  constructor(private readonly pid: number) {
    this.timer = setInterval(() => this.look(), interval);
  }

  /** The highest values seen, in bytes. */
  stop(): { readonly server: number; readonly others: number } {
    clearInterval(this.timer);
    this.look();
    return { server: this.server, others: this.others };
  }

  private look(): void {
    this.server = Math.max(this.server, residentMemory(this.pid));
    let others = 0;
    for (const child of this.children()) {
      try {
        // One that has ended but was not yet waited for has none.
        others += residentMemory(child) || 0;
      } catch {
        // It has ended since.
      }
    }
    this.others = Math.max(this.others, others);
  }

  private children(): number[] {
    // Of every thread: a Worker starts processes, too.
    const threads = new Bun.Glob("*").scanSync({ cwd: `/proc/${this.pid}/task`, onlyFiles: false });
    return [...threads].flatMap((thread) => {
      try {
        const path = `/proc/${this.pid}/task/${thread}/children`;
        return readFileSync(path, "utf8").split(" ").filter(Boolean).map(Number);
      } catch {
        return [];
      }
    });
  }
}
