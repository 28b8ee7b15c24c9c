import { beforeText, countIn } from "../number-formats.ts";

/** How an automatic number begins in ECMA-376 part 1, 20.1.10.61, and how `countIn` names that. */
const formats: Readonly<Record<string, string>> = {
  arabic: "decimal",
  alphaLc: "lowerLetter",
  alphaUc: "upperLetter",
  romanLc: "lowerRoman",
  romanUc: "upperRoman",
  ea1Chs: "chineseCounting",
  ea1Cht: "chineseCounting",
  circleNum: "decimalEnclosedCircle",
};

function labelOf(type: string, count: number): string {
  const [, name = "", end = ""] =
    /^(.+?)(ParenBoth|ParenR|Period|(?:Db|Wd)?(?:Black|White)?Plain)$/.exec(type) ?? [];
  const number = countIn(formats[name] ?? "decimal", count);
  if (end === "ParenBoth") return `(${number})`;
  return number + (end === "ParenR" ? ")" : end === "Period" ? "." : "");
}

const paragraph = /<a:p(?=[ >])[^<>]*>(<a:pPr\b(?:[^<>]*\/>|.*?<\/a:pPr>))?(?=(.*?)<\/a:p>)/gs;
const attribute = (text: string, name: string): number | undefined => {
  const value = new RegExp(`\\b${name}="(\\d{1,5})"`).exec(text)?.[1];
  return value === undefined ? undefined : Number(value);
};

/** A shape of a slide with the numbers of its paragraphs written out, which PowerPoint counts. */
export function withAutomaticNumbers(shape: string): string {
  if (!shape.includes("<a:buAutoNum")) return shape;
  /** The kind and count of the open list, by level. */
  const lists: ({ type: string; count: number } | undefined)[] = [];
  return shape.replace(paragraph, (start, properties = "", content = "") => {
    // An empty paragraph has no number and ends no list.
    if (!/<a:t>[^<]/.test(content)) return start;
    const level = attribute(properties, "lvl") ?? 0;
    const automatic = /<a:buAutoNum\b[^<>]*>/.exec(properties)?.[0];
    lists.length = Math.min(lists.length, level + 1);
    const type = /\btype="(\w+)"/.exec(automatic ?? "")?.[1];
    if (automatic === undefined || type === undefined) {
      lists[level] = undefined;
      return start;
    }
    const before = lists[level];
    const count = before?.type === type ? before.count + 1 : (attribute(automatic, "startAt") ?? 1);
    lists[level] = { type, count };
    return `${start}<a:r><a:t>${beforeText(labelOf(type, count))}</a:t></a:r>`;
  });
}
