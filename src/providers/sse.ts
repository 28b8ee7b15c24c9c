export interface SseEvent {
  /** The `event:` field; `message` where there is none. */
  readonly type: string;
  /** The `data:` lines, joined by line feeds. */
  readonly data: string;
}

/** Length, in UTF-16 units, that a line and the data of an event may have: 16 MB of bytes fit. */
export const maxLineLength = 16 * 1024 * 1024;

const lineFeed = 10;
const space = 32;
const colon = 58;

/**
 * Bytes of a `text/event-stream` to events, by the rules of the WHATWG HTML standard (section 9.2.6),
 * with one exception: an event that the end of the stream cuts off before its blank line is kept.
 * `id:` and `retry:` are ignored: nobody reconnects to a provider.
 *
 * The work is linear in the bytes, however they are cut. Invalid UTF-8 becomes U+FFFD.
 */
export class SseDecoder {
  readonly #decoder = new TextDecoder();
  /** The beginning of a line whose end has not come, in the pieces in which it came. */
  #partial: string[] = [];
  #partialLength = 0;
  #skipLineFeed = false;
  #type = "";
  #data: string | undefined;

  /**
   * The events that these bytes complete, in order.
   *
   * @throws RangeError when a line or an event grows beyond `maxLineLength`.
   */
  push(bytes: Uint8Array): SseEvent[] {
    return this.#take(this.#decoder.decode(bytes, { stream: true }));
  }

  /** The event that the end of the stream completes, if any. */
  end(): SseEvent[] {
    const events = this.#take(this.#decoder.decode());
    if (this.#partialLength > 0) this.#endLine("", 0, 0, events);
    this.#dispatch(events);
    return events;
  }

  #take(text: string): SseEvent[] {
    const events: SseEvent[] = [];
    if (text === "") return events;
    let start = 0;
    if (this.#skipLineFeed) {
      this.#skipLineFeed = false;
      if (text.charCodeAt(0) === lineFeed) start = 1;
    }
    // Each search resumes behind the line that was found last, so that no character is looked at
    // twice; the usual stream has no carriage return at all.
    let cr = text.indexOf("\r", start);
    let lf = text.indexOf("\n", start);
    while (cr !== -1 || lf !== -1) {
      const end = cr !== -1 && (lf === -1 || cr < lf) ? cr : lf;
      let next = end + 1;
      if (end === cr) {
        if (next === text.length) this.#skipLineFeed = true;
        else if (next === lf) next++;
        cr = text.indexOf("\r", next);
      }
      if (lf !== -1 && lf < next) lf = text.indexOf("\n", next);
      this.#endLine(text, start, end, events);
      start = next;
    }
    if (start < text.length) {
      this.#partialLength += text.length - start;
      if (this.#partialLength > maxLineLength) throw new RangeError("line too long");
      this.#partial.push(start === 0 ? text : text.slice(start));
    }
    return events;
  }

  /** Takes the line that ends at `end`: what was kept of it, and `text` from `start`. */
  #endLine(text: string, start: number, end: number, events: SseEvent[]): void {
    if (this.#partialLength > 0) {
      this.#partial.push(text.slice(start, end));
      const line = this.#partial.join("");
      this.#partial = [];
      this.#partialLength = 0;
      this.#readLine(line, 0, line.length);
    } else if (start === end) {
      this.#dispatch(events);
    } else {
      this.#readLine(text, start, end);
    }
  }

  #readLine(text: string, start: number, end: number): void {
    if (end - start > maxLineLength) throw new RangeError("line too long");
    if (text.startsWith("data", start)) {
      if (text.charCodeAt(start + 4) === colon && start + 4 < end) {
        this.#append(text.slice(valueStart(text, start + 5), end));
        return;
      }
      if (start + 4 === end) this.#append("");
      return;
    }
    if (text.startsWith("event:", start)) this.#type = text.slice(valueStart(text, start + 6), end);
    else if (end - start === 5 && text.startsWith("event", start)) this.#type = "";
  }

  #append(value: string): void {
    if (this.#data === undefined) {
      this.#data = value;
      return;
    }
    if (this.#data.length + value.length >= maxLineLength) throw new RangeError("event too long");
    this.#data += `\n${value}`;
  }

  #dispatch(events: SseEvent[]): void {
    if (this.#data !== undefined) events.push({ type: this.#type || "message", data: this.#data });
    this.#data = undefined;
    this.#type = "";
  }
}

function valueStart(text: string, start: number): number {
  return text.charCodeAt(start) === space ? start + 1 : start;
}
