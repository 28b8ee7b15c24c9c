import { describe, expect, test } from "bun:test";
import { cutTerms } from "./cut.ts";

/** The terms of a text; `·` joins numbers, `^` begins a piece of a word. */
function terms(text: string): string {
  const found: string[] = [];
  cutTerms(text, (term) => found.push(term.replaceAll("\ue000", "·").replace("\ue001", "^")));
  return found.join(" ");
}

describe("terms", () => {
  test.each([
    ["Running runners ran", "run runner ran"],
    ["internationalization", "interna"],
    ["Straße naïve Łódź", "strass naiv lodz"],
    ["the Panthers' cat's", "the panther cat"],
    ["l'homme d’une don't O'Brien", "homm un don brien"],
    ["e-mail", "e mail email"],
    ["U.S.A. e.g.", "usa eg"],
    ["sentence.Next", "sentenc next"],
    ["AT&T and R&D", "at t att and rd"],
  ])("of European words: %p", (text, expected) => {
    expect(terms(text)).toBe(expected);
  });

  test.each([
    ["1,234,567", "1234567"],
    ["3,14", "3 14 3·14"],
    ["v1.2.3", "v1 2 3 v1·2·3"],
    ["2024-05-01", "2024 5 1 2024·05·01"],
    ["1990s", "1990s 1990"],
    ["007", "7"],
    ["١٢٣ १२३ ๑๒๓ １２３", "123 123 123 123"],
    ["½ cup", "1 2 cup"],
  ])("of numbers: %p", (text, expected) => {
    expect(terms(text)).toBe(expected);
  });

  test.each([
    ["chunkSize", "chunksi chunksize chunk size"],
    ["HTTPServer", "httpser httpserver http server"],
    ["max_body_bytes", "max bodi byte maxbodybytes"],
    ["GPT-4 GPT4", "gpt 4 gpt4 gpt4 gpt"],
    ["C++ C# F#", "cplusplus csharp fsharp"],
  ])("of identifiers: %p", (text, expected) => {
    expect(terms(text)).toBe(expected);
  });

  test.each([
    ["知识库检索", "知识 识库 库检 检索 索"],
    ["茶", "茶"],
    ["漢語，臺灣。", "汉语 语 台湾 湾"],
    ["什麼什么", "什么 么什 什么 么"],
    ["𠮷野家", "𠮷野 野家 家"],
    ["ﾀﾜｰへ行く", "タワ ワー ーへ へ行 行く く"],
    ["수도는 서울", "수도 도는 는 서울 울"],
  ])("of Chinese, Japanese and Korean: %p", (text, expected) => {
    expect(terms(text)).toBe(expected);
  });

  test.each([
    ["книгами Книга ЁЛКА", "книга книга елка"],
    ["Αθήνας ΑΘΉΝΑ", "αθηνα αθηνα"],
    ["والمدرسة مدرسة", "مدرس ^والم ^المد ^لمدر ^مدرس ^درسه مدرس ^مدرس ^درسه"],
    ["می‌خواهم کتاب", "ميخواهم ^ميخو ^يخوا ^خواه ^واهم كتاب"],
    ["הספר ספרים", "ספר ספר ^ספרי ^פרימ"],
    ["लड़कियों किताबें", "लडक किताब"],
    ["தமிழ்நாட்டில்", "தமிழ்ந"],
    ["đường Duong", "đường duong duong"],
    ["เมืองหลวง", "เมือง หลวง"],
  ])("of other scripts: %p", (text, expected) => {
    expect(terms(text)).toBe(expected);
  });

  test("do not see soft hyphens, joiners and marks of direction", () => {
    expect(terms("Zusammen\u00adfassung \u200edata\u200dbase\ufeff")).toBe(
      terms("Zusammenfassung database"),
    );
  });
});
