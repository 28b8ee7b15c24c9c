import { describe, expect, test } from "bun:test";
import { stopWordsOf } from "./stop-words.ts";

const stopWords = (text: string) => [...stopWordsOf(text.toLowerCase().split(" "), text)];

describe("stop words", () => {
  test("are those of the language that has most of them", () => {
    expect(stopWords("when did tesla die")).toEqual(["when", "did"]);
    expect(stopWords("was ist die ursache")).toEqual(["was", "ist", "die"]);
    expect(stopWords("quelle est la cause du conflit")).toEqual(["quelle", "est", "la", "du"]);
  });

  test("of another language than English must be two", () => {
    expect(stopWords("lor decision")).toEqual([]);
  });

  test("beside another script are English alone", () => {
    expect(stopWords("哪个 部门 支持 lor de")).toEqual([]);
    expect(stopWords("什么 is docker")).toEqual(["is"]);
  });

  test("in capitals name something, unless all is in capitals", () => {
    expect(stopWords("guidelines of the WHO for IT staff")).toEqual(["of", "the", "for"]);
    expect(stopWords("WHAT IS THE WHO")).toEqual(["what", "is", "the", "who"]);
  });

  test("of Vietnamese leave its other syllables alone", () => {
    expect(stopWords("máy in của đường")).toEqual(["của"]);
  });

  test("of other scripts are known", () => {
    expect(stopWords("что такое город")).toEqual(["что"]);
    expect(stopWords("भारत की राजधानी क्या है")).toEqual(["की", "क्या", "है"]);
  });
});
