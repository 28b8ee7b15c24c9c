import { describe, expect, test } from "bun:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { ManualClock } from "../../test/providers/manual-clock.ts";
import { AppError } from "../errors.ts";
import { Admission, type AdmissionLimits } from "./admission.ts";

const never = new AbortController().signal;

/** One request and what has become of it. */
interface Request {
  readonly party: number;
  readonly controller: AbortController;
  state: "waiting" | "running" | "over" | "refused" | "aborted";
  release: () => void;
}

/** An admission with a record of everything that happens to its requests. */
class Scene {
  readonly clock = new ManualClock();
  readonly admission: Admission;
  readonly requests: Request[] = [];
  /** In the order in which they were admitted after a wait. */
  readonly admitted: Request[] = [];

  constructor(limits: Partial<AdmissionLimits>) {
    const defaults = { maxConcurrent: 0, requestsPerMinute: 0, maxQueue: 100, queueTimeout: 60 };
    this.admission = new Admission("scripted", { ...defaults, ...limits }, this.clock);
  }

  with(state: Request["state"], party?: number): Request[] {
    return this.requests.filter(
      (request) => request.state === state && (party === undefined || request.party === party),
    );
  }

  async enter(party: number): Promise<Request> {
    const controller = new AbortController();
    const request: Request = { party, controller, state: "waiting", release: () => {} };
    this.requests.push(request);
    let waited = false;
    this.admission.enter(party, controller.signal).then(
      (release) => {
        request.state = "running";
        if (waited) this.admitted.push(request);
        request.release = () => {
          request.state = "over";
          release();
        };
      },
      (error: unknown) => {
        request.state = error instanceof AppError ? "refused" : "aborted";
      },
    );
    await nextTurn();
    waited = true;
    return request;
  }
}

describe("without limits", () => {
  test("everybody enters at once", async () => {
    const scene = new Scene({ maxQueue: 0 });
    for (let i = 0; i < 50; i++) await scene.enter(1);
    expect(scene.with("running")).toHaveLength(50);
    expect(scene.clock.pending).toBe(0);
  });
});

