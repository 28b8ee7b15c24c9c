import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Proximity, wordWidth } from "./nearness.ts";

const k1 = 1.2;
const damping = 1;

interface Word {
  readonly slot: number;
  readonly weight: number;
  readonly place: number;
  readonly spaced: boolean;
}

function score(words: readonly Word[], slots: number): number {
  const proximity = new Proximity(slots);
  for (const { slot, weight, place, spaced } of words) proximity.add(slot, weight, place, spaced);
  return proximity.score(k1, damping);
}

const word = (slot: number, at: number): Word => ({
  slot,
  weight: 2,
  place: at * wordWidth,
  spaced: true,
});

describe("words that stand near each other", () => {
  test("say more the nearer they are, and nothing beyond five words", () => {
    const scores = [1, 2, 3, 4, 5, 6].map((distance) => score([word(1, 0), word(2, distance)], 2));
    for (const [at, value] of scores.slice(1).entries()) {
      expect(value).toBeLessThan(scores[at] ?? 0);
    }
    expect(scores[4]).toBeGreaterThan(0);
    expect(scores[5]).toBe(0);
  });

  test("say nothing when they are one word, said twice", () => {
    expect(score([word(1, 0), word(1, 1)], 1)).toBe(0);
  });

  test("characters that stand together count only beside a word", () => {
    const character = (slot: number, at: number): Word => ({ ...word(slot, at), spaced: false });
    expect(score([character(1, 0), character(2, 1)], 2)).toBe(0);
    expect(score([character(1, 0), word(2, 1)], 2)).toBeGreaterThan(0);
  });

  test("score as the sum over all pairs says", () => {
    const words = fc.array(
      fc.record({
        slot: fc.integer({ min: 1, max: 4 }),
        gap: fc.integer({ min: 1, max: 14 }),
        spaced: fc.boolean(),
      }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(words, (gaps) => {
        let place = 0;
        const found = gaps.map(({ slot, gap, spaced }): Word => {
          place += gap;
          return { slot, weight: slot / 3, place, spaced };
        });
        const support = [0, 0, 0, 0, 0];
        for (const one of found) {
          for (const other of found) {
            const distance = Math.abs(one.place - other.place) / wordWidth;
            if (one.slot === other.slot || distance > 5 || !(one.spaced || other.spaced)) continue;
            support[one.slot] =
              (support[one.slot] ?? 0) + other.weight / Math.max(1, distance) ** 2;
          }
        }
        const expected = support.reduce(
          (sum, each, slot) => sum + (Math.min(1, slot / 3) * each * (k1 + 1)) / (each + damping),
          0,
        );
        expect(score(found, 4)).toBeCloseTo(expected, 9);
      }),
    );
  });

  test("the features of one word weigh together", () => {
    const whole = score([word(1, 0), { ...word(2, 1), weight: 3 }], 3);
    const parts = score([word(1, 0), word(2, 1), { ...word(3, 1), weight: 1 }], 3);
    expect(parts).toBeCloseTo(whole, 9);
  });
});
