import { expect, test } from "bun:test";
import { readHead } from "./head.ts";

test("reads status and headers, names in any case", () => {
  const head = readHead(
    "HTTP/1.1 429 Too Many Requests\r\nRetry-After:  7 \r\nX-Empty:\r\nVary: a\r\nvary: b",
  );
  expect(head).toMatchObject({ status: 429, statusText: "Too Many Requests", persists: true });
  expect(Object.fromEntries(head?.headers ?? [])).toEqual({
    "retry-after": "7",
    "x-empty": "",
    vary: "a, b",
  });
});

test("tells whether the connection takes another request", () => {
  const persists = (text: string) => readHead(text)?.persists;
  expect(persists("HTTP/1.1 200")).toBe(true);
  expect(persists("HTTP/1.1 200 OK\nConnection: Close")).toBe(false);
  expect(persists("HTTP/1.1 200 OK\r\nConnection: upgrade, close")).toBe(false);
  expect(persists("HTTP/1.0 200 OK")).toBe(false);
  expect(persists("HTTP/1.0 200 OK\r\nConnection: keep-alive")).toBe(true);
});

test("takes nothing that is no head", () => {
  for (const text of [
    "",
    "SSH-2.0-OpenSSH_9.2",
    "HTTP/2 200",
    "HTTP/1.1 99 Low",
    "HTTP/1.1 2000 High",
    "HTTP/1.1 200 OK\r\nno colon",
    "HTTP/1.1 200 OK\r\nspace before: 1\r\n folded",
    "HTTP/1.1 200 OK\r\nname : value",
  ]) {
    expect(readHead(text)).toBeUndefined();
  }
});