describe("turns", () => {
  test("go round between the parties, whoever came first", async () => {
    const scene = new Scene({ maxConcurrent: 1 });
    const running = await scene.enter(1);
    for (const party of [1, 1, 1, 2, 2, 3]) await scene.enter(party);
    running.release();
    for (let i = 0; i < 6; i++) {
      await nextTurn();
      scene.with("running")[0]?.release();
    }
    expect(scene.admitted.map(({ party }) => party)).toEqual([1, 2, 3, 1, 2, 1]);
  });

  test("of random scenes are bounded, fair, in order, and lose no place", async () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ enter: fc.integer({ min: 1, max: 4 }) }) },
      { weight: 3, arbitrary: fc.record({ release: fc.nat() }) },
      { weight: 1, arbitrary: fc.record({ abort: fc.nat() }) },
      { weight: 1, arbitrary: fc.record({ elapse: fc.nat(20_000) }) },
    );
    const limits = fc.record({
      maxConcurrent: fc.integer({ min: 1, max: 3 }),
      maxQueue: fc.integer({ min: 0, max: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(limits, fc.array(step, { maxLength: 60 }), async (bounds, steps) => {
        const scene = new Scene(bounds);
        for (const step of steps) {
          const waitingBefore = scene.with("waiting");
          const admittedBefore = scene.admitted.length;
          if ("enter" in step) {
            const request = await scene.enter(step.enter);
            expectFairRefusal(request, waitingBefore);
          } else if ("elapse" in step) scene.clock.advance(step.elapse);
          else if ("release" in step) pick(scene.with("running"), step.release)?.release();
          else pick(scene.with("waiting"), step.abort)?.controller.abort("gone");
          await nextTurn();

          expect(scene.with("running").length).toBeLessThanOrEqual(bounds.maxConcurrent);
          expect(scene.with("waiting").length).toBeLessThanOrEqual(bounds.maxQueue);
          if (scene.with("waiting").length > 0) {
            expect(scene.with("running")).toHaveLength(bounds.maxConcurrent);
          }
          for (const request of scene.admitted.slice(admittedBefore)) {
            const own = waitingBefore.filter(({ party }) => party === request.party);
            expect(own[0]).toBe(request);
          }
        }
        for (let running = scene.with("running"); running.length > 0; ) {
          for (const request of running) request.release();
          await nextTurn();
          running = scene.with("running");
        }
        expect(scene.with("waiting")).toEqual([]);
        expect(scene.clock.pending).toBe(0);
        for (let i = 0; i < bounds.maxConcurrent; i++) {
          expect((await scene.enter(9)).state).toBe("running");
        }
      }),
      { numRuns: 200 },
    );
  });

  test("leave nobody behind: while a party waits, each other has one turn at most", async () => {
    const step = fc.oneof(
      { weight: 2, arbitrary: fc.integer({ min: 1, max: 3 }) },
      { weight: 1, arbitrary: fc.constant("release" as const) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const scene = new Scene({ maxConcurrent: 1 });
        await scene.enter(0);
        for (const step of steps) {
          if (step === "release") scene.with("running")[0]?.release();
          else await scene.enter(step);
          await nextTurn();
          // A party that is always there, and a greedy one that never lets the queue run empty.
          while (scene.with("waiting", 7).length === 0) await scene.enter(7);
          while (scene.with("waiting", 8).length < 3) await scene.enter(8);
        }
        const turns = scene.admitted.map(({ party }) => party);
        let since: number[] = [];
        for (const party of turns) {
          expect(since).not.toContain(party);
          since = party === 7 ? [] : [...since, party];
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe("the queue", () => {
  test("refuses when it is full, and says when to come again", async () => {
    const scene = new Scene({ maxConcurrent: 1, maxQueue: 1 });
    await scene.enter(1);
    await scene.enter(1);
    const refused = scene.admission.enter(1, never);
    expect(await refused.catch((error: unknown) => error)).toMatchObject({
      code: "rate_limited",
      parameters: { provider: "scripted" },
      retryable: true,
      options: { retryAfter: 5 },
    });
  });

  test("makes room for a party that has fewer in it", async () => {
    const scene = new Scene({ maxConcurrent: 1, maxQueue: 3 });
    await scene.enter(1);
    const greedy = [await scene.enter(1), await scene.enter(1), await scene.enter(1)];
    const other = await scene.enter(2);
    expect(greedy.map(({ state }) => state)).toEqual(["waiting", "waiting", "refused"]);
    expect(other.state).toBe("waiting");
    // Two of one and one of another: a third party would only push out somebody like itself.
    expect((await scene.enter(2)).state).toBe("refused");
    expect((await scene.enter(3)).state).toBe("waiting");
    expect((await scene.enter(4)).state).toBe("refused");
  });

  test("is left when the wait is too long", async () => {
    const scene = new Scene({ maxConcurrent: 1, queueTimeout: 10 });
    await scene.enter(1);
    const late = await scene.enter(2);
    scene.clock.advance(9999);
    await nextTurn();
    expect(late.state).toBe("waiting");
    scene.clock.advance(1);
    await nextTurn();
    expect(late.state).toBe("refused");
    expect(scene.clock.pending).toBe(0);
  });

  test("is not joined by who has given up, and is left with the caller's reason", async () => {
    const scene = new Scene({ maxConcurrent: 1 });
    const early = scene.admission.enter(1, AbortSignal.abort("early"));
    expect(await early.catch((error: unknown) => error)).toBe("early");
    const running = await scene.enter(1);
    const waiting = await scene.enter(1);
    waiting.controller.abort("gone");
    await nextTurn();
    expect(waiting.state).toBe("aborted");
    running.release();
    expect((await scene.enter(1)).state).toBe("running");
  });

  test("gives each place once, however often it is given back", async () => {
    const scene = new Scene({ maxConcurrent: 1 });
    const running = await scene.enter(1);
    await scene.enter(2);
    await scene.enter(3);
    running.release();
    running.release();
    await nextTurn();
    expect(scene.with("running")).toHaveLength(1);
  });
});

describe("the pace", () => {
  test("lets the waiting in as it allows, in turns", async () => {
    const scene = new Scene({ requestsPerMinute: 2, queueTimeout: 600 });
    await scene.enter(1);
    scene.clock.advance(10_000);
    for (const party of [1, 1, 1, 2]) await scene.enter(party);
    expect(scene.with("running")).toHaveLength(2);
    scene.clock.advance(49_999);
    await nextTurn();
    expect(scene.admitted).toHaveLength(0);
    scene.clock.advance(1);
    await nextTurn();
    expect(scene.admitted.map(({ party }) => party)).toEqual([1]);
    scene.clock.advance(10_000);
    await nextTurn();
    expect(scene.admitted.map(({ party }) => party)).toEqual([1, 2]);
    scene.clock.advance(49_999);
    await nextTurn();
    expect(scene.with("waiting")).toHaveLength(1);
    scene.clock.advance(1);
    await nextTurn();
    expect(scene.with("waiting")).toHaveLength(0);
    expect(scene.clock.pending).toBe(0);
  });

  test("tells in Retry-After when it allows the next", async () => {
    const scene = new Scene({ requestsPerMinute: 1, maxQueue: 0 });
    await scene.enter(1);
    scene.clock.advance(17_000);
    const refused = scene.admission.enter(1, never);
    expect(await refused.catch((error: unknown) => error)).toMatchObject({
      options: { retryAfter: 43 },
    });
  });
});

function pick<T>(items: readonly T[], index: number): T | undefined {
  return items[index % items.length];
}

/** Whoever is refused at the door has as many waiting as anybody could give up for it. */
function expectFairRefusal(request: Request, waiting: readonly Request[]): void {
  if (request.state !== "refused") return;
  const sizes = new Map<number, number>();
  for (const { party } of waiting) sizes.set(party, (sizes.get(party) ?? 0) + 1);
  const longest = Math.max(0, ...sizes.values());
  expect((sizes.get(request.party) ?? 0) + 1).toBeGreaterThanOrEqual(longest);
}
