import { AppError } from "../../../errors.ts";
import { maxNesting, tooComplex } from "../budget.ts";
import { decodeText } from "../encoding.ts";
import { JsonScanner } from "../json-scanner.ts";
import { latin1 } from "../plain-text.ts";
import type { TextReader } from "../reader.ts";
import { RecordWriter } from "../record-writer.ts";
import { readCode } from "./code.ts";

interface Frame {
  readonly kind: "object" | "array";
  /** The key whose value is read. */
  current: string;
  /** Texts of an array that are shown in one line. */
  items: string[];
}

/** Keys of a path that are shown. */
const shownKeys = 4;

/** A line that begins as none of JSON does. */
const comment = /^\s*(\/\/|\/\*)/m;

/**
 * JSON and JSON Lines: each object in the outermost list of objects is a paragraph, each value a
 * line `path: value`; the values of a list of plain values share a line.
 */
export const readJson: TextReader = (document) => {
  const { source, encoding, writer } = document;
  // Settings are often written in JSON with comments under the same extension.
  if (comment.test(latin1(source.read(0, 65_536)))) return readCode(document);
  const records = new RecordWriter(writer);
  const frames: Frame[] = [];
  /** How many brackets were open outside the objects that are the records. */
  let recordDepth = Number.POSITIVE_INFINITY;

  const path = () => {
    const keys: string[] = [];
    for (let at = frames.length - 1; at >= 0 && keys.length < shownKeys; at -= 1) {
      const frame = frames[at];
      if (frame?.kind === "object") keys.unshift(frame.current);
    }
    return keys.join(".");
  };
  const flushItems = (frame: Frame) => {
    if (frame.items.length === 0) return;
    records.field(path(), frame.items.join(", "));
    frame.items = [];
  };
  const scanner = new JsonScanner(
    {
      open(kind) {
        const parent = frames.at(-1);
        if (parent?.kind === "array") {
          flushItems(parent);
          if (kind === "object") recordDepth = Math.min(recordDepth, frames.length);
        }
        frames.push({ kind, current: "", items: [] });
      },
      key(name) {
        const frame = frames.at(-1);
        if (frame) frame.current = name;
      },
      value(text) {
        const frame = frames.at(-1);
        if (text === undefined) return;
        if (frame?.kind !== "array") return records.field(path(), text);
        frame.items.push(text);
        if (frame.items.length >= 50 || text.length > 200) flushItems(frame);
      },
      close() {
        const frame = frames.at(-1);
        if (frame) flushItems(frame);
        frames.pop();
        if (frames.length === 0) recordDepth = Number.POSITIVE_INFINITY;
        if (frames.length === 0 || (frame?.kind === "object" && frames.length <= recordDepth)) {
          records.end();
        } else records.joint();
      },
    },
    maxNesting,
  );
  try {
    for (const piece of decodeText(source, encoding)) scanner.write(piece);
    scanner.end();
  } catch (error) {
    if (error instanceof RangeError) throw tooComplex("nesting", maxNesting, error);
    if (error instanceof SyntaxError) {
      throw new AppError("document_unreadable", {}, { cause: error });
    }
    throw error;
  }
  records.end();
  return {};
};
