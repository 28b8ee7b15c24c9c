import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isOneSlip, respell, unknownWords, vocabularyOf } from "./spelling.ts";
import { queryTerms } from "./tokenize.ts";

describe("a slip of the hand", () => {
  test.each([
    ["kubernets", "kubernetes"],
    ["kuberrnetes", "kubernetes"],
    ["kubernetas", "kubernetes"],
    ["kubenretes", "kubernetes"],
    ["ghandi", "gandhi"],
    ["recieve", "receive"],
    ["москвва", "москва"],
  ])("%p is one of %p", (one, other) => {
    expect(isOneSlip(one, other)).toBe(true);
    expect(isOneSlip(other, one)).toBe(true);
  });

  test.each([
    ["kubernetes", "kubernetes"],
    ["bernetes", "kubernetes"],
    ["rank", "bank"],
    ["cypiddids", "cydippids"],
    ["abcdef", "fedcba"],
  ])("%p is none of %p", (one, other) => {
    expect(isOneSlip(one, other)).toBe(false);
  });

  test("is a letter put in, left out, changed or moved, but for the first", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 2, maxLength: 7 });
    fc.assert(
      fc.property(letters, letters, (one, other) => {
        const slips = new Set<string>();
        for (let at = 0; at < one.length; at += 1) {
          const rest = one.slice(0, at) + one.slice(at + 1);
          slips.add(rest);
          for (let to = 0; to <= one.length; to += 1) {
            slips.add(rest.slice(0, to) + one[at] + rest.slice(to));
          }
          for (const letter of "abc") slips.add(one.slice(0, at) + letter + one.slice(at + 1));
        }
        for (let at = 0; at <= one.length; at += 1) {
          for (const letter of "abc") slips.add(one.slice(0, at) + letter + one.slice(at));
        }
        const expected = one !== other && one[0] === other[0] && slips.has(other);
        expect(isOneSlip(one, other)).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });
});

const passages = [
  "Gandhi read Thoreau.",
  "Der Größenwahn wächst.",
  "Кластер Kubernetes",
  "2015 字",
];
const known = new Set(["gandh", "read", "thoreau", "größen"]);

/** A question, of whose terms some are nowhere, as it may have been meant. */
function respelt(question: string, missing: (term: string) => boolean) {
  const terms = queryTerms(question);
  const nowhere = new Set(terms.map(({ text }) => text).filter(missing));
  return respell(question, terms, unknownWords(question, nowhere), vocabularyOf(passages));
}

/** What stands beside its terms. */
function others(question: string, missing: (term: string) => boolean): Record<string, string[]> {
  const terms = respelt(question, missing)?.terms ?? [];
  return Object.fromEntries(
    terms.flatMap((term) => (term.others === undefined ? [] : [[term.text, [...term.others]]])),
  );
}

describe("the words of a question", () => {
  test("that are nowhere stand for those that are one slip away", () => {
    const missing = (term: string) => !known.has(term);
    expect(others("What was Ghandi's work called?", missing)).toEqual({ ghandi: ["gandhi"] });
    expect(others("класстер kubrnetes", missing)).toEqual({
      класс: ["класт"],
      kubrnet: ["kuberne"],
    });
    expect(others("GRÖSENWAHN", missing)).toEqual({ grosenw: ["grossen"] });
  });

  test("that are nowhere give way to these in the question", () => {
    const question = respelt("Did Ghandi read Toreau？", (term) => !known.has(term))?.question;
    expect(question).toBe("Did gandhi read thoreau?");
  });

  test("that are known, short, numbers or Chinese stand for themselves", () => {
    expect(others("gandi", () => false)).toEqual({});
    expect(others("reed 2016 宇", () => true)).toEqual({});
  });

  test("are looked up a few at a time", () => {
    const words = Array.from(
      { length: 1000 },
      (_, at) => `word${String.fromCharCode(97 + (at % 26))}q`,
    );
    const question = words.join(" ");
    const terms = new Set(queryTerms(question).map(({ text }) => text));
    expect(unknownWords(question, terms).size).toBe(8);
  });
});
