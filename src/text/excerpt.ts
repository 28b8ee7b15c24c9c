import { occurrences } from "./highlight.ts";
import type { WantedTerm } from "./search-terms.ts";
import { unitWidth } from "./width.ts";

/** A piece of a text, and where in it a reader would mark something. */
export interface Excerpt {
  readonly text: string;
  /** Start and end of each mark in UTF-16 units, in order, neither overlapping nor touching. */
  readonly highlights: readonly (readonly [start: number, end: number])[];
}

/** How wide an excerpt is, in Chinese characters; four Latin letters count as one. */
const excerptWidth = 40;
/** How much of it stands before the first mark. */
const leadWidth = 8;

interface Mark {
  readonly start: number;
  readonly end: number;
  readonly term: string;
}

/** The place that is `width` further on, or back when it is negative, between two characters. */
function step(text: string, from: number, width: number): number {
  const direction = Math.sign(width);
  let left = Math.abs(width);
  let at = from;
  while (left > 0 && at + direction >= 0 && at + direction <= text.length) {
    left -= unitWidth(text.charCodeAt(direction > 0 ? at : at - 1));
    at += direction;
  }
  const isHalf =
    /[\udc00-\udfff]/.test(text[at] ?? "") && /[\ud800-\udbff]/.test(text[at - 1] ?? "");
  return isHalf ? at - 1 : at;
}

/** Where a window begins that holds as many of the terms as one can; the first such place. */
function bestStart(text: string, marks: readonly Mark[]): number {
  let best = { start: 0, terms: 0 };
  for (const [i, { start }] of marks.entries()) {
    const end = step(text, start, excerptWidth - leadWidth);
    const within = new Set<string>();
    for (let j = i; j < marks.length; j++) {
      const mark = marks[j];
      if (mark === undefined || mark.end > end) break;
      within.add(mark.term);
    }
    if (within.size > best.terms) best = { start, terms: within.size };
  }
  return best.start;
}

/** A window does not begin in the middle of a word where a space is near. */
function wordStart(text: string, from: number, to: number): number {
  if (from === 0) return 0;
  const space = text.slice(from, to).search(/\s/);
  return space < 0 ? from : from + space + 1;
}

function join(marks: readonly Mark[], from: number, to: number, shift: number): [number, number][] {
  const joined: [number, number][] = [];
  for (const { start, end } of marks) {
    if (start < from || end > to) continue;
    const last = joined.at(-1);
    if (last !== undefined && start + shift <= last[1]) last[1] = Math.max(last[1], end + shift);
    else joined.push([start + shift, end + shift]);
  }
  return joined;
}

const lineEnds = /[\n\r\t\v\f\u0085\u2028\u2029]/g;

/** The whole text with its marks. */
export function marked(text: string, terms: readonly WantedTerm[]): Excerpt {
  return { text, highlights: join([...occurrences(text, terms)], 0, text.length, 0) };
}

/**
 * The part of a text that tells best why it was found, as one line, with an ellipsis where the text
 * goes on; its beginning where nothing is marked. Marks that the piece would cut are left out.
 */
export function excerpt(text: string, terms: readonly WantedTerm[]): Excerpt {
  const marks = [...occurrences(text, terms)];
  const first = bestStart(text, marks);
  const from = wordStart(text, step(text, first, -leadWidth), first);
  const to = step(text, from, excerptWidth);
  const before = from === 0 ? "" : "…";
  const after = to === text.length ? "" : "…";
  return {
    text: before + text.slice(from, to).replace(lineEnds, " ") + after,
    highlights: join(marks, from, to, before.length - from),
  };
}
