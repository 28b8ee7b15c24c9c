/** Reads a stream of bytes piece by piece, up to marks in it that may lie across its chunks. */
export class ByteReader {
  private readonly chunks: AsyncIterator<Uint8Array>;
  private rest: Uint8Array;

  /** What `before` holds is read in front of the stream. */
  constructor(stream: AsyncIterable<Uint8Array>, before: Uint8Array) {
    this.chunks = stream[Symbol.asyncIterator]();
    this.rest = before;
  }

  /**
   * The bytes up to `mark`, which is read too. Nothing is held back but what may be the beginning of
   * the mark. Answers from the generator whether the mark was there before the end.
   */
  async *until(mark: Uint8Array): AsyncGenerator<Uint8Array, boolean> {
    for (;;) {
      const at = Buffer.from(this.rest.buffer, this.rest.byteOffset, this.rest.length).indexOf(
        mark,
      );
      if (at >= 0) {
        const found = this.rest.subarray(0, at);
        // Whoever stops reading here has not read the mark.
        this.rest = this.rest.subarray(at);
        if (found.length > 0) yield found;
        this.rest = this.rest.subarray(mark.length);
        return true;
      }
      const kept = Math.min(this.rest.length, mark.length - 1);
      const settled = this.rest.subarray(0, this.rest.length - kept);
      this.rest = this.rest.subarray(this.rest.length - kept);
      if (settled.length > 0) yield settled;
      const next = await this.chunks.next();
      if (next.done === true) {
        const last = this.rest;
        this.rest = new Uint8Array(0);
        if (last.length > 0) yield last;
        return false;
      }
      this.rest = this.rest.length === 0 ? next.value : Buffer.concat([this.rest, next.value]);
    }
  }

  /** All bytes up to `mark`; undefined when they are more than `limit` or the mark is missing. */
  async line(mark: Uint8Array, limit: number): Promise<Uint8Array | undefined> {
    const parts: Uint8Array[] = [];
    let size = 0;
    const bytes = this.until(mark);
    for (;;) {
      const next = await bytes.next();
      if (next.done === true) return next.value ? Buffer.concat(parts) : undefined;
      size += next.value.length;
      if (size > limit) return undefined;
      parts.push(next.value);
    }
  }

  /** The next `count` bytes, or what there is before the end. */
  async take(count: number): Promise<Uint8Array> {
    while (this.rest.length < count) {
      const next = await this.chunks.next();
      if (next.done === true) break;
      this.rest = Buffer.concat([this.rest, next.value]);
    }
    const taken = this.rest.subarray(0, count);
    this.rest = this.rest.subarray(taken.length);
    return taken;
  }

  /** Gives up the stream. */
  async cancel(): Promise<void> {
    await this.chunks.return?.();
  }
}
