import { randomUUID } from "node:crypto";
import { closeSync, fstatSync, openSync, read as readCallback, unlinkSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const read = promisify(readCallback);
const pieceSize = 262_144;

/**
 * A file without a name, which goes away with the last process that has it open, however that ends.
 * One process writes lines of JSON to it; after that this one reads them.
 */
export class Spool {
  readonly descriptor: number;
  private closed = false;
  private reads = 0;

  constructor(directory: string) {
    const path = join(directory, `parse-${randomUUID()}`);
    this.descriptor = openSync(path, "wx+", 0o600);
    unlinkSync(path);
  }

  get size(): number {
    return fstatSync(this.descriptor).size;
  }

  /** The last line, without its end; undefined where the file does not end in a line's end. */
  async lastLine(): Promise<string | undefined> {
    const start = Math.max(0, this.size - pieceSize);
    const tail = (await this.readAt(start)).toString();
    if (!tail.endsWith("\n")) return undefined;
    return tail.slice(tail.lastIndexOf("\n", tail.length - 2) + 1, -1);
  }

  /** Each line but the last, from the first on. */
  async *linesButLast(): AsyncGenerator<string> {
    let previous: string | undefined;
    let carried: Buffer = Buffer.alloc(0);
    for (let position = 0; ; ) {
      const piece = await this.readAt(position);
      if (piece.length === 0) return;
      position += piece.length;
      const bytes = carried.length > 0 ? Buffer.concat([carried, piece]) : piece;
      let start = 0;
      for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
        if (previous !== undefined) yield previous;
        previous = bytes.toString("utf8", start, end);
        start = end + 1;
      }
      carried = bytes.subarray(start);
    }
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    // A descriptor that is read at this moment must not become somebody else's.
    if (this.reads === 0) closeSync(this.descriptor);
  }

  private async readAt(position: number): Promise<Buffer> {
    if (this.closed) throw new Error("The document was closed.");
    this.reads += 1;
    try {
      const buffer = Buffer.allocUnsafe(pieceSize);
      const { bytesRead } = await read(this.descriptor, buffer, 0, pieceSize, position);
      return buffer.subarray(0, bytesRead);
    } finally {
      this.reads -= 1;
      if (this.closed && this.reads === 0) closeSync(this.descriptor);
    }
  }
}
