/**
 * The events of one stream, in order, each as the JSON text in which it is sent. It only grows, so
 * that any number of readers can follow it, each at its own pace and from any place.
 */
export class EventLog {
  private readonly events: string[] = [];
  private readonly followers = new Set<() => void>();
  private ended = false;

  /** The number of events so far. */
  get length(): number {
    return this.events.length;
  }

  /** Whether no event will come any more. */
  get closed(): boolean {
    return this.ended;
  }

  /** The event at `index`, counted from 0. */
  at(index: number): string | undefined {
    return this.events[index];
  }

  /** Adds events that came together; followers are woken once, before this returns. */
  append(events: readonly string[]): void {
    for (const event of events) this.events.push(event);
    this.wake();
  }

  close(): void {
    this.ended = true;
    this.wake();
  }

  /** Calls `wake` at every growth and at the end, until the function that this returns is called. */
  follow(wake: () => void): () => void {
    this.followers.add(wake);
    return () => {
      this.followers.delete(wake);
    };
  }

  private wake(): void {
    for (const wake of this.followers) wake();
  }
}
