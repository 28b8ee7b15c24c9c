import type { QueryTerm } from "../search.ts";
import { frequencyLevels, termQueries } from "./full-text.ts";

/** Reads the offsets, from `first` up to `end`, exclusive, of the chunks that an FTS5 query matches. */
export type ReadPostings = (query: string, first: number, end: number) => readonly number[];

/** Where a term occurs. */
export interface PostingList {
  /** Of the chunks, ascending. */
  readonly offsets: Uint32Array;
  /** How often it occurs in each of them, as far as the index tells. */
  readonly frequencies: Uint8Array;
}

/** A list shorter than this is read as fast as it is looked up. */
const fewestRemembered = 1024;

interface Remembered extends PostingList {
  /** Offsets below this one are in the list. */
  readonly end: number;
}

const noPostings: PostingList = { offsets: new Uint32Array(), frequencies: new Uint8Array() };

const bytesOf = ({ offsets, frequencies }: PostingList): number =>
  offsets.byteLength + frequencies.byteLength;

function joined(list: PostingList, added: PostingList): PostingList {
  if (added.offsets.length === 0) return list;
  if (list.offsets.length === 0) return added;
  const offsets = new Uint32Array(list.offsets.length + added.offsets.length);
  offsets.set(list.offsets);
  offsets.set(added.offsets, list.offsets.length);
  const frequencies = new Uint8Array(offsets.length);
  frequencies.set(list.frequencies);
  frequencies.set(added.frequencies, list.frequencies.length);
  return { offsets, frequencies };
}

/** What is in either of two lists that ascend, once, ascending. */
function union(some: ArrayLike<number>, others: ArrayLike<number>): Uint32Array {
  const all = new Uint32Array(some.length + others.length);
  let count = 0;
  for (let at = 0, other = 0; at < some.length || other < others.length; count += 1) {
    const left = some[at] ?? Number.POSITIVE_INFINITY;
    const right = others[other] ?? Number.POSITIVE_INFINITY;
    all[count] = Math.min(left, right);
    if (left <= right) at += 1;
    if (right <= left) other += 1;
  }
  return all.subarray(0, count);
}

/** The chunks of either list, each with the higher frequency. */
function either(one: PostingList, other: PostingList): PostingList {
  if (one.offsets.length === 0) return other;
  const offsets = union(one.offsets, other.offsets);
  const frequencies = new Uint8Array(offsets.length);
  for (const list of [one, other]) {
    let at = 0;
    for (const [place, offset] of list.offsets.entries()) {
      while ((offsets[at] ?? offset) < offset) at += 1;
      frequencies[at] = Math.max(frequencies[at] ?? 0, list.frequencies[place] ?? 0);
    }
  }
  return { offsets, frequencies };
}

/** Sets the frequency of those chunks of a list that reach a level. */
function raise(
  { offsets, frequencies }: PostingList,
  found: readonly number[],
  level: number,
): void {
  let at = 0;
  for (const offset of found) {
    while ((offsets[at] ?? offset) < offset) at += 1;
    if (offsets[at] === offset) frequencies[at] = level;
  }
}

/**
 * The chunks that terms occur in. FTS5 takes 0.1 µs a row, so that a question of common words, each in
 * tens of thousands of chunks, would take long: those lists are remembered, the ones used last, and only
 * what has come since is read. Chunks that were removed stay in a list.
 */
export class PostingLists {
  private readonly remembered = new Map<string, Remembered>();
  /** Bytes of what is remembered. */
  bytes = 0;

  constructor(
    private readonly readQuery: ReadPostings,
    private readonly mostBytes: number,
  ) {}

  /** Offsets below `end`. */
  find(term: QueryTerm, end: number): PostingList {
    const others = (term.others ?? []).map((text) => this.findOne({ ...term, text }, end));
    return others.reduce(either, this.findOne(term, end));
  }

  private findOne(term: QueryTerm, end: number): PostingList {
    const queries = termQueries(term);
    const [key] = queries;
    if (key === undefined) return noPostings;
    const known = this.remembered.get(key);
    const list = joined(known ?? noPostings, this.read(queries, known?.end ?? 0, end));
    if (list.offsets.length >= fewestRemembered) this.remember(key, { ...list, end });
    return list;
  }

  private read(queries: readonly string[], first: number, end: number): PostingList {
    if (first >= end) return noPostings;
    const [once = "", ...levels] = queries;
    let offsets: ArrayLike<number> = this.readQuery(once, first, end);
    const reaching: (readonly number[])[] = [];
    for (const query of levels) {
      const found = this.readQuery(query, first, end);
      if (found.length === 0) break;
      if (reaching.length === 0) offsets = union(offsets, found);
      reaching.push(found);
    }
    const list = {
      offsets: new Uint32Array(offsets),
      frequencies: new Uint8Array(offsets.length).fill(1),
    };
    for (const [at, found] of reaching.entries()) {
      raise(list, found, frequencyLevels[at] ?? 1);
    }
    return list;
  }

  private remember(key: string, list: Remembered): void {
    this.forget(key);
    this.remembered.set(key, list);
    this.bytes += bytesOf(list);
    for (const oldest of this.remembered.keys()) {
      if (this.bytes <= this.mostBytes) return;
      this.forget(oldest);
    }
  }

  private forget(key: string): void {
    const list = this.remembered.get(key);
    if (list !== undefined) this.bytes -= bytesOf(list);
    this.remembered.delete(key);
  }
}
