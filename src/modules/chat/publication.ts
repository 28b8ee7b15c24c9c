import type { EventRun } from "../../cache/event-relay.ts";
import type { EventLog } from "../../http/event-log.ts";

/** Milliseconds for which events are gathered before they leave together. */
const gathering = 40;
/** Milliseconds before events that did not arrive are sent again. */
const retryPause = 300;
/** Characters of one run, about: Redis has 35 ms for all that one look of a follower takes. */
const longestRun = 16_384;

/**
 * Sends the events of a log elsewhere while it grows: all of them, in order, and again those of which
 * nobody knows whether they arrived. An event costs nothing but a look at a timer.
 */
export class Publication {
  private next = 0;
  private timer: Timer | undefined;
  private sending = false;
  private stopped = false;
  private readonly unfollow: () => void;

  /** `send` answers whether the run has arrived, and never rejects. */
  constructor(
    private readonly log: EventLog,
    private readonly send: (run: EventRun) => Promise<boolean>,
  ) {
    this.unfollow = log.follow(() => this.wake(gathering));
    this.wake(0);
  }

  stop(): void {
    this.stopped = true;
    this.unfollow();
    clearTimeout(this.timer);
  }

  private wake(pause: number): void {
    if (this.timer !== undefined || this.sending || this.stopped) return;
    this.timer = setTimeout(() => void this.flush(), pause);
  }

  private async flush(): Promise<void> {
    this.timer = undefined;
    const run = this.nextRun();
    if (run.events.length === 0 && !run.closed) return;
    this.sending = true;
    const sent = await this.send(run);
    this.sending = false;
    if (!sent) {
      this.wake(retryPause);
      return;
    }
    this.next += run.events.length;
    if (run.closed) this.stop();
    else if (this.next < this.log.length || this.log.closed) this.wake(gathering);
  }

  private nextRun(): EventRun {
    const events: string[] = [];
    let length = 0;
    for (let at = this.next; length < longestRun; at += 1) {
      const event = this.log.at(at);
      if (event === undefined) break;
      events.push(event);
      length += event.length;
    }
    const all = this.next + events.length === this.log.length;
    return { first: this.next, events, closed: all && this.log.closed };
  }
}
