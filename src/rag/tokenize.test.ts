import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { QueryTerm } from "../store/search.ts";
import { indexTerms, queryTerms } from "./tokenize.ts";

/** The terms of a passage as a full-text index reads them that splits at spaces. */
const indexText = (text: string): string => indexTerms(text).join(" ");

/** The MATCH expression of FTS5 that finds passages with any of the terms; undefined for none. */
function matchExpression(terms: readonly QueryTerm[]): string | undefined {
  const phrases = terms.flatMap(({ text, weight, prefix }) =>
    Array.from({ length: weight }, () => `"${text.replaceAll('"', '""')}"${prefix ? " *" : ""}`),
  );
  return phrases.length === 0 ? undefined : phrases.join(" OR ");
}

/** A full-text index over `passages`; the search answers their numbers, the best first. */
function fullText(passages: readonly string[]): (question: string) => number[] {
  const db = new Database(":memory:");
  db.run(
    `CREATE VIRTUAL TABLE passages USING fts5(terms, tokenize="unicode61 remove_diacritics 0 categories 'L* N* Co M*'")`,
  );
  const insert = db.prepare("INSERT INTO passages(rowid, terms) VALUES (?, ?)");
  for (const [i, passage] of passages.entries()) insert.run(i, indexText(passage));
  const select = db.query<{ id: number }, [string]>(
    "SELECT rowid AS id FROM passages WHERE passages MATCH ? ORDER BY bm25(passages), rowid",
  );
  return (question) => {
    const expression = matchExpression(queryTerms(question));
    return expression === undefined ? [] : select.all(expression).map(({ id }) => id);
  };
}

const terms = (question: string) => queryTerms(question).map(({ text }) => text);

