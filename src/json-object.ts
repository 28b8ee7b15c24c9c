import { AppError } from "./errors.ts";

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const comma = 0x2c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

interface Member {
  readonly name: string;
  readonly start: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/** Bytes in place of those from `start` to `end`. */
interface Change {
  readonly start: number;
  readonly end: number;
  readonly replacement: Buffer;
}

const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** Reads the outline of a JSON object: where its members are. Throws SyntaxError. */
class Outline {
  #at = 0;

  constructor(private readonly bytes: Buffer) {}

  read(): Member[] {
    const members: Member[] = [];
    // RFC 8259, section 8.1, lets a parser ignore a byte order mark.
    if (this.bytes.subarray(0, 3).equals(byteOrderMark)) this.#at = 3;
    this.#take(openBrace);
    if (this.#peek() === closeBrace) this.#at += 1;
    else {
      do members.push(this.#member());
      while (this.#takeEither(comma, closeBrace) === comma);
    }
    if (this.#peek() !== undefined) throw new SyntaxError("something follows the object");
    return members;
  }

  #member(): Member {
    this.#peek();
    const start = this.#at;
    this.#string();
    const name: unknown = JSON.parse(this.bytes.toString("utf8", start, this.#at));
    this.#take(colon);
    this.#peek();
    const valueStart = this.#at;
    this.#value();
    return { name: String(name), start, valueStart, valueEnd: this.#at };
  }

  #value(): void {
    const first = this.bytes[this.#at];
    if (first === quote) this.#string();
    else if (first === openBrace || first === openBracket) this.#nested();
    else {
      const start = this.#at;
      while (!isDelimiter(this.bytes[this.#at])) this.#at += 1;
      // A number, true, false or null.
      JSON.parse(this.bytes.toString("latin1", start, this.#at));
    }
  }

  /** To the end of an object or array, whatever is in it. */
  #nested(): void {
    for (let depth = 0; ; ) {
      const byte = this.bytes[this.#at];
      if (byte === undefined) throw new SyntaxError("the object has no end");
      if (byte === quote) this.#string();
      else {
        this.#at += 1;
        if (byte === openBrace || byte === openBracket) depth += 1;
        else if (byte === closeBrace || byte === closeBracket) depth -= 1;
        if (depth === 0) return;
      }
    }
  }

  /** To the end of a string: a search for its quote is far faster than a look at every byte. */
  #string(): void {
    if (this.bytes[this.#at] !== quote) throw new SyntaxError("a member has no name");
    let end = this.#at;
    let isEscaped = true;
    while (isEscaped) {
      end = this.bytes.indexOf(quote, end + 1);
      if (end < 0) throw new SyntaxError("a string has no end");
      let before = end - 1;
      while (this.bytes[before] === backslash) before -= 1;
      isEscaped = (end - before) % 2 === 0;
    }
    this.#at = end + 1;
  }

  /** The next byte that is no space; undefined at the end. */
  #peek(): number | undefined {
    while (isSpace(this.bytes[this.#at])) this.#at += 1;
    return this.bytes[this.#at];
  }

  #take(wanted: number): void {
    if (this.#peek() !== wanted) throw new SyntaxError("not a JSON object");
    this.#at += 1;
  }

  #takeEither(first: number, second: number): number {
    const found = this.#peek();
    if (found !== first && found !== second) throw new SyntaxError("not a JSON object");
    this.#at += 1;
    return found;
  }
}

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

const isDelimiter = (byte: number | undefined): boolean =>
  byte === undefined || byte === comma || byte === closeBrace || isSpace(byte);

/**
 * A JSON object that somebody sent, as the bytes that they sent. Only its outline is read: what is in
 * a member is looked at when it is asked for, so that one with megabytes of images costs a search for
 * quotes, and reaches the next reader unchanged, the order of its members and the digits of its
 * numbers included.
 */
export class JsonObject {
  private constructor(
    readonly bytes: Buffer<ArrayBuffer>,
    private readonly members: readonly Member[],
  ) {}

  /**
   * @throws SyntaxError when the bytes are no JSON object; faults inside a member are found when it
   *   is asked for, not here
   */
  static read(bytes: Uint8Array<ArrayBuffer>): JsonObject {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return new JsonObject(buffer, new Outline(buffer).read());
  }

  has(name: string): boolean {
    return this.members.some((member) => member.name === name);
  }

  /** Whether a member is there and begins as an array does; what is in it is not looked at. */
  holdsArray(name: string): boolean {
    const member = this.members.findLast((each) => each.name === name);
    return member !== undefined && this.bytes[member.valueStart] === openBracket;
  }

  /**
   * A member's value, of the last one where several have the name, as with JSON.parse; undefined
   * where there is none.
   *
   * @throws AppError `malformed_json`
   */
  get(name: string): unknown {
    const member = this.members.findLast((each) => each.name === name);
    if (member === undefined) return undefined;
    try {
      return JSON.parse(this.bytes.toString("utf8", member.valueStart, member.valueEnd));
    } catch (cause) {
      throw new AppError("malformed_json", {}, { cause });
    }
  }

  /**
   * The same object with this value in place of a member's, of all that have the name, or behind the
   * others. All else keeps its bytes.
   */
  with(name: string, value: unknown): JsonObject {
    const json = Buffer.from(JSON.stringify(value));
    const found = this.members.filter((member) => member.name === name);
    if (found.length > 0) {
      return this.#splice(
        found.map(({ valueStart, valueEnd }) => ({
          start: valueStart,
          end: valueEnd,
          replacement: json,
        })),
      );
    }
    const end = this.bytes.lastIndexOf(closeBrace);
    const separator = this.members.length === 0 ? "" : ",";
    const member = Buffer.from(`${separator}${JSON.stringify(name)}:${json}`);
    return this.#splice([{ start: end, end, replacement: member }]);
  }

  /** The same object without a member. */
  without(name: string): JsonObject {
    const kept = this.members.filter((member) => member.name !== name);
    if (kept.length === this.members.length) return this;
    const parts = kept.map(({ start, valueEnd }) => this.bytes.subarray(start, valueEnd));
    return JsonObject.read(
      Buffer.concat([
        Buffer.from("{"),
        ...parts.flatMap((part, index) => (index === 0 ? [part] : [Buffer.from(","), part])),
        Buffer.from("}"),
      ]),
    );
  }

  #splice(changes: readonly Change[]): JsonObject {
    const parts: Buffer[] = [];
    let at = 0;
    for (const { start, end, replacement } of changes) {
      parts.push(this.bytes.subarray(at, start), replacement);
      at = end;
    }
    return JsonObject.read(Buffer.concat([...parts, this.bytes.subarray(at)]));
  }
}
