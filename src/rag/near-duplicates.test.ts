import { expect, test } from "bun:test";
import fc from "fast-check";
import { withoutNearDuplicates } from "./near-duplicates.ts";

const contract =
  "甲方应当在合同签订之日起三十日内支付全部货款，逾期支付的，每逾期一日按照未付金额的万分之五向乙方支付违约金，直至付清之日止。乙方收到货款后应当及时发货，并将发货单据交付甲方保存。";

const unique = (...texts: string[]) => withoutNearDuplicates(texts, (text) => text, 50);

test("keeps the first of texts that differ in case, spaces, punctuation, width or a character", () => {
  const other =
    "双方因履行本协议发生争议的，应当友好协商解决；协商不成的，任何一方均有权向原告所在地人民法院提起诉讼。本协议一式两份，双方各执一份，具有同等法律效力，自双方签字盖章之日起生效。";
  const long = contract + other;
  expect(unique("Hello, World 12", "hello world１２", "HELLO-WORLD-12!")).toEqual([
    "Hello, World 12",
  ]);
  expect(unique(long, long.replace("乙方支付", "丙方支付"))).toEqual([long]);
});

test("keeps texts that say something else", () => {
  const numbers = ["2023 年营业收入为 5 亿元", "2024 年营业收入为 5 亿元"];
  expect(unique(...numbers)).toEqual(numbers);
  const half = contract.slice(0, 40);
  expect(unique(contract, half)).toEqual([contract, half]);
  expect(unique("猫", "狗", "猫")).toEqual(["猫", "狗"]);
});

test("ends as soon as enough are found", () => {
  const looked: number[] = [];
  const textOf = (item: number) => {
    looked.push(item);
    return `text ${item % 2 === 0 ? "even" : "odd"} ${item}`;
  };
  expect(withoutNearDuplicates([1, 2, 3, 4], textOf, 2)).toEqual([1, 2]);
  expect(looked).toEqual([1, 2]);
});

test("keeps a part of the list in its order, and nothing that it has exactly", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme", maxLength: 30 })), (texts) => {
      const kept = unique(...texts);
      expect(unique(...kept)).toEqual(kept);
      expect(new Set(kept).size).toBe(kept.length);
      let at = -1;
      for (const text of kept) {
        at = texts.indexOf(text, at + 1);
        expect(at).not.toBe(-1);
      }
      if (texts[0] !== undefined) expect(kept[0]).toBe(texts[0]);
    }),
    { numRuns: 200 },
  );
});
