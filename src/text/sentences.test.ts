import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { sentences } from "./sentences.ts";

const cut = (text: string) =>
  Array.from(sentences(text), ({ start, end }) => text.slice(start, end).trim());

describe("sentences", () => {
  test("end at Chinese stops with their closing quotes and brackets", () => {
    expect(cut("他说：“我们走吧！”然后……离开了；（真的？）再见。")).toEqual([
      "他说：“我们走吧！”",
      "然后……离开了；",
      "（真的？）",
      "再见。",
    ]);
  });

  test("end at Western stops", () => {
    expect(cut('He left! Really?! "Yes." She stayed… Then (finally.) Done')).toEqual([
      "He left!",
      "Really?!",
      '"Yes."',
      "She stayed…",
      "Then (finally.)",
      "Done",
    ]);
  });

  test.each([
    "Mr. Smith and Dr. Who paid 3.5 dollars to J. R. R. Tolkien of the U.S. team.",
    "Am 3. Oktober ist z. B. in Berlin usw. vieles zu.",
    "см. рис. 4 и т. д. в книге.",
    "See e.g. version v1.2.3 or no. 5 of it.",
    "价格是3.5元，版本GPT-4.1版。",
  ])("do not end at an abbreviation, an initial, an ordinal or a decimal: %p", (text) => {
    expect(cut(text)).toEqual([text]);
  });

  test("end where Chinese and Western writing meet", () => {
    expect(cut("好的!Hello world.这是中文?是")).toEqual([
      "好的!",
      "Hello world.",
      "这是中文?",
      "是",
    ]);
  });

  test("end at the stops of other scripts and at line breaks", () => {
    expect(cut("यह एक वाक्य है। दूसरा।\nما هذا؟ نعم۔\r\nlast")).toEqual([
      "यह एक वाक्य है।",
      "दूसरा।",
      "ما هذا؟",
      "نعم۔",
      "last",
    ]);
  });

  test("cover the text without gaps, and are never empty", () => {
    const piece = fc.constantFrom(
      ". ",
      "。",
      "a",
      "B",
      "3",
      "\n",
      "\r\n",
      "”",
      "?!",
      " ",
      "Dr",
      "…",
      "字",
      "👍",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const text = pieces.join("");
        let at = 0;
        for (const { start, end } of sentences(text)) {
          expect(start).toBe(at);
          expect(end).toBeGreaterThan(start);
          at = end;
        }
        expect(at).toBe(text.length);
      }),
    );
  });
});
