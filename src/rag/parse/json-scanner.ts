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
  /** What was read of a literal. */
  private token = "";
  /** What was read of a string, as it is written, and how long that is. */
  private parts: string[] = [];
  private length = 0;
  private isEscaped = false;
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
    let at = from;
    if (this.isEscaped) {
      // A piece ended after a backslash: what it escapes comes first in this one.
      this.isEscaped = false;
      this.add(text.slice(at, at + 1));
      at += 1;
    }
    while (at < text.length) {
      stringEnd.lastIndex = at;
      const match = stringEnd.exec(text);
      const end = match ? match.index : text.length;
      if (match?.[0] === '"') {
        this.add(text.slice(at, end));
        this.endString();
        return end + 1;
      }
      const next = match ? end + 2 : end;
      this.add(text.slice(at, next));
      this.isEscaped = next > text.length;
      at = next;
    }
    if (this.length > maxPiece && !this.isKey && !this.isEscaped) this.sendPiece();
    return text.length;
  }

  private get isKey(): boolean {
    return this.expected === "key" || this.expected === "key_or_close";
  }

  private add(part: string): void {
    this.parts.push(part);
    this.length += part.length;
  }

  private takeParts(): string {
    const token = this.parts.join("");
    this.parts = [];
    this.length = 0;
    return token;
  }

  private endString(): void {
    this.inside = undefined;
    const value = decodeString(this.takeParts());
    if (this.isKey) {
      this.events.key(value);
      this.expected = "colon";
    } else {
      this.events.value(value);
      this.afterValue();
    }
  }

  /** Sends what came of a long string, up to a place that is in no escape sequence. */
  private sendPiece(): void {
    const token = this.takeParts();
    const backslash = token.lastIndexOf("\\");
    const isOpen = backslash >= token.length - 6 && endsInOddBackslashes(token, backslash + 1);
    const isHalf = /[\ud800-\udbff]$/.test(token);
    const cut = isOpen ? backslash : token.length - Number(isHalf);
    this.events.value(decodeString(token.slice(0, cut)));
    this.add(token.slice(cut));
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

function endsInOddBackslashes(text: string, end: number): boolean {
  let count = 0;
  while (text[end - 1 - count] === "\\") count += 1;
  return count % 2 === 1;
}

function decodeString(raw: string): string {
  if (!raw.includes("\\")) return raw;
  // Line ends inside a string are a fault that is common and harmless.
  const parsed: unknown = JSON.parse(`"${raw.replace(/[\n\r\t]/g, " ")}"`);
  return String(parsed);
}
