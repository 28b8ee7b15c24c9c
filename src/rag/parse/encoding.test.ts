import { expect, test } from "bun:test";
import fc from "fast-check";
import { decodeText, detectEncoding } from "./encoding.ts";
import { bytesSource } from "./source.ts";

function decode(bytes: Uint8Array): string | undefined {
  const source = bytesSource(bytes);
  const encoding = detectEncoding(source);
  return encoding && [...decodeText(source, encoding)].join("");
}

test("every text without NUL that is written in UTF-8 is read as UTF-8", () => {
  const text = fc.string({ unit: "binary" }).filter((value) => !/\0|^\ufeff|^\ufffe/.test(value));
  fc.assert(
    fc.property(text, (value) => {
      expect(decode(new TextEncoder().encode(value))).toBe(value);
    }),
  );
});

test("a character that lies across two pieces of a large file stays whole", () => {
  for (const shift of [0, 1, 2, 3]) {
    const text = `${"a".repeat(shift)}${"汉🚢".repeat(80_000)}`;
    expect(decode(new TextEncoder().encode(text))).toBe(text);
  }
});

test("a byte order mark decides and is no part of the text", () => {
  expect(decode(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe("a");
  expect(decode(Uint8Array.of(0xff, 0xfe, 0x61, 0x00))).toBe("a");
  expect(decode(Uint8Array.of(0xfe, 0xff, 0x00, 0x61))).toBe("a");
});

test("text whose first mebibyte is ASCII is judged by what follows it", () => {
  // "不可抗力条款" in GB18030.
  const chinese = Buffer.from("b2bbbfc9bfb9c1a6ccf5bfee", "hex");
  const bytes = Buffer.concat([Buffer.alloc(2 ** 20, "line\n"), chinese]);
  expect(decode(bytes)?.slice(-6)).toBe("不可抗力条款");
});

test.each([
  ["gb18030", "bacfcdac", "合同"],
  ["big5", "bb4fa55fa5abac46a9b2", "臺北市政府"],
  ["shift_jis", "82b182f182c982bf82cd", "こんにちは"],
  ["euc-jp", "a4b3a4f3a4cba4c1a4cf", "こんにちは"],
  ["euc-kr", "b0e8bee0bcad", "계약서"],
  ["windows-1252", "636166e9", "café"],
  ["windows-1251", "c4eee3eee2eef020e2f1f2f3efe0e5f220e220f1e8ebf3", "Договор вступает в силу"],
  ["utf-16le", "0a4e6b705100", "上火Q"],
])("a few characters of %s", (_label, hex, text) => {
  const decoded = decode(Buffer.from(hex, "hex"));
  expect(decoded).toBe(text);
});

test("a few damaged bytes do not turn UTF-8 into something else", () => {
  const bytes = Buffer.from(`${"检索增强生成".repeat(20)}`);
  bytes[30] = 0xff;
  expect(decode(bytes)).toContain("检索增强生成检索增强生成");
});

test("bytes that are no text have no encoding", () => {
  const noise = Uint8Array.from(
    { length: 4096 },
    (_, index) => (index * 7919 + (index >> 3)) & 0xff,
  );
  expect(detectEncoding(bytesSource(noise))).toBeUndefined();
});
