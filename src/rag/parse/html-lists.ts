import { countIn } from "./number-formats.ts";
import type { Attributes } from "./xml.ts";

interface OrderedList {
  /** As `countIn` names it. */
  readonly format: string;
  next: number;
}

/** The values of `type` (HTML 4.4.5). */
const formats: Readonly<Record<string, string>> = {
  a: "lowerLetter",
  A: "upperLetter",
  i: "lowerRoman",
  I: "upperRoman",
};

/** The lists of a page that are open, outermost first; counts the items of those with numbers. */
export class HtmlLists {
  private readonly open: (OrderedList | undefined)[] = [];

  /** How deep the next item lies: 0 in the outermost list; undefined outside of any. */
  get depth(): number | undefined {
    return this.open.length > 0 ? this.open.length - 1 : undefined;
  }

  enter(name: "ul" | "ol", { type = "", start = "" }: Attributes): void {
    const list = { format: formats[type] ?? "decimal", next: Number.parseInt(start, 10) || 1 };
    this.open.push(name === "ol" ? list : undefined);
  }

  leave(): void {
    this.open.pop();
  }

  /** What stands before the next item; empty where it has a bullet. */
  label({ value = "" }: Attributes): string {
    const list = this.open.at(-1);
    if (!list) return "";
    const count = Number.parseInt(value, 10) || list.next;
    list.next = count + 1;
    return `${countIn(list.format, count)}. `;
  }
}
