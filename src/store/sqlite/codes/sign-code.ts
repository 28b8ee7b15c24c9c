/**
 * Codes of one bit a dimension, from which the cosine of a vector and a question is estimated: RaBitQ
 * (Gao and Long, SIGMOD 2024, arXiv 2405.12497), with a randomised Hadamard transform as the rotation.
 *
 * Of a rotated vector v its signs are kept, x, 1 for positive. `2x - 1` points nearly where v does, so
 * that v·q is estimated by gain * (2 x·q - sum(q)), gain = |v|² / sum(|v_i|), without a bias. Nothing
 * in it depends on other vectors.
 */

/** Bits of the shortest code: fewer dimensions are spread over as many. */
const fewestBits = 1024;

/** A power of two, which the transform needs. */
export function codeBits(dimensions: number): number {
  return Math.max(fewestBits, 2 ** Math.ceil(Math.log2(dimensions)));
}

/** The standard deviation of an estimate from the cosine, where that is near 0; else it is less. */
export const estimateError = (bits: number): number => Math.sqrt((Math.PI / 2 - 1) / bits);

/** A code: its signs, a bit each, and after them `gain` and the number of ones, as 32-bit floats. */
export const codeBytes = (bits: number): number => bits / 8 + 8;

/** What a scan is given of a question, whose rotated numbers are counted in 4 bits each. */
export interface CodedQuestion {
  /** For each 64 bits of a code 4 words of 64 bits: bit 0 of those 64 numbers, then bit 1 … */
  readonly planes: Uint32Array;
  /** A number is `step` times what its 4 bits count, plus `least`. */
  readonly step: number;
  readonly least: number;
  readonly sum: number;
}

const planes = 4;
const steps = 2 ** planes - 1;

/** 1 and -1 in an order that never changes: xorshift32. */
function signs(length: number, seed: number): Float64Array {
  let state = seed;
  return Float64Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state < 0 ? -1 : 1;
  });
}

/** The fast Walsh-Hadamard transform, in place; lengths grow by the root of the number of values. */
function transform(values: Float64Array): void {
  for (let half = 1; half < values.length; half *= 2) {
    for (let start = 0; start < values.length; start += 2 * half) {
      for (let at = start; at < start + half; at += 1) {
        const a = values[at] ?? 0;
        const b = values[at + half] ?? 0;
        values[at] = a + b;
        values[at + half] = a - b;
      }
    }
  }
}

export class SignCoder {
  readonly bits: number;
  private readonly flips: readonly Float64Array[];
  private readonly room: Float64Array;

  constructor(dimensions: number) {
    this.bits = codeBits(dimensions);
    // Twice: once leaves a vector with few numbers in too regular a shape.
    this.flips = [signs(this.bits, 0x9e3779b9), signs(this.bits, 0x7f4a7c15)];
    this.room = new Float64Array(this.bits);
  }

  /** Writes the code of a vector to `target`, which holds `codeBytes / 4` zeros. */
  encode(vector: Float32Array, target: Uint32Array): void {
    const rotated = this.rotate(vector);
    let squares = 0;
    let absolutes = 0;
    let ones = 0;
    for (let i = 0; i < rotated.length; i += 1) {
      const value = rotated[i] ?? 0;
      squares += value * value;
      absolutes += Math.abs(value);
      if (value <= 0) continue;
      ones += 1;
      const word = i >>> 5;
      target[word] = (target[word] ?? 0) | (1 << (i & 31));
    }
    const floats = new Float32Array(target.buffer, target.byteOffset, target.length);
    floats[this.bits / 32] = absolutes === 0 ? 0 : squares / absolutes;
    floats[this.bits / 32 + 1] = ones;
  }

  question(vector: Float32Array): CodedQuestion {
    const rotated = this.rotate(vector);
    let largest = 0;
    for (const value of rotated) largest = Math.max(largest, Math.abs(value));
    const step = (2 * largest) / steps;
    const coded = new Uint32Array((this.bits / 32) * planes);
    let sum = 0;
    for (let i = 0; i < rotated.length; i += 1) {
      const level = step === 0 ? 0 : Math.round(((rotated[i] ?? 0) + largest) / step);
      sum += level * step - largest;
      for (let plane = 0; plane < planes; plane += 1) {
        // Two words of 32 bits make one of 64.
        const word = (i >>> 6) * 2 * planes + plane * 2 + ((i >>> 5) & 1);
        coded[word] = (coded[word] ?? 0) | (((level >>> plane) & 1) << (i & 31));
      }
    }
    return { planes: coded, step, least: -largest, sum };
  }

  /** Into `room`, at the vector's own length. */
  private rotate(vector: Float32Array): Float64Array {
    const { room } = this;
    room.fill(0);
    room.set(vector);
    for (const flips of this.flips) {
      for (let i = 0; i < room.length; i += 1) room[i] = (room[i] ?? 0) * (flips[i] ?? 0);
      transform(room);
    }
    // Two transforms, each of which lengthens by the root.
    for (let i = 0; i < room.length; i += 1) room[i] = (room[i] ?? 0) / room.length;
    return room;
  }
}
