import { maxBlockLength } from "./document.ts";
import { splitText } from "./plain-text.ts";

/**
 * The lines of a text without their ends, whatever pieces it comes in. A line of more than
 * `maxBlockLength` units comes as several.
 */
export function* lines(pieces: Iterable<string>): Generator<string> {
  let rest = "";
  for (const piece of pieces) {
    const text = rest + piece;
    // A carriage return at the end may be the first half of a line end.
    const usable = text.endsWith("\r") ? text.slice(0, -1) : text;
    const parts = usable.split(/\r\n?|\n/);
    rest = (parts.pop() ?? "") + text.slice(usable.length);
    for (const part of parts) yield* bounded(part);
    if (rest.length > 2 * maxBlockLength) {
      const whole = [...splitText(rest, maxBlockLength)];
      rest = whole.pop() ?? "";
      yield* whole;
    }
  }
  if (rest !== "") yield* bounded(rest.replace(/\r$/, ""));
}

function* bounded(line: string): Generator<string> {
  if (line.length <= maxBlockLength) yield line;
  else yield* splitText(line, maxBlockLength);
}
