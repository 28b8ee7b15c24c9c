import { countIn } from "../number-formats.ts";
import { isOn } from "../ooxml.ts";
import { readXml } from "../xml.ts";
import type { Zip } from "../zip.ts";

/** One level of a list: what its items are counted by. */
interface Level {
  start: number;
  format: string;
  /** `%1.%2` for example: the counts of the levels up to this one. */
  text: string;
  /** Every count in it is a decimal number. */
  isLegal: boolean;
  /** Whether it begins anew below an item of a level above. */
  restarts: boolean;
  /** The paragraph style that brings this level with it. */
  style: string | undefined;
}

interface List {
  readonly levels: Map<number, Level>;
  /** The newest count at each level. */
  readonly counts: (number | undefined)[];
  /** Lists that are defined by a style of lists say that style's name. */
  definedBy: string | undefined;
  defines: string | undefined;
}

interface Use {
  list: string;
  /** Counts that it begins with, by level. */
  readonly starts: Map<number, number>;
}

/** Counts the items of a document's lists, in the order in which it is asked. */
export interface Numbering {
  /**
   * What stands before an item: `1.2`, `（三）`, `第四条`; empty where it has a bullet or nothing.
   * `level` counts from 0; without one, it is the one that belongs to the style.
   */
  label(numberId: string, level: number | undefined, style: string | undefined): string;
}

export const noNumbering: Numbering = { label: () => "" };

const levels = 9;
const maxLabelLength = 40;

function newLevel(): Level {
  return {
    start: 1,
    format: "decimal",
    text: "",
    isLegal: false,
    restarts: true,
    style: undefined,
  };
}

/** Reads how a document counts: of the part `numbering` (ECMA-376 part 1, 17.9). */
export async function readNumbering(zip: Zip, part: string | undefined): Promise<Numbering> {
  if (part === undefined || !zip.has(part)) return noNumbering;
  const lists = new Map<string, List>();
  const uses = new Map<string, Use>();
  let list: List | undefined;
  let use: Use | undefined;
  let level: Level | undefined;
  let overridden = 0;
  await readXml(zip.stream(part), {
    open(name, attributes) {
      const value = attributes["w:val"];
      switch (name) {
        case "w:abstractNum":
          list = { levels: new Map(), counts: [], definedBy: undefined, defines: undefined };
          lists.set(attributes["w:abstractNumId"] ?? "", list);
          break;
        case "w:styleLink":
          if (list) list.defines = value;
          break;
        case "w:numStyleLink":
          if (list) list.definedBy = value;
          break;
        case "w:num":
          use = { list: "", starts: new Map() };
          uses.set(attributes["w:numId"] ?? "", use);
          break;
        case "w:abstractNumId":
          if (use) use.list = value ?? "";
          break;
        case "w:lvlOverride":
          overridden = Number(attributes["w:ilvl"]) || 0;
          break;
        case "w:startOverride":
          use?.starts.set(overridden, Number(value) || 0);
          break;
        case "w:lvl":
          level = newLevel();
          list?.levels.set(Number(attributes["w:ilvl"]) || 0, level);
          break;
        case "w:start":
          if (level) level.start = Number(value) || 0;
          break;
        case "w:numFmt":
          if (level) level.format = value ?? "";
          break;
        case "w:lvlText":
          if (level) level.text = (value ?? "").slice(0, maxLabelLength);
          break;
        case "w:isLgl":
          if (level) level.isLegal = isOn(value);
          break;
        case "w:lvlRestart":
          if (level) level.restarts = value !== "0";
          break;
        case "w:pStyle":
          if (level) level.style = value;
          break;
      }
    },
    close(name) {
      if (name === "w:abstractNum") list = undefined;
      else if (name === "w:num") use = undefined;
      else if (name === "w:lvl") level = undefined;
    },
  });

  const defining = new Map<string, List>();
  for (const each of lists.values()) if (each.defines) defining.set(each.defines, each);
  const listOf = ({ list: id }: Use): List | undefined => {
    const found = lists.get(id);
    return found?.definedBy === undefined ? found : (defining.get(found.definedBy) ?? found);
  };

  function advance({ levels: known, counts }: List, at: number, first: number | undefined): void {
    const before = first === undefined ? counts[at] : undefined;
    counts[at] = before === undefined ? (first ?? known.get(at)?.start ?? 1) : before + 1;
    for (let below = at + 1; below < levels; below += 1) {
      if (known.get(below)?.restarts !== false) counts[below] = undefined;
    }
  }

  function write({ levels: known, counts }: List, at: number): string {
    const { text, isLegal } = known.get(at) ?? newLevel();
    const label = text.replace(/%([1-9])/g, (_, digit: string) => {
      const { start, format } = known.get(Number(digit) - 1) ?? newLevel();
      return countIn(isLegal ? "decimal" : format, counts[Number(digit) - 1] ?? start);
    });
    return label.trim().slice(0, maxLabelLength);
  }

  return {
    label(numberId, wanted, style) {
      const used = uses.get(numberId);
      const found = used && listOf(used);
      if (!used || !found) return "";
      const ofStyle = [...found.levels].find(
        ([, { style: id }]) => id !== undefined && id === style,
      );
      const at = Math.min(Math.max(wanted ?? ofStyle?.[0] ?? 0, 0), levels - 1);
      const first = used.starts.get(at);
      // A use that begins anew does so once.
      used.starts.delete(at);
      advance(found, at, first);
      const format = found.levels.get(at)?.format;
      return format === undefined || format === "bullet" ? "" : write(found, at);
    },
  };
}
