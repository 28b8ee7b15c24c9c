import { normalise } from "../text/fold.ts";

/** Characters of a shingle. */
const shingleLength = 8;

/** The part of their shingles together that near-duplicates share. */
const threshold = 0.9;

interface Fingerprint {
  readonly digits: string;
  readonly shingles: ReadonlySet<number>;
}

function fingerprint(text: string): Fingerprint {
  const clean = normalise(text)
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "");
  const shingles = new Set<number>();
  for (let at = 0; at < Math.max(1, clean.length - shingleLength + 1); at += 1) {
    let hash = 0x811c9dc5;
    for (let next = at; next < Math.min(clean.length, at + shingleLength); next += 1) {
      hash = Math.imul(hash ^ clean.charCodeAt(next), 0x01000193);
    }
    shingles.add(hash);
  }
  return { digits: clean.replace(/[^0-9]/g, ""), shingles };
}

function isNear(a: Fingerprint, b: Fingerprint): boolean {
  // The same words about another year or another sum are something else.
  if (a.digits !== b.digits) return false;
  const [fewer, more] =
    a.shingles.size < b.shingles.size ? [a.shingles, b.shingles] : [b.shingles, a.shingles];
  // Shared / (all - shared) reaches the threshold.
  const needed = (threshold / (1 + threshold)) * (fewer.size + more.size);
  let missing = 0;
  for (const shingle of fewer) {
    if (more.has(shingle)) continue;
    missing += 1;
    if (fewer.size - missing < needed) return false;
  }
  return fewer.size >= needed;
}

/**
 * The first `count` of `items` whose texts do not nearly repeat that of one before: the resemblance
 * of their shingles (Broder, "On the resemblance and containment of documents", 1997), whatever case,
 * spaces and punctuation. Texts whose digits differ never do.
 */
export function withoutNearDuplicates<Item>(
  items: readonly Item[],
  textOf: (item: Item) => string,
  count: number,
): Item[] {
  const kept: { item: Item; print: Fingerprint }[] = [];
  for (const item of items) {
    if (kept.length === count) break;
    const print = fingerprint(textOf(item));
    if (!kept.some((other) => isNear(other.print, print))) kept.push({ item, print });
  }
  return kept.map(({ item }) => item);
}
