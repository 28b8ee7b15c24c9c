import { expect, jest, test } from "bun:test";
import fc from "fast-check";
import type { EventRun } from "../../cache/event-relay.ts";
import { EventLog } from "../../http/event-log.ts";
import { Publication } from "./publication.ts";

/** Lets timers and what waits for them go on for a second. */
async function second(): Promise<void> {
  for (let turn = 0; turn < 25; turn += 1) {
    jest.advanceTimersByTime(40);
    await Promise.resolve();
    await Promise.resolve();
  }
}

const scenario = fc.record({
  batches: fc.array(fc.array(fc.string({ maxLength: 4 }), { maxLength: 4 }), { maxLength: 8 }),
  /** Whether a run arrives, and whether that is known. */
  outcomes: fc.array(fc.record({ arrives: fc.boolean(), known: fc.boolean() }), { maxLength: 8 }),
});

test("every event arrives, in order, whatever is lost on the way", async () => {
  jest.useFakeTimers();
  try {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ batches, outcomes }) => {
        const log = new EventLog();
        const arrived: EventRun[] = [];
        const publication = new Publication(log, async (run) => {
          const { arrives, known } = outcomes.shift() ?? { arrives: true, known: true };
          if (arrives) arrived.push(run);
          return arrives && known;
        });
        for (const batch of batches) {
          log.append(batch);
          jest.advanceTimersByTime(25);
          await Promise.resolve();
        }
        log.close();
        for (let seconds = 0; seconds < 10; seconds += 1) await second();
        const events = batches.flat();
        let next = 0;
        for (const { first, events: run } of arrived) {
          expect(run).toEqual(events.slice(first, first + run.length));
          expect(first).toBeLessThanOrEqual(next);
          next = Math.max(next, first + run.length);
        }
        expect(next).toBe(events.length);
        expect(arrived.at(-1)?.closed).toBe(true);
        publication.stop();
      }),
    );
  } finally {
    jest.useRealTimers();
  }
});

test("events that come close together leave together, and a long run is cut", async () => {
  jest.useFakeTimers();
  try {
    const log = new EventLog();
    const arrived: EventRun[] = [];
    const publication = new Publication(log, async (run) => {
      arrived.push(run);
      return true;
    });
    for (let at = 0; at < 100; at += 1) log.append([`${at}`]);
    await second();
    expect(arrived.map(({ events }) => events.length)).toEqual([100]);
    const long = "x".repeat(10_000);
    log.append([long, long, long]);
    await second();
    expect(arrived.slice(1).map(({ first, events }) => [first, events.length])).toEqual([
      [100, 2],
      [102, 1],
    ]);
    publication.stop();
    log.append(["later"]);
    await second();
    expect(arrived).toHaveLength(3);
  } finally {
    jest.useRealTimers();
  }
});
