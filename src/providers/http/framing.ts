import type { Head } from "./head.ts";

/** Finds where a body ends among the bytes of a connection. */
export interface Framing {
  /** Whether the body is whole. */
  readonly over: boolean;
  /** Whether bytes came behind it that nobody asked for. */
  readonly excess: boolean;
  /** Whether the end of the connection is the end of the body. */
  readonly endsWithConnection: boolean;
  /**
   * What of these bytes belongs to the body, in place of which it may be moved together.
   *
   * @throws Error where they are framed wrongly
   */
  take(bytes: Uint8Array): Uint8Array;
}

const nothing = new Uint8Array(0);

/**
 * How the body behind a head is framed (RFC 9112, section 6.3).
 *
 * @throws Error where the head does not tell
 */
export function framingOf({ status, headers }: Head): Framing {
  if (status === 204 || status === 304) return new CountedBody(0);
  const coding = headers.get("transfer-encoding")?.toLowerCase();
  if (coding === "chunked") return new ChunkedBody();
  if (coding !== undefined) throw new Error(`transfer-encoding ${coding} is not known`);
  const length = headers.get("content-length");
  if (length === undefined) return new EndlessBody();
  const lengths = new Set(length.split(/\s*,\s*/));
  const [first = ""] = lengths;
  if (lengths.size > 1 || !/^\d{1,15}$/.test(first)) throw new Error("content-length is no number");
  return new CountedBody(Number(first));
}

/** A body of as many bytes as its head said. */
class CountedBody implements Framing {
  readonly endsWithConnection = false;
  excess = false;

  constructor(private left: number) {}

  get over(): boolean {
    return this.left === 0;
  }

  take(bytes: Uint8Array): Uint8Array {
    this.excess ||= bytes.length > this.left;
    const content = this.excess ? bytes.subarray(0, this.left) : bytes;
    this.left -= content.length;
    return content;
  }
}

/** A body that ends with its connection. */
class EndlessBody implements Framing {
  readonly over = false;
  readonly excess = false;
  readonly endsWithConnection = true;

  take(bytes: Uint8Array): Uint8Array {
    return bytes;
  }
}

const lineFeed = 10;
const carriageReturn = 13;
/** What may follow a chunk's size: `;`, a space, a tab. */
const extensionStarts: readonly number[] = [59, 32, 9];
/** Bytes of one line between the chunks: sizes with extensions, and trailers. */
const longestLine = 8192;

/** The value of a hexadecimal digit; -1 where it is none. */
function digitOf(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

/** A body in chunks, each with its size before it (RFC 9112, section 7.1). */
class ChunkedBody implements Framing {
  readonly endsWithConnection = false;
  over = false;
  excess = false;
  #state: "size" | "extension" | "data" | "data end" | "trailer" = "size";
  /** Bytes of the chunk that are still to come; undefined until the first digit of its size. */
  #left: number | undefined;
  /** Bytes of the line that is read, without its end. */
  #line = 0;

  take(bytes: Uint8Array): Uint8Array {
    let start = 0;
    let end = 0;
    for (let at = 0; at < bytes.length; ) {
      if (this.over) {
        this.excess = true;
        break;
      }
      if (this.#state !== "data") {
        this.#readLine(bytes[at] ?? 0);
        at += 1;
        continue;
      }
      const left = this.#left ?? 0;
      const count = Math.min(left, bytes.length - at);
      // The usual read holds one chunk, which stays where it is.
      if (end === start) start = end = at;
      else if (end !== at) bytes.copyWithin(end, at, at + count);
      end += count;
      at += count;
      this.#left = left - count;
      if (count === left) this.#state = "data end";
    }
    return end === start ? nothing : bytes.subarray(start, end);
  }

  /** Takes one byte of what stands between the chunks' data. */
  #readLine(byte: number): void {
    if (byte === lineFeed) {
      this.#endLine();
      this.#line = 0;
    } else if (byte !== carriageReturn) {
      this.#line += 1;
      if (this.#line > longestLine) throw new Error("a line between chunks is too long");
      if (this.#state === "size") this.#readSize(byte);
      else if (this.#state === "data end") throw new Error("a chunk is longer than its size");
    }
  }

  #readSize(byte: number): void {
    const digit = digitOf(byte);
    if (digit >= 0) this.#left = (this.#left ?? 0) * 16 + digit;
    else if (this.#left !== undefined && extensionStarts.includes(byte)) this.#state = "extension";
    else throw new Error("a chunk's size is no number");
    if ((this.#left ?? 0) > Number.MAX_SAFE_INTEGER) throw new Error("a chunk is too long");
  }

  #endLine(): void {
    switch (this.#state) {
      case "size":
      case "extension":
        if (this.#left === undefined) throw new Error("a chunk has no size");
        this.#state = this.#left === 0 ? "trailer" : "data";
        break;
      case "data end":
        this.#state = "size";
        this.#left = undefined;
        break;
      case "trailer":
        this.over = this.#line === 0;
        break;
    }
  }
}
