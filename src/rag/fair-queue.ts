/**
 * A queue that serves its owners in turn, and each owner's items in order: a thousand items of one
 * owner delay another's first by one item.
 */
export class FairQueue<Item> {
  /** Owners in the order of their turns. */
  private readonly items = new Map<number, Item[]>();

  push(owner: number, item: Item): void {
    const waiting = this.items.get(owner);
    if (waiting === undefined) this.items.set(owner, [item]);
    else waiting.push(item);
  }

  take(): Item | undefined {
    for (const [owner, waiting] of this.items) {
      const item = waiting.shift();
      this.items.delete(owner);
      if (waiting.length > 0) this.items.set(owner, waiting);
      return item;
    }
    return undefined;
  }

  /** Takes out every item that passes, whoever owns it. */
  remove(passes: (item: Item) => boolean): Item[] {
    const removed: Item[] = [];
    for (const [owner, waiting] of this.items) {
      removed.push(...waiting.filter(passes));
      const kept = waiting.filter((item) => !passes(item));
      if (kept.length === 0) this.items.delete(owner);
      else this.items.set(owner, kept);
    }
    return removed;
  }
}
