const byteOrderMark = [0xef, 0xbb, 0xbf];
const quote = 0x22;
const comma = 0x2c;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

const isSpace = (byte: number): boolean =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** One element of the text, in UTF-8; undefined where it was longer than it may be. */
export type JsonElement = Uint8Array | undefined;

/**
 * Splits a JSON text (RFC 8259) as it comes into the elements of its array; a text that is one object is
 * one element. Holds no more than one element, of `maxBytes` at most. Whether an element is JSON is
 * for whoever parses it to find out: here only its brackets and strings are looked at.
 */
export class JsonElements {
  /** What comes next: the text, an element or `]`, an element, `,` or `]`, or nothing. */
  private expected: "text" | "first" | "element" | "comma" | "end" = "text";
  private parts: Uint8Array[] = [];
  private size = 0;
  private inElement = false;
  /** Brackets that are open inside the element. */
  private depth = 0;
  private inString = false;
  private escaped = false;
  private marks = 0;
  private array = false;

  constructor(private readonly maxBytes: number) {}

  /** Whether the text is an array; known from its first character on. */
  get isArray(): boolean {
    return this.array;
  }

  /**
   * The elements that end in these bytes.
   *
   * @throws SyntaxError where the text is neither an array nor an object
   */
  *write(bytes: Uint8Array): Generator<JsonElement> {
    let start = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      const byte = bytes[at] ?? 0;
      if (this.inElement) {
        const end = this.continue(byte, at);
        if (end === undefined) continue;
        this.keep(bytes.subarray(start, end));
        yield this.take();
        // A comma or bracket that ended a number is looked at again.
        if (end === at) this.between(byte);
      } else if (this.between(byte)) {
        start = at;
        this.begin(byte);
      }
    }
    if (this.inElement) this.keep(bytes.subarray(start));
  }

  /** @throws SyntaxError where the text is cut off, or there is none */
  end(): void {
    if (this.expected !== "end" || this.inElement) throw new SyntaxError("the JSON is cut off");
  }

  private begin(byte: number): void {
    this.inElement = true;
    this.inString = byte === quote;
    this.depth = byte === openBracket || byte === openBrace ? 1 : 0;
  }

  /** Answers where the element ends, if it does here: behind its own last byte, or before this one. */
  private continue(byte: number, at: number): number | undefined {
    if (this.inString) {
      if (this.escaped) this.escaped = false;
      else if (byte === backslash) this.escaped = true;
      else if (byte === quote) {
        this.inString = false;
        if (this.depth === 0) return at + 1;
      }
      return undefined;
    }
    if (this.depth === 0) {
      // A number or a word has no end of its own.
      return isSpace(byte) || byte === comma || byte === closeBracket ? at : undefined;
    }
    if (byte === quote) this.inString = true;
    else if (byte === openBracket || byte === openBrace) this.depth += 1;
    else if (byte === closeBracket || byte === closeBrace) {
      this.depth -= 1;
      if (this.depth === 0) return at + 1;
    }
    return undefined;
  }

  /** Outside of elements: answers whether one begins with this byte. */
  private between(byte: number): boolean {
    if (this.expected === "text" && byte === byteOrderMark[this.marks]) {
      this.marks += 1;
      return false;
    }
    if (isSpace(byte)) return false;
    if (this.expected === "text") {
      this.array = byte === openBracket;
      this.expected = this.array ? "first" : "end";
      if (!this.array && byte !== openBrace)
        throw new SyntaxError("neither an array nor an object");
      return !this.array;
    }
    const closes = byte === closeBracket && this.expected !== "element";
    if (this.expected === "end") throw new SyntaxError("something follows the JSON");
    if (closes) this.expected = "end";
    else if (this.expected === "comma") {
      if (byte !== comma) throw new SyntaxError("a comma is missing");
      this.expected = "element";
    } else if (byte === comma) throw new SyntaxError("an element is missing");
    else {
      this.expected = "comma";
      return true;
    }
    return false;
  }

  private keep(part: Uint8Array): void {
    this.size += part.length;
    if (this.size <= this.maxBytes) this.parts.push(part);
    else this.parts = [];
  }

  private take(): JsonElement {
    const element = this.size <= this.maxBytes ? Buffer.concat(this.parts) : undefined;
    this.parts = [];
    this.size = 0;
    this.inElement = false;
    return element;
  }
}
