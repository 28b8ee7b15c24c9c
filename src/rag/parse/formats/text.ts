import type { BlockWriter } from "../block-writer.ts";
import { maxBlockLength } from "../document.ts";
import { decodeText } from "../encoding.ts";
import { isUnspaced, joinWrapped } from "../plain-text.ts";
import type { TextReader } from "../reader.ts";
import { lines } from "../text-lines.ts";

const numeral = "[0-9０-９一二三四五六七八九十百千零〇两]{1,9}";
const headings: readonly (readonly [RegExp, number])[] = [
  [new RegExp(`^第\\s?${numeral}\\s?[卷部篇编編]([\\s:：　].*|$)`), 1],
  [new RegExp(`^第\\s?${numeral}\\s?[章回]([\\s:：　].*|$)`), 2],
  [new RegExp(`^第\\s?${numeral}\\s?[节節]([\\s:：　].*|$)`), 3],
  [/^(part|book) ([ivxlc]+|\d+)\b[^.!?]{0,60}$/i, 1],
  [/^(chapter) ([ivxlc]+|\d+)\b[^.!?]{0,60}$/i, 2],
];
const sentenceEnd = /[.!?:;。！？：；…"”』」]$/;

/** The level of a line such as `第三章 总则` or `Chapter 3`; undefined for any other. */
export function chapterLevel(line: string): number | undefined {
  if (line.length > 60 || /[。！？!?；;]$/.test(line)) return undefined;
  return headings.find(([pattern]) => pattern.test(line))?.[1];
}

/** Columns that a line takes on a typewriter: a Chinese character takes two. */
function width(line: string): number {
  let columns = 0;
  for (const character of line) columns += isUnspaced(character) ? 2 : 1;
  return columns;
}

/** Whether the lines are one paragraph that was broken at a margin, rather than one each. */
function isWrapped(group: readonly string[]): boolean {
  if (group.length < 2) return false;
  const inner = group.slice(0, -1);
  const widths = inner.map(width);
  const widest = Math.max(...widths);
  if (widest < 40 || widest > 120 || Math.min(...widths) < widest * 0.7) return false;
  const ended = inner.filter((line) => sentenceEnd.test(line)).length;
  return ended <= inner.length / 2;
}

/** Lines up to this length that are no sentences share a paragraph, up to that length. */
const shortLine = 24;
const shortGroup = 200;

const isShort = (line: string) => line.length <= shortLine && !sentenceEnd.test(line);

function writeGroup(writer: BlockWriter, group: readonly string[]): void {
  if (isWrapped(group)) {
    writer.paragraph(joinWrapped(...group));
    return;
  }
  let short = "";
  for (const line of group) {
    if (isShort(line) && short.length + line.length < shortGroup) {
      short += `\n${line}`;
      continue;
    }
    writer.paragraph(short);
    short = isShort(line) ? line : "";
    if (short === "") writer.paragraph(line);
  }
  writer.paragraph(short);
}

/**
 * Plain text: paragraphs stand between blank lines; within them each line is one of its own, unless
 * all look broken at the same margin or they are very short. Headings of chapters are recognised in Chinese and English.
 */
export function writeText(pieces: Iterable<string>, writer: BlockWriter): void {
  let group: string[] = [];
  let length = 0;
  const flush = () => {
    writeGroup(writer, group);
    group = [];
    length = 0;
  };
  for (const raw of lines(pieces)) {
    const line = raw.trim();
    const level = chapterLevel(line);
    if (line === "" || level !== undefined || length > maxBlockLength) flush();
    if (level !== undefined) writer.heading(level, line);
    else if (line !== "") {
      group.push(line);
      length += line.length;
    }
  }
  flush();
}

export const readText: TextReader = ({ source, encoding, writer }) => {
  writeText(decodeText(source, encoding), writer);
  return {};
};
