import type { Deadline } from "../deadline.ts";

/** Milliseconds that a provider gets after the answer to end the body: only then is the connection reused. */
export const drainGrace = 1000;

/** Reads a body that has told all to its end, and closes the deadline. Never throws. */
export async function drain(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  deadline: Deadline,
): Promise<void> {
  const cancel = deadline.clock.schedule(drainGrace, () => deadline.abort());
  try {
    while (!(await reader.read()).done);
  } catch {
    // The connection cannot be reused; the answer is whole.
  } finally {
    cancel();
    deadline.close();
  }
}
