import { unitWidth } from "../../text/width.ts";

/** Of a title, in Chinese characters; four Latin letters count as one. */
const longestTitle = 20;

/** UTF-16 units that are looked at: whatever stands further on does not fit into a title. */
const lookedAt = 2000;

const thoughts = /<think>[\s\S]*?(?:<\/think>|$)/g;
/** Control characters, and what reorders or hides others. */
const invisible = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu;
const marker = /^(?:[#>*+•-]+\s+|[#*_`]+)/;
const label = /^(?:标题|題目|题目|对话标题|title)\s*[:：]\s*/i;
/** A pair around the whole text: in `"a" or "b"` the two ends are not one. */
const quotes =
  /^(?:"([^"]*)"|'([^']*)'|`([^`]*)`|\*+([^*]*)\*+|_+([^_]*)_+|“([^“”]*)”|‘([^‘’]*)’|「([^「」]*)」|『([^『』]*)』|《([^《》]*)》|【([^【】]*)】)$/;
const stop = /[。．.,，;；:：、]+$/;

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** The beginning of a text that is as wide as a title may be, whole characters and words only. */
function clip(text: string): string {
  let width = 0;
  for (const { segment, index } of graphemes.segment(text)) {
    width += unitWidth(segment.charCodeAt(0));
    if (width <= longestTitle) continue;
    const cut = text.slice(0, index);
    const space = cut.lastIndexOf(" ");
    return `${(space > index / 2 ? cut.slice(0, space) : cut).trimEnd()}…`;
  }
  return text;
}

/**
 * A text as a title: its first line that says something, without markup, quotes around it and a full
 * stop, of bounded length. Empty where nothing is left.
 */
export function toTitle(text: string): string {
  const lines = text
    .slice(0, lookedAt)
    .toWellFormed()
    .replace(thoughts, "")
    .split(/\r\n?|\n/);
  for (const line of lines) {
    let title = line.replace(invisible, " ").replace(/\s+/g, " ").trim();
    for (let before = ""; before !== title; ) {
      before = title;
      title = title.replace(marker, "").replace(label, "").replace(stop, "");
      title = (quotes.exec(title)?.slice(1).join("") ?? title).trim();
    }
    if (/[\p{L}\p{N}\p{S}]/u.test(title)) return clip(title);
  }
  return "";
}
