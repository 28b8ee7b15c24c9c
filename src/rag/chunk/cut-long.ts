import type { Span } from "../../text/sentences.ts";
import { unitWidth } from "../../text/width.ts";

const clauseEnd = /[，、,;:：；—–)）】」』|]/;
const space = /\s/;
const digit = /\d/;
/** UTF-16 units looked at around a cut, to find where a character that the reader sees begins. */
const graphemeWindow = 32;

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/**
 * Cuts the stretch from `start` to `end` into pieces no wider than `size` (1 or more), without gaps:
 * behind a comma or the like in the second half of a piece, else at a space there, else between two
 * characters as a reader sees them, and never inside a pair of surrogates.
 */
export function* cutLong(text: string, start: number, end: number, size: number): Generator<Span> {
  let from = start;
  for (;;) {
    let width = 0;
    let half = from;
    let to = from;
    while (to < end) {
      width += unitWidth(text.charCodeAt(to));
      if (width > size) break;
      to++;
      if (width <= size / 2) half = to;
    }
    if (to >= end) {
      if (from < end) yield { start: from, end };
      return;
    }
    const cut = findCut(text, from, half, to);
    yield { start: from, end: cut };
    from = cut;
  }
}

/** The best place to cut, behind `from` and no further than `limit`. */
function findCut(text: string, from: number, half: number, limit: number): number {
  let atSpace = 0;
  for (let i = limit; i > half; i--) {
    const before = text[i - 1] ?? "";
    if (clauseEnd.test(before) && !digit.test(text[i] ?? "")) return i;
    if (atSpace === 0 && space.test(before)) atSpace = i;
  }
  return atSpace > from ? atSpace : betweenCharacters(text, from, limit);
}

function betweenCharacters(text: string, from: number, limit: number): number {
  const base = Math.max(from, limit - graphemeWindow);
  const window = text.slice(base, limit + graphemeWindow);
  const seen = graphemes.segment(window).containing(limit - base);
  const cut = base + (seen?.index ?? 0);
  if (cut > from) return cut;
  // A character longer than the window, or than the piece.
  const splitsPair = isSurrogate(text, limit, 0xdc00) && isSurrogate(text, limit - 1, 0xd800);
  if (!splitsPair) return Math.max(limit, from + 1);
  return limit - 1 > from ? limit - 1 : from + 2;
}

const isSurrogate = (text: string, index: number, first: number): boolean =>
  (text.charCodeAt(index) & 0xfc00) === first;
