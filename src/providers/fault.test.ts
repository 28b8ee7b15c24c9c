import { describe, expect, test } from "bun:test";
import { faultOf, maxMessageLength, readFault, redactKeys } from "./fault.ts";

const key = "0123456789abcdef0123456789abcdef.ZyXwVuTsRqPoNmLk";

describe("readFault", () => {
  test("reads the envelopes in use", () => {
    const cases: [unknown, string, string[]][] = [
      [{ error: { code: "1113", message: "欠费" } }, "欠费", ["1113"]],
      [
        { error: { message: "quota", type: "insufficient_quota", code: null } },
        "quota",
        ["insufficient_quota"],
      ],
      [{ error: "model not found" }, "model not found", []],
      [{ message: "no", code: 40 }, "no", ["40"]],
      [{ detail: "not here" }, "not here", []],
      [[{ error: { code: 400, message: "gemini" } }], "gemini", ["400"]],
      [{ error: { code: "odd" } }, "odd", ["odd"]],
      [{ error: { reason: ["x"] } }, '{"reason":["x"]}', []],
    ];
    for (const [body, message, codes] of cases) {
      expect(readFault(JSON.stringify(body), "", "-")).toEqual({ message, codes });
    }
  });

  test("reads a page, a text, and nothing", () => {
    const page = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>";
    expect(readFault(page, "", "-").message).toBe("502 Bad Gateway");
    expect(readFault("<p>Over <b>capacity</b></p>", "", "-").message).toBe("Over capacity");
    expect(readFault("plain\n\ttext\0", "", "-").message).toBe("plain text");
    expect(readFault('{"error": {"message": "cut o', "", "-").message).toContain("cut o");
    expect(readFault("  ", "", "Bad Gateway").message).toBe("Bad Gateway");
    expect(readFault("{}", "", "Bad Gateway").message).toBe("Bad Gateway");
  });

  test("is bounded, in length and in work", () => {
    expect(readFault("<".repeat(65_536), "", "-").message.length).toBe(maxMessageLength);
    const { message } = readFault(`a${"😀".repeat(1000)}`, "", "-");
    expect(message.length).toBeLessThanOrEqual(maxMessageLength);
    expect(message.isWellFormed()).toBe(true);
  });

  test("says nothing about what is no fault", () => {
    expect(faultOf({ choices: [] }, "")).toBeUndefined();
    expect(faultOf({ error: null }, "")).toBeUndefined();
    expect(faultOf("text", "")).toBeUndefined();
  });
});

describe("redactKeys", () => {
  test("removes the key, whole or in part, and other people's keys", () => {
    const texts = [
      `Incorrect API key provided: ${key}.`,
      `key=${key}&x=1`,
      `Incorrect API key provided: ${key.slice(0, 8)}****${key.slice(-4)}`,
      `the key that ends in …${key.slice(-8)}`,
      `Authorization: Bearer ${key}`,
    ];
    for (const text of texts) {
      const redacted = redactKeys(text, key);
      expect(redacted).toContain("[redacted]");
      expect(redacted).not.toContain(key.slice(0, 6));
      expect(redacted).not.toContain(key.slice(-6));
    }
    for (const other of [
      "sk-proj-abcdefghijkl",
      "sk-abc***************xyz",
      "AIzaSyA1234567890abcdefghijk",
      "gsk_abcdefghijkl",
      "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
      "fedcba9876543210fedcba9876543210.AbCdEfGhIj",
    ]) {
      expect(redactKeys(`no: ${other}!`, key)).not.toContain(other);
    }
  });

  test("leaves a message alone that holds none", () => {
    const text = "Bearer token missing; task-1234567890 of api_version 2 (request 0198-abc) failed";
    expect(redactKeys(text, key)).toBe(text);
    expect(redactKeys(text, "")).toBe(text);
  });

  test("is applied before a long message is cut", () => {
    const body = `${"x ".repeat(maxMessageLength / 2 - 10)}${key}`;
    expect(readFault(body, key, "-").message).not.toContain(key.slice(0, 6));
  });
});
