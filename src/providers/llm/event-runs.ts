import { maxLineLength } from "../sse.ts";

const lineFeed = 10;

/** Ends of a line and of the blank one behind it; of CR LF, what the others do not match already. */
const blankLines = ["\n\n", "\n\r\n", "\r\r"];
/** Bytes of such an end that may have come before the rest of it. */
const seamLength = 2;

/** Where the last whole event of these bytes ends; 0 when none does. */
function endOfLastEvent(bytes: Buffer): number {
  const { length } = bytes;
  if (bytes[length - 1] === lineFeed && bytes[length - 2] === lineFeed) return length;
  const ends = blankLines.map((mark) => {
    const at = bytes.lastIndexOf(mark);
    return at < 0 ? 0 : at + mark.length;
  });
  return Math.max(...ends);
}

/**
 * Cuts a `text/event-stream` between its events and changes no byte: whatever is added behind a run
 * is an event of its own, and whoever is cut off has no half of one. The work is linear in the bytes,
 * however they are cut.
 */
export class EventRuns {
  #rest: Buffer[] = [];
  #restLength = 0;
  /** The end of the rest. */
  #seam: Buffer = Buffer.alloc(0);

  /**
   * All events that are whole by now; undefined when these bytes complete none.
   *
   * @throws RangeError when an event grows beyond `maxLineLength`.
   */
  push(bytes: Uint8Array): Buffer | undefined {
    const fresh = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const seam = this.#seam.length;
    const end = endOfLastEvent(seam === 0 ? fresh : Buffer.concat([this.#seam, fresh])) - seam;
    if (end <= 0) {
      this.#keep(fresh);
      return undefined;
    }
    const whole = fresh.subarray(0, end);
    this.#checkLength(this.#restLength + end);
    const run = seam === 0 ? whole : Buffer.concat([this.#takeRest(), whole]);
    this.#keep(fresh.subarray(end));
    return run;
  }

  /** What the end of the stream left unfinished; empty when nothing was. */
  end(): Buffer {
    return this.#takeRest();
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#rest.push(bytes);
    this.#restLength += bytes.length;
    this.#checkLength(this.#restLength);
    this.#seam = Buffer.concat([this.#seam, bytes.subarray(-seamLength)]).subarray(-seamLength);
  }

  #checkLength(length: number): void {
    if (length > maxLineLength) throw new RangeError("event too long");
  }

  #takeRest(): Buffer {
    const rest = Buffer.concat(this.#rest);
    this.#rest = [];
    this.#restLength = 0;
    this.#seam = Buffer.alloc(0);
    return rest;
  }
}
