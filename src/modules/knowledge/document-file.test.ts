import { expect, test } from "bun:test";
import fc from "fast-check";
import { readPartNames } from "../../http/content-disposition.ts";
import { fileHeaders } from "./document-file.ts";

test.each([
  ["a.txt", `attachment; filename="a.txt"; filename*=UTF-8''a.txt`],
  [
    '合同 (1)"%.docx',
    `attachment; filename="__ (1)__.docx"; filename*=UTF-8''%E5%90%88%E5%90%8C%20%281%29%22%25.docx`,
  ],
  ["it's*.md", `attachment; filename="it's*.md"; filename*=UTF-8''it%27s%2A.md`],
])("%s is named", (name, expected) => {
  expect(fileHeaders(name, "txt")["Content-Disposition"]).toBe(expected);
});

test.each([
  ["pdf", "application/pdf"],
  ["html", "application/octet-stream"],
  ["xml", "application/octet-stream"],
  ["js", "application/octet-stream"],
  ["constructor", "application/octet-stream"],
])("%s goes out as %s", (type, expected) => {
  expect(fileHeaders("x", type)["Content-Type"]).toBe(expected);
});

test("any name makes a header that reads back as that name", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (sent) => {
      const name = sent.toWellFormed();
      const header = fileHeaders(name, "txt")["Content-Disposition"] ?? "";
      expect(header).toMatch(/^[\x20-\x7e]*$/);
      const form = header.replace("attachment", 'form-data; name="f"');
      expect(readPartNames(Buffer.from(form, "latin1"))?.filename).toBe(name);
    }),
  );
});