describe("a full-text index over cut terms", () => {
  const passages = [
    "北京是中国的首都。茶馆很多。",
    "臺灣的首府是臺北，夜市很有名。",
    "The Panthers' defence surrendered 308 points in 2015.",
    "Die Häuser der Stadt wurden 1,234 Mal fotografiert.",
    "東京タワーは1958年に建てられました。",
    "서울은 대한민국의 수도이다.",
    "กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย",
    "Столица России — город Москва.",
    "القاهرة هي عاصمة مصر",
    "नई दिल्ली भारत की राजधानी है",
    "Call parseConfig() from v1.2.3 of the snake_case library, or use C++.",
    "Đường phố Hà Nội rất đông.",
    "A grapefruit is not what anybody asks for.",
  ];
  const search = fullText(passages);

  test.each([
    ["首都", 0],
    ["中国首都在哪里", 0],
    ["茶", 0],
    ["台湾首府", 1],
    ["ＰＡＮＴＨＥＲ defense points", 2],
    ["Haus fotografieren in der Stadt", 3],
    ["1234", 3],
    ["東京のタワー", 4],
    ["东京塔", 4],
    ["대한민국 수도는?", 5],
    ["เมืองหลวงของไทย", 6],
    ["столицу россии", 7],
    ["ما هي عاصمة مصر؟", 8],
    ["भारत की राजधानी", 9],
    ["parse config", 10],
    ["1.2.3", 10],
    ["snakeCase", 10],
    ["c++", 10],
    ["duong pho", 11],
    ["Hà Nội", 11],
  ])("finds the passage for %p", (question, expected) => {
    expect(search(question)[0]).toBe(expected);
  });

  test("finds every passage with a single Chinese character, wherever it stands in a word", () => {
    expect(fullText(["好茶", "茶馆", "绿茶馆", "水"])("茶").sort()).toEqual([0, 1, 2]);
  });

  test("takes any question without a fault", () => {
    const hostile = fc.constantFrom(
      '"',
      "*",
      "NEAR(",
      "AND",
      "OR",
      "NOT",
      "^",
      ":",
      "\0",
      "😀",
      "-",
      "'",
      "{a b}:",
    );
    const question = fc.oneof(
      fc.string({ unit: "binary", maxLength: 40 }),
      fc
        .array(fc.oneof(hostile, fc.string({ unit: "grapheme", maxLength: 4 })), { maxLength: 20 })
        .map((parts) => parts.join(" ")),
    );
    fc.assert(
      fc.property(question, (text) => {
        expect(search(text).every((id) => id < passages.length)).toBe(true);
      }),
      { numRuns: 2000 },
    );
    expect(search("")).toEqual([]);
    expect(search("😀 !? \0")).toEqual([]);
  });

  test("takes the longest question", () => {
    expect(search("首都 ".repeat(1_000_000))).toContain(0);
    const distinct = Array.from({ length: 4000 }, (_, i) => `w${i}`).join(" ");
    expect(search(distinct)).toEqual([]);
  });

  test("finds a passage by any stretch of its own text", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom(
            "知识",
            "检索",
            "word ",
            "Größe ",
            "слово ",
            "サーバー",
            "v2.0 ",
            "서버 ",
          ),
          { minLength: 2, maxLength: 20 },
        ),
        fc.nat(),
        (parts, at) => {
          const from = at % parts.length;
          const question = parts.slice(from, from + 3).join("");
          expect(fullText([parts.join("")])(question)).toEqual([0]);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe("the terms of a question", () => {
  test("leave stop words out, unless nothing else remains", () => {
    expect(terms("What is the capital of France?")).toEqual(["capit", "franc"]);
    expect(terms("What is it?")).toEqual(["what", "is", "it"]);
    expect(terms("Wie heißt die Hauptstadt von Frankreich?")).toEqual([
      "heisst",
      "hauptst",
      "frankre",
    ]);
  });

  test("leave Chinese particles out, traditional ones too, unless nothing else remains", () => {
    expect(terms("灯塔有多少？")).toEqual(["灯塔", "塔有"]);
    expect(terms("燈塔為什麼亮？")).toEqual(["灯塔", "塔为", "么亮"]);
    expect(terms("什么是什么")).toEqual(["什么", "么是", "是什"]);
  });

  test("keep `die` in an English question and `was` out of a German one", () => {
    expect(terms("When did Tesla die?")).toContain("die");
    expect(terms("Was ist die Ursache von Fieber?")).toEqual(["ursach", "fieber"]);
  });

  test("count repeated words", () => {
    expect(queryTerms("rate limit rate")).toEqual([
      { text: "rate", weight: 2, prefix: false },
      { text: "limit", weight: 1, prefix: false },
    ]);
    expect(matchExpression(queryTerms("rate limit rate"))).toBe('"rate" OR "rate" OR "limit"');
  });

  test("weigh a word among pairs of characters as two of these", () => {
    const weights = (question: string) => queryTerms(question).map(({ weight }) => weight);
    expect(weights("重启nginx")).toEqual([1, 2]);
    expect(weights("서버 nginx nginx")).toEqual([1, 4]);
    expect(weights("restart nginx")).toEqual([1, 1]);
  });

  test("are a prefix for one character alone", () => {
    expect(queryTerms("茶？")).toEqual([{ text: "茶", weight: 1, prefix: true }]);
    expect(queryTerms("茶叶")).toEqual([{ text: "茶叶", weight: 1, prefix: false }]);
  });
});

test("a term is a token that FTS5 keeps whole", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
      for (const term of indexTerms(text)) {
        expect(term).toMatch(/^[\p{L}\p{N}\p{M}\p{Co}]{1,42}$/u);
        expect(term.isWellFormed()).toBe(true);
      }
    }),
  );
});

test("terms take time and room linear in the text", () => {
  for (const piece of [
    "x",
    "1",
    "a-",
    "字",
    "한",
    "ก",
    "a_",
    "1,",
    "é",
    "א",
    "ي",
    "\u0301",
    "’a",
    "𠮷",
  ]) {
    const unit = piece.repeat(200_000);
    let length = 0;
    for (const term of indexTerms(unit)) length += term.length;
    expect(length).toBeLessThanOrEqual(unit.length * 6);
  }
});
