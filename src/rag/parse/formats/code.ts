import { maxBlockLength } from "../document.ts";
import { decodeText } from "../encoding.ts";
import type { TextReader } from "../reader.ts";
import { lines } from "../text-lines.ts";

const wantedLength = 1500;

/** Whether a new piece may start at the line: something that stands at the margin. */
const startsAtMargin = (line: string) => /^[^\s)\]}]/.test(line);

/**
 * Source code in pieces of some 1,500 units, cut at blank lines before something that starts at the
 * margin, so that a function stays whole where it can.
 */
export const readCode: TextReader = ({ source, encoding, writer, extension }) => {
  let piece: string[] = [];
  let length = 0;
  let afterBlank = false;
  const flush = () => {
    writer.code(piece.join("\n"), extension);
    piece = [];
    length = 0;
  };
  for (const line of lines(decodeText(source, encoding))) {
    const mayCut = afterBlank && startsAtMargin(line);
    if ((mayCut && length > wantedLength / 2) || length + line.length > maxBlockLength) flush();
    else if (length > 2 * wantedLength && startsAtMargin(line)) flush();
    piece.push(line);
    length += line.length + 1;
    afterBlank = line.trim() === "";
  }
  flush();
  return {};
};
