/**
 * How many insertions, deletions, substitutions and swaps of neighbours turn one word into the other
 * (optimal string alignment: no part is changed twice), in UTF-16 units.
 */
export function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(
        Math.min(
          at(i, j - 1) + 1,
          at(i - 1, j) + 1,
          at(i - 1, j - 1) + same,
          swapped ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
  }
  return at(a.length, b.length);
}

/** `baseUrl`, `base-url` and `base_url` are one word to whoever writes them. */
const plain = (word: string) => word.toLowerCase().replace(/[-_]/g, "");

/**
 * The candidate that `word` was probably meant to be, the first of equals; undefined when more than
 * a third of the letters would have to change.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  // Nobody's typing error is this long, and the distance takes the product of both lengths.
  if (word.length > 100) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(plain(word).length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(plain(word), plain(candidate));
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}
