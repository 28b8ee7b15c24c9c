import { Parser } from "htmlparser2";
import { maxNesting, tooComplex } from "./budget.ts";

export type Attributes = Readonly<Record<string, string>>;

/** What happens while a piece of XML is read. Names carry the prefixes of `namespaces`. */
export interface XmlHandler {
  open?(name: string, attributes: Attributes): void;
  close?(name: string): void;
  /** A run of text, maybe a part of one: entities beyond XML's own five stay as they are written. */
  text?(text: string): void;
}

/** Producers choose their own prefixes; readers see these, by the end of the namespace's name. */
const namespaces: readonly (readonly [RegExp, string])[] = [
  [/wordprocessingml\/(2006\/)?main$/, "w"],
  [/drawingml\/(2006\/)?main$/, "a"],
  [/drawingml\/(2006\/)?chart$/, "c"],
  [/drawingml\/(2006\/)?diagram$/, "dgm"],
  [/spreadsheetml\/(2006\/)?main$/, "s"],
  [/officeDocument\/(2006\/)?relationships$/, "r"],
  [/package\/2006\/relationships$/, "rel"],
  [/officeDocument\/(2006\/)?math$/, "m"],
  [/markup-compatibility\/2006$/, "mc"],
  [/purl\.org\/dc\/elements\/1\.1\/$/, "dc"],
  [/opendocument:xmlns:([a-z]+):1\.0$/, "$1"],
];

function knownPrefix(uri: string): string | undefined {
  for (const [pattern, prefix] of namespaces) {
    const match = pattern.exec(uri);
    if (match) return prefix.replace("$1", match[1] ?? "");
  }
  return undefined;
}

/** Turns a producer's names into ours, by the declarations seen so far. */
class Names {
  private readonly prefixes = new Map<string, string>();
  private readonly known = new Map<string, string>();

  /** Scopes are not kept: a prefix that changes its meaning takes the newest one. */
  declare(attributes: Attributes): void {
    for (const name in attributes) {
      if (name !== "xmlns" && !name.startsWith("xmlns:")) continue;
      const prefix = knownPrefix(attributes[name] ?? "");
      if (prefix === undefined) continue;
      this.prefixes.set(name.slice(6), prefix);
      this.known.clear();
    }
  }

  resolve(name: string, isElement: boolean): string {
    // An attribute without a prefix belongs to no namespace.
    if (!isElement && !name.includes(":")) return name;
    const found = this.known.get(name);
    if (found !== undefined) return found;
    const colon = name.indexOf(":");
    const prefix = this.prefixes.get(colon < 0 ? "" : name.slice(0, colon));
    const resolved = prefix === undefined ? name : `${prefix}:${name.slice(colon + 1)}`;
    // A hostile file may use a new name in every element.
    if (this.known.size < 10_000) this.known.set(name, resolved);
    return resolved;
  }

  resolveAttributes(attributes: Record<string, string>): Attributes {
    const resolved: Record<string, string> = {};
    for (const name in attributes) resolved[this.resolve(name, false)] = attributes[name] ?? "";
    return resolved;
  }
}

/** The text encoding that an XML file states in its first bytes; UTF-8 where it states none. */
export function xmlEncoding(head: Uint8Array): string {
  if (head[0] === 0xff && head[1] === 0xfe) return "utf-16le";
  if (head[0] === 0xfe && head[1] === 0xff) return "utf-16be";
  if (head[0] === 0x3c && head[1] === 0) return "utf-16le";
  if (head[0] === 0 && head[1] === 0x3c) return "utf-16be";
  const start = new TextDecoder("latin1").decode(head.subarray(0, 200));
  const label = /^[^<]*<\?xml[^>]*?encoding\s*=\s*["']([\w.:-]+)["']/i.exec(start)?.[1] ?? "utf-8";
  try {
    // A declaration that could be read byte by byte is not UTF-16, whatever it says.
    return /utf-16/i.test(label) ? "utf-8" : new TextDecoder(label).encoding;
  } catch {
    return "utf-8";
  }
}

/**
 * Reads XML as it comes, without building a tree. No entity is expanded but XML's own five and
 * numbered characters, and nothing that the file refers to is fetched. Faults in the markup are
 * passed over. The encoding is the one that the file states, unless it is given.
 *
 * @throws AppError `document_too_complex` when elements nest too deep
 */
export async function readXml(
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  handler: XmlHandler,
  encoding?: string,
): Promise<void> {
  const names = new Names();
  let depth = 0;
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        depth += 1;
        if (depth > maxNesting) throw tooComplex("nesting", maxNesting);
        names.declare(attributes);
        handler.open?.(names.resolve(name, true), names.resolveAttributes(attributes));
      },
      onclosetag(name) {
        depth -= 1;
        handler.close?.(names.resolve(name, true));
      },
      ontext(text) {
        handler.text?.(text);
      },
    },
    { xmlMode: true },
  );
  let decoder: TextDecoder | undefined;
  for await (const piece of content) {
    decoder ??= new TextDecoder(encoding ?? xmlEncoding(piece));
    parser.write(decoder.decode(piece, { stream: true }));
  }
  if (decoder) parser.write(decoder.decode());
  parser.end();
}
