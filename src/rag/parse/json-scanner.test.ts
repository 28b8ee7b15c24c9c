import { expect, test } from "bun:test";
import fc from "fast-check";
import { JsonScanner } from "./json-scanner.ts";

/** Builds the value again from the scanner's events; scalars as text, as the scanner gives them. */
function scan(pieces: readonly string[]): unknown[] {
  const roots: unknown[] = [];
  const stack: { value: unknown[] | Map<string, unknown>; key: string }[] = [];
  const add = (value: unknown) => {
    const top = stack.at(-1);
    if (!top) roots.push(value);
    else if (Array.isArray(top.value)) top.value.push(value);
    else top.value.set(top.key, value);
  };
  const scanner = new JsonScanner(
    {
      open(kind) {
        const value = kind === "array" ? [] : new Map<string, unknown>();
        add(value);
        stack.push({ value, key: "" });
      },
      close: () => void stack.pop(),
      key(name) {
        const top = stack.at(-1);
        if (top) top.key = name;
      },
      value: add,
    },
    1000,
  );
  for (const piece of pieces) scanner.write(piece);
  scanner.end();
  return roots;
}

/** What the scanner should find in a value that JSON.parse gave. */
function asText(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asText);
  if (value === null) return undefined;
  if (typeof value !== "object") return typeof value === "string" ? value : JSON.stringify(value);
  return new Map(Object.entries(value).map(([key, item]) => [key, asText(item)]));
}

function cutAt(text: string, cuts: readonly number[]): string[] {
  const places = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b);
  return [...places, text.length].map((place, index) => text.slice(places[index - 1] ?? 0, place));
}

test("reads what JSON.parse reads, however the text is cut", () => {
  fc.assert(
    fc.property(
      fc.jsonValue(),
      fc.constantFrom(undefined, 2),
      fc.array(fc.nat(), { maxLength: 5 }),
      (value, indent, cuts) => {
        const text = JSON.stringify(value, undefined, indent);
        expect(scan(cutAt(text, cuts))).toEqual([asText(JSON.parse(text))]);
      },
    ),
  );
});

test("refuses what JSON.parse refuses", () => {
  const broken = fc
    .tuple(fc.jsonValue(), fc.nat(), fc.constantFrom("", ",", "]", "}", '"', ":", "x", "1"))
    .map(([value, place, change]) => {
      const text = JSON.stringify(value);
      const at = place % (text.length + 1);
      return text.slice(0, at) + change + text.slice(at + 1);
    })
    // Several values in a row are JSON Lines to the scanner.
    .filter((text) => text.trim() !== "" && !isJson(text) && !isJson(`[${text}]`));
  fc.assert(
    fc.property(broken, (text) => {
      const isLines = tryScan(text) && !/[[{]/.test(text);
      expect(isLines || !tryScan(text) || isJsonSequence(text)).toBe(true);
    }),
  );
});

function tryScan(text: string): boolean {
  try {
    scan([text]);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(SyntaxError);
    return false;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether the text is one JSON value right after the other. */
function isJsonSequence(text: string): boolean {
  if (text.trim() === "") return true;
  for (let end = 1; end <= text.length; end += 1) {
    if (isJson(text.slice(0, end)) && isJsonSequence(text.slice(end))) return true;
  }
  return false;
}

test("a string of megabytes comes in pieces that give it back", () => {
  const text = `\\u4e2d${"汉字\\n\\\\".repeat(400_000)}`;
  const pieces: string[] = [];
  const scanner = new JsonScanner(
    { open() {}, close() {}, key() {}, value: (piece) => pieces.push(piece ?? "") },
    10,
  );
  const json = `"${text}"`;
  for (let at = 0; at < json.length; at += 65_537) scanner.write(json.slice(at, at + 65_537));
  scanner.end();
  expect(pieces.length).toBeGreaterThan(1);
  expect(pieces.join("")).toBe(`中${"汉字\n\\".repeat(400_000)}`);
});
