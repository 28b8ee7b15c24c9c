import { Parser } from "htmlparser2";
import type { BlockWriter } from "../block-writer.ts";
import { decodeText, type TextEncoding } from "../encoding.ts";
import { HtmlBlocks, type HtmlOptions } from "../html-blocks.ts";
import type { TextReader } from "../reader.ts";
import type { Source } from "../source.ts";

/** Writes the blocks of HTML that comes in pieces; returns the title that it states. */
export function writeHtml(
  pieces: Iterable<string>,
  writer: BlockWriter,
  options: HtmlOptions,
): string | undefined {
  const blocks = new HtmlBlocks(writer, options);
  const parser = new Parser(
    {
      onopentag: (name, attributes) => blocks.open(name, attributes),
      ontext: (text) => blocks.addText(text),
      onclosetag: (name) => blocks.close(name),
    },
    // In XHTML `<title/>` is empty; in HTML it opens a title that swallows the page.
    { recognizeSelfClosing: options.isXhtml ?? false },
  );
  for (const piece of pieces) parser.write(piece);
  parser.end();
  blocks.end();
  return blocks.title;
}

/** The encoding that the page states, unless its bytes are valid as what was detected. */
function pageEncoding(source: Source, detected: TextEncoding): TextEncoding {
  if (detected.label.startsWith("utf-")) return detected;
  const head = new TextDecoder("latin1").decode(source.read(0, 4096));
  const stated = /<meta[^>]{1,200}charset\s*=\s*["']?\s*([\w-]{2,30})/i.exec(head)?.[1];
  if (!stated || /^utf-?(8|16)/i.test(stated)) return detected;
  try {
    return { label: new TextDecoder(stated).encoding, markLength: 0 };
  } catch {
    return detected;
  }
}

export const readHtml: TextReader = ({ source, encoding, writer }) => {
  const pieces = decodeText(source, pageEncoding(source, encoding));
  const isXhtml = new TextDecoder().decode(source.read(0, 5)) === "<?xml";
  return { title: writeHtml(pieces, writer, { isPage: true, isXhtml }) };
};
