import { CharClass, charClassAt } from "./char-class.ts";

/** A stretch of a text in UTF-16 units: `start` inclusive, `end` exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What a character may do to a sentence. */
const Role = { none: 0, fullStop: 1, westernStop: 2, lineBreak: 3, closer: 4, space: 5 } as const;

const roles = new Uint8Array(0x10000);
for (const [characters, role] of [
  // These end a sentence wherever they stand: Chinese, Indic, Arabic, Khmer, Burmese, Ethiopic.
  ["。！？；｡।॥؟۔։።៕។။", Role.fullStop],
  // These only before a space, the end, or Chinese.
  [".!?…‼⁇⁈⁉", Role.westernStop],
  ["\n\r\u2028\u2029", Role.lineBreak],
  ["\"')]}»”’›」』）】》〉〕｝］", Role.closer],
  [
    " \t\v\f\u00a0\u3000\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a",
    Role.space,
  ],
] as const) {
  for (const character of characters) roles[character.charCodeAt(0)] = role;
}

const roleAt = (text: string, index: number): number => roles[text.charCodeAt(index)] ?? Role.none;

/**
 * Cuts a text into its sentences, in order and without gaps: each span holds a sentence with its
 * closing quotes and the spaces or the one line break behind it. Chinese, Western and other full stops
 * are known, as are abbreviations, initials, ordinals and decimals; where a language ends sentences by
 * a space alone (Thai), a paragraph is one sentence. Takes time linear in the text's length.
 */
export function* sentences(text: string): Generator<Span> {
  let start = 0;
  let i = 0;
  while (i < text.length) {
    const role = roleAt(text, i);
    if (role === Role.none || role === Role.closer || role === Role.space) {
      i++;
      continue;
    }
    let end = i + 1;
    if (role !== Role.lineBreak) {
      end = afterStops(text, end);
      if (role === Role.westernStop && !endsSentence(text, i, end)) {
        i = end;
        continue;
      }
      while (roleAt(text, end) === Role.space) end++;
      if (roleAt(text, end) === Role.lineBreak) end++;
    }
    if (text[end - 1] === "\r" && text[end] === "\n") end++;
    yield { start, end };
    start = end;
    i = end;
  }
  if (start < text.length) yield { start, end: text.length };
}

/** Behind further stops (`?!`, `……`) and the quotes and brackets that they close. */
function afterStops(text: string, index: number): number {
  let end = index;
  for (;;) {
    const role = roleAt(text, end);
    if (role !== Role.fullStop && role !== Role.westernStop && role !== Role.closer) return end;
    end++;
  }
}

const longestAbbreviation = 10;
const abbreviations = new Set(
  (
    "abs al anm apr approx art aug ave bd betr bldg bzw ca cap capt cf ch chap cia co col corp dec dept dr ed eds ej env " +
    "esp est etc evtl feb fig figs fr gen ggf gov hon hr hrsg inc incl ing inkl jan jr jul jun lt ltd mag mar max min mlle " +
    "mme mr mrs ms nr no nos nov núm oct okt op orig p pag pg pp prof pt ref rep resp rev s sec sen sep sept sig sog sr sra " +
    "st str tab tel tlf u univ usw vgl vol vs zb zzgl г гг д др и им к кн м млн млрд напр о п пр р рис руб с см ст стр т тыс ул"
  ).split(" "),
);
const lowerCase = /^\p{Ll}/u;
const letters = /\p{L}+$/u;
const shortNumber = /(?:^|[^\d.,])\d{1,2}$/;

/** Whether the Western stop at `stop`, with all that closes by `end`, ends its sentence. */
function endsSentence(text: string, stop: number, end: number): boolean {
  if (end >= text.length) return true;
  const nextRole = roleAt(text, end);
  const spaced = nextRole === Role.space || nextRole === Role.lineBreak;
  const loud = text[stop] !== "." && text[stop] !== "…";
  if (!spaced && charClassAt(text, end) !== CharClass.cjk) {
    // "好的!Hello"
    return loud && stop > 0 && charClassAt(text, stop - 1) === CharClass.cjk;
  }
  if (loud) return true;
  // "1.中文" and "GPT-4.1版": a number goes on.
  if (!spaced && charClassAt(text, Math.max(0, stop - 1)) !== CharClass.latin) return false;
  let next = end;
  while (roleAt(text, next) === Role.space) next++;
  if (lowerCase.test(text.slice(next, next + 2))) return false;
  if (text[stop] === "…" || end > stop + 1) return true;
  const before = text.slice(Math.max(0, stop - longestAbbreviation), stop);
  // "1. Punkt", "am 3. Oktober".
  if (shortNumber.test(before)) return false;
  const word = letters.exec(before)?.[0] ?? "";
  // Initials, and the letters of "U.S." or "z. B.".
  if (word.length === 1 && charClassAt(word, 0) !== CharClass.cjk) return false;
  return !abbreviations.has(word.toLowerCase());
}
