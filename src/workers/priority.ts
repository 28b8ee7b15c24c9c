import { setPriority } from "node:os";

/** As `nice` takes it: beside a busy thread of normal priority, a quarter of the processor is left. */
const lowered = 5;

/**
 * Lets the other threads go first, for a Worker that computes for minutes while others have somebody
 * waiting; the processes that it starts inherit it. On Linux, where a thread has a priority of its own
 * and 0 stands for the calling one (setpriority(2), "C library/kernel differences"); nowhere else.
 */
export function yieldToOtherThreads(): void {
  if (process.platform === "linux") setPriority(0, lowered);
}
