import { expect, test } from "bun:test";
import fc from "fast-check";
import { anyText } from "../../test/any-text.ts";
import { attachment } from "./content-disposition.ts";

/** The name under which a browser saves the file. */
function savedAs(header: string): string {
  const [, extended] = /; filename\*=UTF-8''([^;]+)$/.exec(header) ?? [];
  const [, plain = ""] = /^attachment; filename="([^"]+)"/.exec(header) ?? [];
  return extended === undefined ? plain : decodeURIComponent(extended);
}

test.each([
  ["我的新对话", "我的新对话.md"],
  ["It's 100% (new)*", "It's 100% (new).md"],
  ["a/b\\c:d", "a b c d.md"],
  ["../../etc/passwd", "etc passwd.md"],
  ["line\r\nSet-Cookie: x=1", "line Set-Cookie x=1.md"],
  ['"quoted"; filename=x', "quoted ; filename=x.md"],
  ["a\u202egnp.exe", "a gnp.exe.md"],
  ["...", "conversation-7.md"],
  ["", "conversation-7.md"],
  ["汉".repeat(200), `${"汉".repeat(80)}.md`],
])("%j is saved as %j", (title, name) => {
  expect(savedAs(attachment(title, "conversation-7", "md"))).toBe(name);
});

test("any title makes a header that can be sent, and a name that every system takes", () => {
  fc.assert(
    fc.property(fc.oneof(anyText, fc.string({ unit: "binary", maxLength: 200 })), (title) => {
      const header = attachment(title, "conversation-7", "json");
      expect(header).toMatch(/^[\x20-\x7e]+$/);
      expect(new Headers({ "content-disposition": header }).get("content-disposition")).toBe(
        header,
      );
      const name = savedAs(header);
      expect(name).toEndWith(".json");
      expect(name).not.toMatch(/[\p{Cc}\\/:*?"<>|]|^\./u);
      expect(name.isWellFormed()).toBe(true);
    }),
  );
});
