import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { anyText } from "../../test/any-text.ts";
import type { ParseLimit } from "../rag/parse/document.ts";
import { errorMessage, preferredLanguage, successMessage } from "./messages.ts";

describe("the language", () => {
  test.each([
    [null, "zh-CN"],
    ["", "zh-CN"],
    ["en", "en"],
    ["EN-gb", "en"],
    ["en-US,en;q=0.9,zh;q=0.8", "en"],
    ["zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"],
    ["zh;q=0.1, en;q=0.5", "en"],
    ["en;q=0, zh", "zh-CN"],
    ["en;q=0", "zh-CN"],
    ["fr, de;q=0.9", "zh-CN"],
    ["fr, en;q=0.2", "en"],
    ["*", "zh-CN"],
    ["en;q=nonsense", "zh-CN"],
    ["english", "zh-CN"],
  ] as const)("of %j is %s", (header, language) => {
    expect(preferredLanguage(header, "zh-CN")).toBe(language);
  });

  test("is the server's own where the caller names none", () => {
    expect(preferredLanguage(null, "en")).toBe("en");
    expect(preferredLanguage("fr", "en")).toBe("en");
    expect(preferredLanguage("zh-TW", "en")).toBe("zh-CN");
    expect(preferredLanguage(`zh${" ".repeat(2000)}`, "en")).toBe("en");
  });

  test("is found in any header", () => {
    fc.assert(
      fc.property(anyText, (header) => {
        expect(["zh-CN", "en"]).toContain(preferredLanguage(header, "zh-CN"));
      }),
    );
  });
});

describe("a text", () => {
  test("names what the error names", () => {
    const fault = { field: "password", reason: "too_short", limit: 8 };
    expect(errorMessage("invalid_field", "en", fault)).toBe(
      "Invalid field password: at least 8 characters",
    );
    expect(errorMessage("invalid_field", "zh-CN", fault)).toBe("字段 password 无效：至少 8 个字符");
    expect(successMessage("registered", "zh-CN")).toBe("用户注册成功");
    expect(successMessage("registered", "en")).toBe("User registered");
  });

  test.each(["time", "memory", "decompressed_size", "entries", "nesting"] satisfies ParseLimit[])(
    "says in words that a document goes beyond the ceiling of %s",
    (limit) => {
      for (const language of ["zh-CN", "en"] as const) {
        const text = errorMessage("document_too_complex", language, { limit, allowed: 60 });
        // Neither a hole nor the bare name of the limit.
        expect(text).not.toMatch(/[_{}]|[:：] ?\w*$/);
      }
    },
  );

  test("takes what a provider says as it is", () => {
    const message = "{status} $& {provider}";
    expect(
      errorMessage("provider_failed", "en", { provider: "{message}", status: 500, message }),
    ).toBe("The provider {message} failed (500): {status} $& {provider}");
  });
});
