/** What a scanner finds in JSON text, in order. */
export interface JsonEvents {
  open(kind: "object" | "array"): void;
  close(): void;
  key(name: string): void;
  /** A string, number or boolean as text; null is `undefined`. A long string comes in pieces. */
  value(text: string | undefined): void;
}

type Expected = "value" | "value_or_close" | "key" | "key_or_close" | "colon" | "comma_or_close";

const whiteSpace = /[^\s\ufeff]/g;
const stringEnd = /["\\]/g;
const literalEnd = /[^\w.+-]/g;
const literal = /^(-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?|true|false|null)$/;
const maxPiece = 1_048_576;

/**
 * Reads JSON (RFC 8259) as it comes, holding no more than one string piece and the open brackets.
 * Several values may follow one another, as in JSON Lines. Throws a SyntaxError for anything else,
 * and a RangeError where brackets nest deeper than `maxDepth`.
 */
export class JsonScanner {
  private readonly brackets: ("object" | "array")[] = [];
  private expected: Expected = "value";
  /** The part of a string or literal that was read. */
  private token = "";
  private inside: "string" | "literal" | undefined;
  private empty = true;

  constructor(
    private readonly events: JsonEvents,
    private readonly maxDepth: number,
  ) {}

  write(text: string): void {
    let at = 0;
    while (at < text.length) {
      if (this.inside === "string") at = this.continueString(text, at);
      else if (this.inside === "literal") at = this.continueLiteral(text, at);
      else at = this.structure(text, at);
    }
  }

  end(): void {
    if (this.inside === "literal") this.endLiteral();
    if (this.inside || this.brackets.length > 0) throw new SyntaxError("The JSON text is cut off.");
    if (this.empty) throw new SyntaxError("There is no JSON value.");
  }

  private structure(text: string, from: number): number {
    whiteSpace.lastIndex = from;
    const match = whiteSpace.exec(text);
    if (!match) return text.length;
    const character = match[0];
    const at = match.index;
    const wantsValue = this.expected === "value" || this.expected === "value_or_close";
    const wantsKey = this.expected === "key" || this.expected === "key_or_close";
    if (character === '"' && (wantsValue || wantsKey)) this.inside = "string";
    else if ((character === "{" || character === "[") && wantsValue) this.open(character);
    else if (character === "}" || character === "]") this.close(character);
    else if (character === ":" && this.expected === "colon") this.expected = "value";
    else if (character === "," && this.expected === "comma_or_close") {
      this.expected = this.brackets.at(-1) === "object" ? "key" : "value";
    } else if (wantsValue && /[-\w]/.test(character)) {
      this.inside = "literal";
      return at;
    } else throw new SyntaxError(`JSON has ${JSON.stringify(character)} out of place.`);
    return at + 1;
  }

  private open(character: "{" | "["): void {
    const kind = character === "{" ? "object" : "array";
    if (this.brackets.length >= this.maxDepth) throw new RangeError("JSON nests too deep.");
    this.brackets.push(kind);
    this.expected = kind === "object" ? "key_or_close" : "value_or_close";
    this.events.open(kind);
  }

  private close(character: "}" | "]"): void {
    const kind = character === "}" ? "object" : "array";
    const mayClose =
      this.expected === "comma_or_close" ||
      this.expected === (kind === "object" ? "key_or_close" : "value_or_close");
    if (!mayClose || this.brackets.pop() !== kind) {
      throw new SyntaxError(`JSON has ${JSON.stringify(character)} out of place.`);
    }
    this.events.close();
    this.afterValue();
  }

  private continueString(text: string, from: number): number {
    // A piece may end after a backslash: what it escapes comes first in the next one.
    if (this.token.endsWith("\\") && oddBackslashes(this.token)) {
      this.token += text[from] ?? "";
      return from + 1;
    }
    stringEnd.lastIndex = from;
    const match = stringEnd.exec(text);
    const end = match ? match.index : text.length;
    this.token += text.slice(from, end);
    if (!match) {
      if (this.token.length > maxPiece && this.expected !== "key") this.sendPiece();
      return text.length;
    }
    if (match[0] === "\\") {
      this.token += text.slice(end, end + 2);
      return end + 2;
    }
    this.inside = undefined;
    const value = decodeString(this.token);
    this.token = "";
    if (this.expected === "key" || this.expected === "key_or_close") {
      this.events.key(value);
      this.expected = "colon";
    } else {
      this.events.value(value);
      this.afterValue();
    }
    return end + 1;
  }

  /** Sends what came of a long string, up to a place that is in no escape sequence. */
  private sendPiece(): void {
    const safe = this.token.lastIndexOf("\\", this.token.length - 1);
    const cut = safe >= this.token.length - 12 ? safe : this.token.length;
    if (cut <= 0 || oddBackslashes(this.token.slice(0, cut))) return;
    this.events.value(decodeString(this.token.slice(0, cut)));
    this.token = this.token.slice(cut);
  }

  private continueLiteral(text: string, from: number): number {
    literalEnd.lastIndex = from;
    const end = literalEnd.exec(text)?.index ?? text.length;
    this.token += text.slice(from, end);
    if (this.token.length > 4096) throw new SyntaxError("JSON has a number that is too long.");
    if (end < text.length) this.endLiteral();
    return end;
  }

  private endLiteral(): void {
    const text = this.token;
    if (!literal.test(text)) throw new SyntaxError(`JSON has ${text.slice(0, 20)} out of place.`);
    this.token = "";
    this.inside = undefined;
    this.events.value(text === "null" ? undefined : text);
    this.afterValue();
  }

  private afterValue(): void {
    this.empty = false;
    this.expected = this.brackets.length > 0 ? "comma_or_close" : "value";
  }
}

function oddBackslashes(text: string): boolean {
  let count = 0;
  for (let at = text.length - 1; at >= 0 && text[at] === "\\"; at -= 1) count += 1;
  return count % 2 === 1;
}

function decodeString(raw: string): string {
  if (!raw.includes("\\")) return raw;
  // Line ends inside a string are a fault that is common and harmless.
  const parsed: unknown = JSON.parse(`"${raw.replace(/[\n\r\t]/g, " ")}"`);
  return String(parsed);
}
