/** `[1]`, `[2, 3]`, `[^1]` and `【1】`. */
const mark = /[[【]\s*\^?\d{1,3}(?:\s*[,，、;；]\s*\^?\d{1,3})*\s*[\]】]/y;

/** What may become one. */
const beginning = /^[[【][\s\d^,，、;；]{0,40}$/;

/**
 * Turns the marks by which an answer cites its passages into references to footnotes, `[^1]`, while the
 * answer is streamed. Code is left alone, so are links and the numbers of passages that there are not.
 * Holds back no more than a mark, or a run of backticks, that is not whole yet.
 */
export class CitationMarks {
  /** The numbers of the passages that were cited so far. */
  readonly cited = new Set<number>();
  #held = "";
  /** Backticks by which the code began that goes on; 0 outside of code. */
  #code = 0;
  #last = "\n";

  /** Passages are numbered from 1 to `count`. */
  constructor(private readonly count: number) {}

  /** What can be shown now. */
  push(text: string): string {
    return this.#scan(text, false);
  }

  /** What was held back when the answer ended. */
  end(): string {
    return this.#scan("", true);
  }

  #scan(fresh: string, isLast: boolean): string {
    const text = this.#held + fresh;
    this.#held = "";
    let shown = "";
    for (let at = 0; at < text.length; ) {
      const taken = this.#take(text, at, isLast);
      if (taken === undefined) {
        this.#held = text.slice(at);
        break;
      }
      shown += taken.shown;
      at += taken.length;
      this.#last = text.charAt(at - 1);
    }
    return shown;
  }

  /** What stands at this place, as it is shown; undefined when the rest of it has to come first. */
  #take(
    text: string,
    at: number,
    isLast: boolean,
  ): { readonly shown: string; readonly length: number } | undefined {
    const character = text.charAt(at);
    if (character === "`") return this.#takeBackticks(text, at, isLast);
    if (character === "\n" && this.#last === "\n" && this.#code < 3) {
      // A span of code ends with its paragraph, closed or not.
      this.#code = 0;
    }
    if ((character !== "[" && character !== "【") || this.#code > 0) {
      return { shown: character, length: 1 };
    }
    mark.lastIndex = at;
    const found = mark.exec(text)?.[0];
    if (found === undefined) {
      const isUnfinished = !isLast && beginning.test(text.slice(at, at + 50));
      return isUnfinished ? undefined : { shown: character, length: 1 };
    }
    const next = text.charAt(at + found.length);
    if (next === "" && !isLast) return undefined;
    return { shown: this.#reference(found, next), length: found.length };
  }

  #takeBackticks(text: string, at: number, isLast: boolean) {
    let end = at;
    while (text[end] === "`") end += 1;
    if (end === text.length && !isLast) return undefined;
    const length = end - at;
    if (this.#code === 0) this.#code = length;
    else if (length === this.#code || (this.#code >= 3 && length > this.#code)) this.#code = 0;
    return { shown: text.slice(at, end), length };
  }

  #reference(found: string, next: string): string {
    const isLink = next === "(";
    const isDefinition = next === ":" && this.#last === "\n";
    const numbers = (found.match(/\d+/g) ?? []).map(Number);
    if (isLink || isDefinition || numbers.some((number) => number < 1 || number > this.count)) {
      return found;
    }
    for (const number of numbers) this.cited.add(number);
    return numbers.map((number) => `[^${number}]`).join("");
  }
}
