import { expect, test } from "bun:test";
import fc from "fast-check";
import { editDistance, nearest } from "./nearest.ts";

/** The definition, word for word. */
function naiveDistance(a: string, b: string): number {
  if (a === "" || b === "") return a.length + b.length;
  const best = [
    naiveDistance(a.slice(1), b) + 1,
    naiveDistance(a, b.slice(1)) + 1,
    naiveDistance(a.slice(1), b.slice(1)) + (a[0] === b[0] ? 0 : 1),
  ];
  if (a.length > 1 && b.length > 1 && a[0] === b[1] && a[1] === b[0]) {
    best.push(naiveDistance(a.slice(2), b.slice(2)) + 1);
  }
  return Math.min(...best);
}

const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 5 });

test("the distance is what its definition says", () => {
  fc.assert(
    fc.property(word, word, (a, b) => {
      expect(editDistance(a, b)).toBe(naiveDistance(a, b));
    }),
  );
});

test.each([
  ["prot", "port"],
  ["prt", "port"],
  ["baseUrl", "base_url"],
  ["BASE-URL", "base_url"],
  ["max_open_con", "max_open_conns"],
])("%s is taken for %s", (wrong, right) => {
  expect(nearest(wrong, ["host", "port", "base_url", "max_open_conns"])).toBe(right);
});

test.each(["", "completely_different", "x".repeat(10_000)])("%.20s is like nothing", (wrong) => {
  expect(nearest(wrong, ["host", "port", "base_url"])).toBeUndefined();
});
