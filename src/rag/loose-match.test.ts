import { describe, expect, test } from "bun:test";
import { looseStatistics } from "./loose/features.ts";
import { looseMatches } from "./loose-match.ts";

const scores = (question: string, passages: readonly string[]) =>
  looseMatches(question, passages, looseStatistics(passages)).map(({ score }) => score);

const others = ["Nothing of the kind.", "完全无关的内容。", "Ganz anderer Stoff.", "Третий текст."];

describe("loose matches", () => {
  test.each([
    ["Krankenhäuser", "Das Krankenhaus liegt im Süden."],
    ["бібліотеками", "Бібліотека працює щодня."],
    ["kirjastoissa", "Kirjasto on avoinna."],
    ["茶葉", "他喜欢喝茶，尤其是绿茶。"],
    ["서울은", "저는 서울에서 삽니다."],
    ["قَوَاعِدُ", "قواعد البيانات"],
    ["الآفات", "هذه آفة خطيرة"],
    ["הספרים", "ספר טוב"],
    ["ÉLÉPHANT", "Les elephants sont grands."],
    ["in 2015", "It began in 2015."],
  ])("see %p in %p", (question, passage) => {
    const [match, ...rest] = scores(question, [passage, ...others]);
    expect(match).toBeGreaterThan(Math.max(...rest));
  });

  test("ignore stop words", () => {
    const passages = ["what is the of and", "capital city"];
    expect(scores("what is the capital?", passages)[0]).toBe(0);
  });

  test.each(["灯塔有多少？", "燈塔是什麼？"])("ignore Chinese particles: %p", (question) => {
    const [particles, lighthouse] = scores(question, ["有多少是什么", "灯塔", "无关"]);
    expect(particles).toBe(0);
    expect(lighthouse).toBeGreaterThan(0);
  });

  test("weigh a rare feature more than a common one", () => {
    const passages = ["report alpha", "report beta", "report gamma", "report delta", "report"];
    const [rare, common] = scores("report alpha", passages);
    expect(rare).toBeGreaterThan((common ?? 0) * 5);
  });

  test("prefer words that stand together to the same words far apart", () => {
    const filler = "nothing of any kind but other matter ".repeat(3);
    const passages = [
      `red ${filler} green ${filler} blue`,
      `${filler} red green blue ${filler}`,
      "yellow",
    ];
    const [apart, together] = scores("red green blue", passages);
    expect(together).toBeGreaterThan((apart ?? 0) * 1.1);
    const [zhApart, zhTogether] = scores("红绿蓝", [
      `红${"完全无关的内容。".repeat(4)}绿${"完全无关的内容。".repeat(4)}蓝`,
      `${"完全无关的内容。".repeat(8)}红绿蓝`,
      "黄",
    ]);
    expect(zhTogether).toBeGreaterThan((zhApart ?? 0) * 1.1);
  });

  test("take a word that shares more letters for the likelier one", () => {
    const [longer, shorter] = scores("stators", ["the stator turns", "the state turns", ...others]);
    expect(longer).toBeGreaterThan((shorter ?? 0) * 1.5);
    expect(shorter).toBeGreaterThan(0);
  });

  test("tell how much of the question a passage covers", () => {
    const passages = ["red green blue", "red", "yellow", "white", "black", "brown"];
    const [all, third, none] = looseMatches("red green blue", passages, looseStatistics(passages));
    expect(all?.coverage).toBe(1);
    expect(third?.coverage).toBeGreaterThan(0.1);
    expect(third?.coverage).toBeLessThan(0.4);
    expect(none?.coverage).toBe(0);
  });

  test("say nothing against a passage when the question has no feature", () => {
    expect(looseMatches("?", ["text"], looseStatistics(["text"]))).toEqual([
      { score: 0, coverage: 1 },
    ]);
  });

  test("work over statistics of nothing", () => {
    const [match] = looseMatches("alpha", ["alpha"], looseStatistics([]));
    expect(Number.isFinite(match?.score)).toBe(true);
  });

  test("take millions of characters in linear time", () => {
    for (const unit of ["x", "字", "ก", "1", "\u0301", "😀"]) {
      const [match] = looseMatches("字x", [unit.repeat(2_000_000)], looseStatistics(["字 x"]));
      expect(match?.coverage).toBeLessThanOrEqual(1);
    }
  });
});
