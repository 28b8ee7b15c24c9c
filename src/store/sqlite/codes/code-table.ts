import { scanBytes } from "./scan.ts";
import { codeBits, codeBytes, SignCoder } from "./sign-code.ts";

const pageBytes = 65_536;

/** Codes that one call scans: their estimates have a fixed place in front of the codes. */
const scanned = 4096;
const planesAt = 0;
const estimatesAt = 16_384;
const codesAt = estimatesAt + 4 * scanned;

type Scan = (
  code: number,
  count: number,
  words: number,
  planes: number,
  out: number,
  twiceStep: number,
  twiceLeast: number,
  sum: number,
) => void;

const scanModule = new WebAssembly.Module(scanBytes);

/** Where rows that stay have been and where they go; both ascend. */
export interface Move {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** The codes of vectors of one length, by position, in memory that WebAssembly scans. */
export class CodeTable {
  private readonly coder: SignCoder;
  private readonly memory: WebAssembly.Memory;
  private readonly scan: Scan;
  private readonly rowBytes: number;

  /** The number of codes. */
  size = 0;

  constructor(dimensions: number) {
    this.coder = new SignCoder(dimensions);
    this.rowBytes = codeBytes(this.coder.bits);
    const { exports } = new WebAssembly.Instance(scanModule);
    // What the module exports is written in scan.wat.
    this.memory = exports.memory as WebAssembly.Memory;
    this.scan = exports.scan as Scan;
  }

  /** Bytes that a table of `size` codes takes. */
  static bytesFor(dimensions: number, size: number): number {
    return codesAt + size * codeBytes(codeBits(dimensions));
  }

  get bytes(): number {
    return this.memory.buffer.byteLength;
  }

  get bits(): number {
    return this.coder.bits;
  }

  /** Adds the code of a vector; one that is unknown has the estimate 0. */
  append(vector: Float32Array | undefined): void {
    const start = codesAt + this.size * this.rowBytes;
    this.makeRoom(start + this.rowBytes);
    const row = new Uint32Array(this.memory.buffer, start, this.rowBytes / 4);
    row.fill(0);
    if (vector !== undefined) this.coder.encode(vector, row);
    this.size += 1;
  }

  /** Keeps the rows of `moves` and no others. */
  rearrange(moves: readonly Move[]): void {
    const bytes = new Uint8Array(this.memory.buffer, codesAt);
    this.size = 0;
    for (const { from, to, count } of moves) {
      bytes.copyWithin(to * this.rowBytes, from * this.rowBytes, (from + count) * this.rowBytes);
      this.size = to + count;
    }
  }

  /** Estimates of the cosines of all vectors with this one of unit length, by position. */
  estimate(vector: Float32Array): Float32Array {
    const estimates = new Float32Array(this.size);
    const question = this.coder.question(vector);
    const { planes, step, least, sum } = question;
    new Uint32Array(this.memory.buffer, planesAt, planes.length).set(planes);
    const found = new Float32Array(this.memory.buffer, estimatesAt, scanned);
    for (let first = 0; first < this.size; first += scanned) {
      const count = Math.min(scanned, this.size - first);
      const code = codesAt + first * this.rowBytes;
      const words = this.coder.bits / 64;
      this.scan(code, count, words, planesAt, estimatesAt, 2 * step, 2 * least, sum);
      estimates.set(found.subarray(0, count), first);
    }
    return estimates;
  }

  private makeRoom(bytes: number): void {
    const missing = bytes - this.memory.buffer.byteLength;
    if (missing <= 0) return;
    // By a quarter at a time: growing may copy all there is.
    const wanted = Math.max(missing, this.memory.buffer.byteLength / 4);
    this.memory.grow(Math.ceil(wanted / pageBytes));
  }
}
