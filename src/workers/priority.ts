import { getPriority, setPriority } from "node:os";

/**
 * What `nice` adds: beside a busy thread of the process's own priority 5 leaves a quarter of the
 * processor, 10 a tenth. With 20 searches a second and an upload of 50 MB on two processors, the tokens
 * of 100 streams came 8 ms late at p99 (those of a bare pipe 6), and 11 to 87 with 0 and 5.
 */
const increments = { searching: 5, ingesting: 10 } as const;
/** As low as a priority can be. */
const lowest = 19;

/**
 * Lets the other threads go first, for a Worker that computes while others have a stream to pass on;
 * the processes that it starts inherit it. On Linux, where a thread has a priority of its own and 0
 * stands for the calling one (setpriority(2), "C library/kernel differences"); nowhere else.
 */
export function yieldToOtherThreads(work: keyof typeof increments): void {
  if (process.platform !== "linux") return;
  setPriority(0, Math.min(getPriority(0) + increments[work], lowest));
}
