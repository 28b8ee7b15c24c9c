import { expect, test } from "bun:test";
import fc from "fast-check";
import { cleanFileName } from "./file-name.ts";

test.each([
  ["合同协议.docx", "合同协议.docx"],
  ["../../etc/passwd", "passwd"],
  ["C:\\Users\\me\\notes.txt", "notes.txt"],
  [" a\u0000b\r\n.txt ", "ab.txt"],
  ["exe\u202etxt.pdf", "exetxt.pdf"],
  ["Cafe\u0301.md", "Café.md"],
  ["a\ud800.txt", "a\ufffd.txt"],
  ["docs/", ""],
  ["..", ""],
  [".gitignore", ".gitignore"],
  ["", ""],
  [`${"长".repeat(300)}.docx`, `${"长".repeat(250)}.docx`],
  [`${"😀".repeat(200)}.md`, `${"😀".repeat(126)}.md`],
])("%j becomes %j", (sent, stored) => {
  expect(cleanFileName(sent)).toBe(stored);
});

test("no name holds a path, a control character or half a character", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 400 }), (sent) => {
      const name = cleanFileName(sent);
      expect(name).not.toMatch(/[/\\\p{Cc}]/u);
      expect(name.isWellFormed()).toBe(true);
      expect(name.length).toBeLessThanOrEqual(255);
      expect(cleanFileName(name)).toBe(name);
    }),
  );
});
