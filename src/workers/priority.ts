import { getPriority, setPriority } from "node:os";

/** What `nice` adds: beside a busy thread of the other priority, a quarter of the processor is left. */
const increment = 5;
/** As low as a priority can be. */
const lowest = 19;

/**
 * Lets the other threads go first, for a Worker that computes for minutes while others have somebody
 * waiting; the processes that it starts inherit it. On Linux, where a thread has a priority of its own
 * and 0 stands for the calling one (setpriority(2), "C library/kernel differences"); nowhere else.
 */
export function yieldToOtherThreads(): void {
  if (process.platform !== "linux") return;
  setPriority(0, Math.min(getPriority(0) + increment, lowest));
}
