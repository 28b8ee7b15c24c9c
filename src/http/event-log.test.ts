import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { EventLog } from "./event-log.ts";

describe("EventLog", () => {
  test("wakes its followers once for events that came together, and at the end", () => {
    const log = new EventLog();
    const seen: [number, boolean][] = [];
    log.follow(() => seen.push([log.length, log.closed]));
    log.append(["a", "b"]);
    log.append(["c"]);
    log.close();
    expect(seen).toEqual([
      [2, false],
      [3, false],
      [3, true],
    ]);
  });

  test("wakes nobody who has left, even while it wakes", () => {
    const log = new EventLog();
    const woken: string[] = [];
    const leaveFirst = log.follow(() => {
      woken.push("first");
      leaveFirst();
      leaveSecond();
    });
    const leaveSecond = log.follow(() => woken.push("second"));
    log.follow(() => woken.push("third"));
    log.append(["a"]);
    log.append(["b"]);
    expect(woken).toEqual(["first", "third", "third"]);
  });

  test("gives every follower the same events, from wherever it begins", () => {
    const step = fc.oneof(fc.array(fc.string(), { maxLength: 3 }), fc.constant("join" as const));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const log = new EventLog();
        const appended: string[] = [];
        const followers: { from: number; got: (string | undefined)[] }[] = [];
        for (const events of steps) {
          if (events === "join") {
            const follower = { from: log.length, got: [] as (string | undefined)[] };
            followers.push(follower);
            log.follow(() => {
              for (let i = follower.from + follower.got.length; i < log.length; i++) {
                follower.got.push(log.at(i));
              }
            });
          } else {
            appended.push(...events);
            log.append(events);
          }
        }
        log.close();
        for (const { from, got } of followers) expect(got).toEqual(appended.slice(from));
        expect(log.at(log.length)).toBeUndefined();
      }),
    );
  });
});
