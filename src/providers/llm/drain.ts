import type { Deadline } from "../deadline.ts";
import type { ReplyBody } from "../http/body.ts";

/** Milliseconds that a provider gets after the answer to end the body: only then is the connection reused. */
export const drainGrace = 1000;

/** Waits for the end of a body that has told all, and closes the deadline then. */
export function drain(body: ReplyBody, deadline: Deadline): void {
  const cancel = deadline.clock.schedule(drainGrace, () => deadline.abort());
  void body.discard().then(() => {
    cancel();
    deadline.close();
  });
}
