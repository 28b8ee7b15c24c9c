import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { defaultVectorWeight, type Evidence, fuse } from "./fuse.ts";

const ids = (evidence: readonly Evidence[], weight: number) =>
  fuse(evidence, weight).map(({ id }) => id);

const score = fc.double({ min: 0, max: 100, noNaN: true });
const evidence = fc.uniqueArray(
  fc.record({
    id: fc.string({ minLength: 1, maxLength: 4 }),
    keyword: fc.option(score, { nil: undefined }),
    similarity: fc.option(fc.double({ min: -1, max: 1, noNaN: true }), { nil: undefined }),
    loose: fc.option(fc.record({ score, coverage: fc.double({ min: 0, max: 1, noNaN: true }) }), {
      nil: undefined,
    }),
  }),
  { selector: ({ id }) => id, maxLength: 60 },
);
const weight = fc.double({ min: 0, max: 1, noNaN: true });

describe("fused hits", () => {
  test("hold every chunk once, from the best score to the worst, all from 0 to 1", () => {
    fc.assert(
      fc.property(evidence, weight, (found, vectorWeight) => {
        const hits = fuse(found, vectorWeight);
        expect(hits.map(({ id }) => id).sort()).toEqual(found.map(({ id }) => id).sort());
        for (const [i, hit] of hits.entries()) {
          expect(hit.score).toBeGreaterThanOrEqual(0);
          expect(hit.score).toBeLessThanOrEqual(hits[i - 1]?.score ?? 1);
        }
      }),
    );
  });

  test("do not depend on the order in which the searches answered", () => {
    fc.assert(
      fc.property(evidence, weight, (found, vectorWeight) => {
        expect(fuse(found.toReversed(), vectorWeight)).toEqual(fuse(found, vectorWeight));
      }),
    );
  });

  test("rank a chunk no lower when its own evidence grows", () => {
    fc.assert(
      fc.property(evidence, weight, score, (found, vectorWeight, more) => {
        const [first, ...others] = found;
        fc.pre(first !== undefined && others.length > 0);
        const place = (list: readonly Evidence[]) => ids(list, vectorWeight).indexOf(first.id);
        const same = found.map((each) => ({ ...each, loose: undefined }));
        const better = { ...first, loose: undefined, keyword: (first.keyword ?? 0) + more };
        expect(place([better, ...same.slice(1)])).toBeLessThanOrEqual(place(same));
      }),
    );
  });

  test("weigh both searches", () => {
    const found = [
      { id: "words", keyword: 10, similarity: 0.1 },
      { id: "both", keyword: 9, similarity: 0.8 },
      { id: "meaning", similarity: 0.9 },
    ];
    expect(ids(found, 0)).toEqual(["words", "both", "meaning"]);
    expect(ids(found, 0.5)).toEqual(["both", "words", "meaning"]);
    expect(ids(found, 1)).toEqual(["meaning", "both", "words"]);
  });

  test("are scored by their cosine in a search by vectors", () => {
    const hits = fuse(
      [
        { id: "a", similarity: 0.7 },
        { id: "b", similarity: -0.2 },
        { id: "c", similarity: 0.4, keyword: 30 },
      ],
      1,
    );
    expect(hits.map(({ id, score: each }) => [id, each])).toEqual([
      ["a", 0.7],
      ["c", 0.4],
      ["b", 0],
    ]);
  });

  test("of one search alone keep their whole score", () => {
    const loose = { score: 2, coverage: 0.5 };
    expect(fuse([{ id: "a", keyword: 3, loose }], 0.6)).toMatchObject([{ score: 0.5 }]);
    expect(fuse([{ id: "a", keyword: 3 }], 0)).toMatchObject([{ score: 1 }]);
    expect(fuse([{ id: "a", similarity: 0.8 }], 0.5)).toMatchObject([{ score: 0.4 }]);
    expect(fuse([], 0.5)).toEqual([]);
  });

  test("with equal evidence are equal, in the order of their ids", () => {
    const hits = fuse(
      ["b", "a", "c"].map((id) => ({ id, keyword: 4, similarity: 0.5 })),
      0.5,
    );
    expect(hits.map(({ id }) => id)).toEqual(["a", "b", "c"]);
    expect(new Set(hits.map((hit) => hit.score))).toEqual(new Set([0.75]));
    expect(hits.map(({ stages }) => stages.keyword?.rank)).toEqual([1, 1, 1]);
  });

  test("score low when little of the question is covered", () => {
    const answered = { id: "a", keyword: 9, loose: { score: 4, coverage: 0.9 } };
    const unanswered = { id: "a", keyword: 9, loose: { score: 4, coverage: 0.1 } };
    expect(fuse([answered], 0.15)[0]?.score).toBeCloseTo(0.9);
    expect(fuse([unanswered], 0.15)[0]?.score).toBeCloseTo(0.1);
  });

  test("tell what each stage made of them", () => {
    const [first, second] = fuse(
      [
        { id: "a", keyword: 2, similarity: 0.9, loose: { score: 1, coverage: 1 } },
        { id: "b", keyword: 8, loose: { score: 3, coverage: 1 } },
      ],
      0.15,
    );
    expect(first?.stages).toEqual({ keyword: { rank: 1, score: 8 }, loose: { rank: 1, score: 3 } });
    expect(second?.stages.vector).toEqual({ rank: 1, score: 0.9 });
  });

  test("survive a search that answers nonsense", () => {
    const hits = fuse(
      [
        { id: "a", keyword: Number.NaN, similarity: Number.POSITIVE_INFINITY },
        { id: "b", keyword: 1, similarity: 0.5 },
      ],
      0.5,
    );
    expect(hits.map(({ id }) => id)).toEqual(["b", "a"]);
  });
});

test("a model that knows meanings weighs more than the one of letters", () => {
  expect(defaultVectorWeight("zhipu-embedding-3")).toBeGreaterThan(defaultVectorWeight("builtin"));
});
