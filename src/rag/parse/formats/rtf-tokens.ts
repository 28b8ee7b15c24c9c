import { latin1 } from "../plain-text.ts";
import { pieces, type Source } from "../source.ts";

/** What RTF is made of. Symbols are controls of one character that is no letter. */
export interface RtfHandler {
  open(): void;
  close(): void;
  control(word: string, parameter: number | undefined): void;
  /** A byte of text in the encoding of its font; `isEscaped` where it was written as `\'hh`. */
  byte(value: number): void;
}

const longestToken = 64;
const controlWord = /\\([a-zA-Z]{1,32})(-?\d{1,10})? ?/y;

/** Reads RTF (version 1.9.1) as it comes. Binary data is passed over. */
export function readRtfTokens(source: Source, handler: RtfHandler): void {
  let rest = "";
  let skipped = 0;
  const read = (text: string, isLast: boolean) => {
    let at = 0;
    while (at < text.length) {
      if (skipped > 0) {
        const count = Math.min(skipped, text.length - at);
        skipped -= count;
        at += count;
        continue;
      }
      const character = text[at];
      if (character === "\\") {
        // A control may go on in the next piece.
        if (!isLast && text.length - at < longestToken) return text.slice(at);
        at = readControl(text, at);
      } else {
        if (character === "{") handler.open();
        else if (character === "}") handler.close();
        else if (character !== "\r" && character !== "\n") handler.byte(text.charCodeAt(at));
        at += 1;
      }
    }
    return "";
  };
  const readControl = (text: string, at: number): number => {
    controlWord.lastIndex = at;
    const match = controlWord.exec(text);
    if (match) {
      const [whole, word = "", digits] = match;
      const parameter = digits === undefined ? undefined : Number(digits);
      if (word === "bin") skipped = Math.max(0, parameter ?? 0);
      else handler.control(word, parameter);
      return at + whole.length;
    }
    const symbol = text[at + 1] ?? "";
    if (symbol !== "'") {
      handler.control(symbol, undefined);
      return at + 2;
    }
    const value = Number.parseInt(text.slice(at + 2, at + 4), 16);
    if (!Number.isNaN(value)) handler.byte(value);
    return at + 4;
  };
  for (const piece of pieces(source)) rest = read(rest + latin1(piece), false);
  read(rest, true);
}
