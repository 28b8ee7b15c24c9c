import { expect, test } from "bun:test";
import fc from "fast-check";
import { ManualClock } from "../../test/providers/manual-clock.ts";
import { Pace } from "./pace.ts";

test("lets so many begin at once, and the next when the first is a minute old", () => {
  const clock = new ManualClock();
  const pace = new Pace(2, clock);
  pace.count();
  clock.advance(10_000);
  expect(pace.delay).toBe(0);
  pace.count();
  expect(pace.delay).toBe(50_000);
  clock.advance(49_999);
  expect(pace.delay).toBe(1);
  clock.advance(1);
  expect(pace.delay).toBe(0);
  pace.count();
  expect(pace.delay).toBe(10_000);
});

test("no 60 seconds see more than so many begin, whether at once or later", () => {
  const step = fc.record({ later: fc.nat(30_000), elapse: fc.nat(20_000) });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step), (perMinute, steps) => {
      const clock = new ManualClock();
      const pace = new Pace(perMinute, clock);
      const starts: number[] = [];
      for (const { later, elapse } of steps) {
        const delay = Math.max(later, pace.delay);
        pace.count(delay);
        starts.push(clock.now() + delay);
        clock.advance(elapse);
      }
      for (const start of starts) {
        const within = starts.filter((other) => other >= start && other < start + 60_000);
        expect(within.length).toBeLessThanOrEqual(perMinute);
      }
    }),
  );
});
