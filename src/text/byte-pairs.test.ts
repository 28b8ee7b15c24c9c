import { expect, test } from "bun:test";
import fc from "fast-check";
import ranks from "gpt-tokenizer/data/o200k_base.tiktoken" with { type: "file" };
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { BytePairs } from "./byte-pairs.ts";

const pairs = new BytePairs(await Bun.file(ranks).bytes());
/** Another implementation of the same encoding; without the set, it refuses `<|endoftext|>`. */
const oracle = (text: string) => countTokens(text, { disallowedSpecial: new Set() });

test("counts what OpenAI's tokenizer counts", () => {
  expect(pairs.count("")).toBe(0);
  expect(pairs.count("hello world")).toBe(2);
  const texts = [
    "The quick brown fox's tail; they'LL see 12345.6 of it!\r\n\r\n  \tindented  ",
    "不可抗力是指不能预见、不能避免且不能克服的客观情况。",
    "人工知能（AI）は、コンピューターの機能です。ภาษาไทยไม่มีช่องว่าง Привет, мир! مرحبا بالعالم",
    "if (a !== b) { return [...x]; } // ======================== 👩‍👩‍👧‍👦🇨🇳",
    "<|endoftext|><|im_start|>user",
    "\ud800 alone \udc00",
    "c2VjcmV0IGhhc2g=".repeat(8),
  ];
  for (const text of texts) expect(pairs.count(text)).toBe(oracle(text));
});

test("counts the same of any text", () => {
  const word = fc.constantFrom(
    "tion",
    "é",
    "的",
    "机",
    "12",
    "  ",
    "\n",
    "'s",
    "ing",
    "A",
    "!",
    "ß",
  );
  const texts = fc.oneof(
    fc.string({ unit: "binary", maxLength: 100 }),
    fc.array(word, { maxLength: 40 }).map((words) => words.join("")),
  );
  fc.assert(
    fc.property(texts, (text) => {
      expect(pairs.count(text)).toBe(oracle(text));
    }),
    { numRuns: 500 },
  );
});

test("a run that is longer than any word is cut, and miscounted by little", () => {
  const text = "不能避免且不能克服的客观情况".repeat(50);
  expect(Math.abs(pairs.count(text) - oracle(text))).toBeLessThanOrEqual(6);
});
