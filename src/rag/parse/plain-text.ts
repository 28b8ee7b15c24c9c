const lineEnd = /\r\n?|[\u2028\u2029\v\f]/g;
// Control characters, soft hyphens, byte order marks and non-characters carry no meaning in a text.
// biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the purpose
const invisible = /[\0-\x08\x0e-\x1f\x7f-\x9f\u00ad\u200b\ufeff\ufffe\uffff]/g;
const blanks = /[ \t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+/g;
const aroundLineFeed = / *\n[ \n]*/g;

/** Running text: one space between words, single line feeds, no control characters, trimmed. */
export function cleanText(text: string): string {
  return text
    .replace(lineEnd, "\n")
    .replace(invisible, "")
    .replace(blanks, " ")
    .replace(aroundLineFeed, "\n")
    .trim()
    .toWellFormed();
}

/** Preformatted text: indentation and blank lines stay, white space at the ends of lines goes. */
export function cleanCode(text: string): string {
  return text
    .replace(lineEnd, "\n")
    .replace(invisible, "")
    .replace(/[ \t]+$/gm, "")
    .replace(/^\n+|\s+$/g, "")
    .toWellFormed();
}

/** One line of text: line feeds become spaces. */
export function cleanLine(text: string): string {
  return cleanText(text).replaceAll("\n", " ");
}

const sentenceEnd = /[。！？!?；;…\n]["'”’」』）)]*|\.["'”’)]*(?=\s)/g;

/**
 * Where to cut a text that is longer than `max`: after the last sentence of the first `max` units,
 * else after the last word, else anywhere but inside a surrogate pair. Never 0.
 */
function cutPoint(text: string, max: number): number {
  const head = text.slice(0, max + 1);
  let cut = 0;
  for (const match of head.matchAll(sentenceEnd)) {
    const end = match.index + match[0].length;
    if (end <= max) cut = end;
  }
  if (cut > max / 2) return cut;
  const space = head.lastIndexOf(" ", max - 1);
  if (space > max / 2) return space + 1;
  const last = text.charCodeAt(max - 1);
  return last >= 0xd800 && last <= 0xdbff ? max - 1 : max;
}

/** The text in pieces of at most `max` UTF-16 units, which joined give it back. */
export function* splitText(text: string, max: number): Generator<string> {
  let rest = text;
  while (rest.length > max) {
    const cut = cutPoint(rest, max);
    yield rest.slice(0, cut);
    rest = rest.slice(cut);
  }
  if (rest !== "") yield rest;
}

const cjk =
  /[\u2e80-\u303f\u3040-\u30ff\u3100-\u312f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef]/;

/** Whether a character belongs to a script that is written without spaces (Chinese, Japanese). */
export function isUnspaced(character: string): boolean {
  return cjk.test(character);
}

const fullWidthMark = /[\u3000-\u303f\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65“”‘’—…]/;

/** What stands between two pieces of one sentence that a line end parted; undefined for a hyphen. */
function joint(left: string, right: string): "" | " " | undefined {
  const before = left.at(-1) ?? "";
  const after = right.at(0) ?? "";
  if (before === "" || after === "" || /\s/.test(before)) return "";
  if (isUnspaced(before) || isUnspaced(after)) {
    const pair = before + after;
    const isLatin = /\p{Script=Latin}/u.test(pair) && !fullWidthMark.test(pair);
    return isLatin ? " " : "";
  }
  return /^\p{Ll}-$/u.test(left.slice(-2)) && /^\p{Ll}/u.test(after) ? undefined : " ";
}

/**
 * Joins the lines of a paragraph that were broken at a margin: without a space between Chinese or
 * Japanese characters, beside their punctuation and between them and digits, without the hyphen
 * inside a divided Latin word, else with one space.
 */
export function joinWrapped(...lines: readonly string[]): string {
  const parts: string[] = [];
  let last = "";
  for (const line of lines) {
    const between = joint(last, line);
    if (between === undefined) parts[parts.length - 1] = last.slice(0, -1);
    parts.push(between ?? "", line);
    if (line !== "") last = line;
  }
  return parts.join("");
}

/** One character for each byte, U+0000 to U+00FF; `TextDecoder` takes this name for Windows-1252. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
