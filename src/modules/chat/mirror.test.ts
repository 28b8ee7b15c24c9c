import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Message } from "../../store/conversations.ts";
import { Mirror } from "./mirror.ts";
import { type Following, storedEvents } from "./replay.ts";

const place = { messageId: 2, userMessageId: 1, model: "m" };

const message = (pieces: readonly string[], status: Message["status"]): Message => ({
  id: 2,
  parentId: 1,
  role: "assistant",
  content: pieces.join(""),
  reasoning: null,
  status,
  finishReason: null,
  sources: null,
  pieces: pieces.map((piece) => piece.length),
  usage: null,
  model: null,
  createdTime: 1,
});

/** What a follower has seen, by the ids under which it is sent. */
const seen = ({ log, shift }: Following): [number, string | undefined][] =>
  Array.from({ length: log.length }, (_, at) => [at + shift, log.at(at)]);

const numbered = (events: readonly string[], from: number): [number, string][] =>
  events.map((event, at): [number, string] => [at, event]).slice(from);

const pieces = fc.array(fc.string({ minLength: 1, maxLength: 5 }), { maxLength: 12 });

/** Runs that the relay brings, in any order, doubled or not at all, and steps of the database. */
const step = fc.oneof(
  fc.record({ from: fc.constant("relay" as const), first: fc.nat(14), count: fc.nat(14) }),
  fc.record({ from: fc.constant("store" as const), count: fc.nat(5) }),
  fc.record({ from: fc.constant("follower" as const), next: fc.nat(20) }),
);

function play(
  mirror: Mirror,
  whole: Message,
  text: readonly string[],
  steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[],
): Following[] {
  const events = storedEvents(place, whole);
  const followers = [mirror.follow(0, "cut", () => {})];
  for (const next of steps) {
    if (mirror.closed) break;
    if (next.from === "relay") {
      const { first, count } = next;
      const run = events.slice(first, first + count);
      // As a log does: a run that reaches the end says so.
      const closed =
        whole.status === "complete" && run.length > 0 && first + count >= events.length;
      mirror.offer({ first, events: run, closed });
    } else if (next.from === "store") {
      const part = text.slice(mirror.pieces, mirror.pieces + next.count);
      const lengths = part.map((piece) => piece.length);
      const stored = { content: part.join(""), reasoning: "", pieces: lengths };
      const parts = part.length === 0 ? [] : [stored];
      mirror.grow({ status: "streaming", sources: null, model: null, parts });
    } else {
      followers.push(mirror.follow(next.next, "cut", () => {}));
    }
  }
  return followers;
}

test("whatever comes from the relay and the database, each follower gets every event once and in order", () => {
  fc.assert(
    fc.property(pieces, fc.array(step, { maxLength: 20 }), (text, steps) => {
      const whole = message(text, "complete");
      const mirror = new Mirror(7, place);
      const followers = play(mirror, whole, text, steps);
      if (!mirror.closed) mirror.finish(whole);
      for (const follower of followers) {
        expect(seen(follower)).toEqual(numbered(storedEvents(place, whole), follower.shift));
        expect(follower.log.closed).toBe(true);
      }
    }),
  );
});

test("a cut answer ends for each in an error behind all that it has seen", () => {
  fc.assert(
    fc.property(pieces, fc.array(step, { maxLength: 20 }), fc.nat(12), (text, steps, stored) => {
      const mirror = new Mirror(7, place);
      const followers = play(mirror, message(text, "interrupted"), text, steps);
      const shown = followers.map((follower) => seen(follower));
      mirror.finish(message(text.slice(0, stored), "interrupted"));
      followers.forEach((follower, index) => {
        const all = seen(follower);
        const before = shown[index] ?? [];
        expect(all.slice(0, before.length)).toEqual(before);
        const events = numbered(storedEvents(place, message(text, "interrupted")), 0);
        const [last] = all.slice(-1);
        expect(last?.[0]).toBeGreaterThanOrEqual(follower.shift);
        expect(JSON.parse(last?.[1] ?? "")).toMatchObject({ event: "error", code: "interrupted" });
        // All before the error are what the answer had in their places, without a gap.
        const told = all.slice(0, -1);
        expect(told).toEqual(events.slice(follower.shift, follower.shift + told.length));
        expect(follower.log.closed).toBe(true);
      });
    }),
  );
});

test("an answer that is gone ends in an error", () => {
  const mirror = new Mirror(7, place);
  const follower = mirror.follow(0, "cut", () => {});
  mirror.finish(undefined);
  expect(seen(follower)).toMatchObject([[0, expect.stringContaining('"code":"interrupted"')]]);
});

test("says when the last follower has gone", () => {
  const mirror = new Mirror(7, place);
  const left: boolean[] = [];
  const note = () => left.push(mirror.deserted);
  const [first, second] = [mirror.follow(0, "cut", note), mirror.follow(3, "cut", note)];
  first.leave();
  first.leave();
  second.leave();
  expect(left).toEqual([false, true]);
});
