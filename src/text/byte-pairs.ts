/**
 * The split of OpenAI's `o200k_base`, before byte pairs are merged: words with what stands before
 * them, up to three digits, runs of signs, and spaces (github.com/openai/tiktoken,
 * tiktoken_ext/openai_public.py).
 */
const caseless = "\\p{Lm}\\p{Lo}\\p{M}";
const contraction = "(?:'(?:[sS]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL]{2}|[dD]))?";
const pieces = new RegExp(
  [
    `[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}${caseless}]*[\\p{Ll}${caseless}]+${contraction}`,
    `[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}${caseless}]+[\\p{Ll}${caseless}]*${contraction}`,
    "\\p{N}{1,3}",
    " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*",
    "\\s*[\\r\\n]+",
    "\\s+(?!\\S)",
    "\\s+",
  ].join("|"),
  "gu",
);

/**
 * UTF-16 units of a piece that are merged together: the work grows with their square. Only a run of
 * letters or signs that is longer than any word is cut by this, and may count a token more each time.
 */
const longestPiece = 128;
const longestPieceBytes = 3 * longestPiece;

/** In place of a rank, above all of them: these bytes are no token. */
const none = 0x7fff_ffff;

const lineFeed = 10;

/** What each letter of base64 stands for; the padding and the space are none of them. */
const sextets = new Int8Array(128).fill(-1);
for (const [value, letter] of [
  ..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
].entries()) {
  sextets[letter.charCodeAt(0)] = value;
}

/**
 * Counts the tokens that byte pair encoding makes of a text, with the ranks of a `.tiktoken` file: a
 * token a line, in base64, the lower ranks first. The table takes about 5 MB; maps of strings take
 * twenty times that.
 */
export class BytePairs {
  /** The bytes of all tokens, one after the other. */
  readonly #bytes: Uint8Array;
  /** Where the bytes of each token begin; one more for the end of the last. */
  readonly #offsets: Uint32Array;
  /** Open addressing by the hash of a token's bytes: its rank + 1, or 0. */
  readonly #slots: Int32Array;
  readonly #encoder = new TextEncoder();
  /** Room for one piece: its bytes, where its parts start, the rank that each makes with the next. */
  readonly #piece = new Uint8Array(longestPieceBytes);
  readonly #starts = new Int32Array(longestPieceBytes + 1);
  readonly #ranks = new Int32Array(longestPieceBytes + 1);

  constructor(file: Uint8Array) {
    let lines = 0;
    let letters = 0;
    for (const byte of file) {
      if (byte === lineFeed) lines += 1;
      else if ((sextets[byte] ?? -1) >= 0) letters += 1;
    }
    // A few too many: those of the ranks are letters, too.
    const bytes = new Uint8Array(Math.ceil((letters * 3) / 4));
    this.#offsets = new Uint32Array(lines + 1);
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * lines)));
    let size = 0;
    let at = 0;
    for (let rank = 0; rank < lines; rank++) {
      const start = size;
      let bits = 0;
      let held = 0;
      for (; ; at++) {
        const sextet = sextets[file[at] ?? 0] ?? -1;
        if (sextet < 0) break;
        bits = ((bits << 6) | sextet) & 0xffff;
        held += 6;
        if (held < 8) continue;
        held -= 8;
        bytes[size] = bits >> held;
        size += 1;
      }
      this.#insert(rank, bytes, start, size);
      at = file.indexOf(lineFeed, at) + 1;
    }
    this.#bytes = bytes;
  }

  #insert(rank: number, bytes: Uint8Array, start: number, end: number): void {
    this.#offsets[rank + 1] = end;
    let slot = this.#home(bytes, start, end);
    while (this.#slots[slot] !== 0) slot = this.#after(slot);
    this.#slots[slot] = rank + 1;
  }

  /** Tokens of the text; what looks like a special token counts as the text that it is. */
  count(text: string): number {
    let sum = 0;
    for (const [piece] of text.matchAll(pieces)) {
      for (let start = 0; start < piece.length; start += longestPiece) {
        const part = piece.slice(start, start + longestPiece);
        sum += this.#countPiece(this.#encoder.encodeInto(part, this.#piece).written);
      }
    }
    return sum;
  }

  /** Merges the pair of the lowest rank, the first of equal ones, until no pair is a token. */
  #countPiece(length: number): number {
    if (this.#rankOf(0, length) !== none) return 1;
    const starts = this.#starts;
    const ranks = this.#ranks;
    for (let i = 0; i < length; i++) {
      starts[i] = i;
      ranks[i] = i + 2 <= length ? this.#rankOf(i, i + 2) : none;
    }
    starts[length] = length;
    for (let parts = length; ; parts -= 1) {
      let best = 0;
      for (let i = 1; i < parts; i++) if ((ranks[i] ?? none) < (ranks[best] ?? none)) best = i;
      if (ranks[best] === none) return parts;
      starts.copyWithin(best + 1, best + 2, parts + 1);
      ranks.copyWithin(best + 1, best + 2, parts);
      ranks[best] = best + 2 <= parts - 1 ? this.#rankOfParts(best) : none;
      if (best > 0) ranks[best - 1] = this.#rankOfParts(best - 1);
    }
  }

  #rankOfParts(first: number): number {
    return this.#rankOf(this.#starts[first] ?? 0, this.#starts[first + 2] ?? 0);
  }

  /** The rank of these bytes of the piece. */
  #rankOf(start: number, end: number): number {
    let slot = this.#home(this.#piece, start, end);
    for (;;) {
      const rank = (this.#slots[slot] ?? 0) - 1;
      if (rank < 0) return none;
      if (this.#isToken(rank, start, end)) return rank;
      slot = this.#after(slot);
    }
  }

  #isToken(rank: number, start: number, end: number): boolean {
    const offset = this.#offsets[rank] ?? 0;
    if ((this.#offsets[rank + 1] ?? 0) - offset !== end - start) return false;
    for (let i = start; i < end; i++) {
      if (this.#bytes[offset + i - start] !== this.#piece[i]) return false;
    }
    return true;
  }

  /** Where to look first (FNV-1a, its high bits folded in). */
  #home(bytes: Uint8Array, start: number, end: number): number {
    let hash = 0x811c_9dc5;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x0100_0193);
    return (hash ^ (hash >>> 15)) & (this.#slots.length - 1);
  }

  #after(slot: number): number {
    return (slot + 1) & (this.#slots.length - 1);
  }
}
