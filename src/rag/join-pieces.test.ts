import { expect, test } from "bun:test";
import { joinPieces } from "./join-pieces.ts";

const text = "abc\ndef|header\nrow1\nrow2";
const piece = (start: number, end: number, prefix = "") => ({
  content: prefix + text.slice(start, end),
  start,
  end,
});

test("joins what follows one another as it stands in the document", () => {
  expect(joinPieces([piece(0, 3), piece(4, 7)])).toBe("abc\ndef");
  expect(joinPieces([piece(0, 2), piece(2, 7)])).toBe("abc\ndef");
  expect(joinPieces([piece(0, 5), piece(2, 7)])).toBe("abc\ndef");
  expect(joinPieces([piece(4, 7)])).toBe("def");
});

test("gives the header of a table once", () => {
  const rows = [piece(8, 19), piece(20, 24, "header\n")];
  expect(joinPieces(rows)).toBe("header\nrow1\nrow2");
  expect(joinPieces(rows.slice(1))).toBe("header\nrow2");
});
