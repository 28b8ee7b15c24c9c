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

test.each([10, 1000, 100_000, 2 ** 20])(
  "text whose first %d bytes are ASCII is judged by what follows them",
  (length) => {
    // "不可抗力条款" in GB18030.
    const chinese = Buffer.from("b2bbbfc9bfb9c1a6ccf5bfee", "hex");
    const bytes = Buffer.concat([Buffer.alloc(length, "line\n"), chinese]);
    expect(decode(bytes)?.slice(-6)).toBe("不可抗力条款");
  },
);

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

test.each([
  ["iso-8859-2", "4b7369b1bf6b6120646c6120676fb66369207720a36f647a69", "Książka dla gości w Łodzi"],
  [
    "windows-1250",
    "4b7369b9bf6b6120646c6120676f9c6369207720a36f647a69",
    "Książka dla gości w Łodzi",
  ],
  ["iso-8859-2", "50f8ed6c69b920be6c75bb6f75e86bfd206bf9f220fa70ec6c", "Příliš žluťoučký kůň úpěl"],
  [
    "windows-1250",
    "50f8ed6c699a209e6c759d6f75e86bfd206bf9f220fa70ec6c",
    "Příliš žluťoučký kůň úpěl",
  ],
  ["iso-8859-2", "c17276ed7a74fb72f52074fc6bf67266fa72f367e970", "Árvíztűrő tükörfúrógép"],
  [
    "iso-8859-2",
    "537661206c6a7564736b61206269e661207261f0616a7520736520736c6f626f646e612c206920706f73747570616a75207361207376696a65b9e675",
    "Sva ljudska bića rađaju se slobodna, i postupaju sa sviješću",
  ],
  [
    "windows-1257",
    "537574617274697320e1736967616c696f6a6120616269656af820f0616c69f820706173697261f0796d6f206469656ee0",
    "Sutartis įsigalioja abiejų šalių pasirašymo dieną",
  ],
  ["windows-1254", "de69fe6c692764652067fc6e65fe6c69206269722067fc6e", "Şişli'de güneşli bir gün"],
  ["koi8-r", "e4cfc7cfd7cfd220d0cfd3d4c1d7cbc9", "Договор поставки"],
  [
    "koi8-u",
    "e4cfc7cfd7a6d220cec1c2c9d2c1a420dec9cececfd3d4a620da20c4ced120cacfc7cf20d0a6c4d0c9d3c1ceced1",
    "Договір набирає чинності з дня його підписання",
  ],
  ["iso-8859-5", "b4ded3ded2dee020dfdee1e2d0d2dad8", "Договор поставки"],
  ["ibm866", "84aea3aea2aee020afaee1e2a0a2aaa8", "Договор поставки"],
  ["windows-1251", "c4cec3cec2ced020cfced1d2c0c2cac820d2cec2c0d0c0", "ДОГОВОР ПОСТАВКИ ТОВАРА"],
  ["iso-8859-7", "cae1ebe7ecddf1e120eafcf3ece5", "Καλημέρα κόσμε"],
  ["windows-1255", "f9ece5ed20f2e5eced", "שלום עולם"],
  ["windows-1256", "e3d1cdc8c720c8c7e1dac7e1e3", "مرحبا بالعالم"],
  ["windows-874", "cac7d1cab4d5aad2c7e2c5a1", "สวัสดีชาวโลก"],
  ["iso-8859-15", "50726978203a203520a420706f7572206c27e96ce87665", "Prix : 5 € pour l'élève"],
  [
    "windows-1252",
    "9350726978943a20352080209620e96ce876653b204772f6df653b207365f16f723b20323520b043",
    "“Prix”: 5 € – élève; Größe; señor; 25 °C",
  ],
  [
    "iso-2022-jp",
    "1b244237404c73244f4e3e45763b763c54244e3d704c3e244e467c244b482f387a2439246b21231b28420a414243201b2442252b253f252b254a1b2842",
    "契約は両当事者の署名の日に発効する。\nABC カタカナ",
  ],
])("a line in %s", (_label, hex, text) => {
  expect(decode(Buffer.from(hex, "hex"))).toBe(text);
});

test("Japanese in seven bits is found behind a mebibyte of ASCII, and nothing else is taken for it", () => {
  const japanese = Buffer.from("1b244237404c731b28420a", "hex");
  expect(decode(Buffer.concat([Buffer.alloc(2 ** 20, "line\n"), japanese]))?.slice(-3)).toBe(
    "契約\n",
  );
  expect(decode(Buffer.from("\x1b[31mred\x1b[0m"))).toBe("\x1b[31mred\x1b[0m");
  expect(decode(Buffer.from("\x1b$B and 中文"))).toBe("\x1b$B and 中文");
});
