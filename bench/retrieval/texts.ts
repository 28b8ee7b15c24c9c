import { Random } from "./random.ts";

/**
 * Passages and questions that nobody wrote. Words follow Zipf's law with an offset, f ~ 1 / (rank + 20),
 * so that the commonest stand in about three passages of four, as a company's name or "contract" does
 * in its own documents. Even numbers are Chinese, odd ones in words of Latin letters.
 */

const vocabulary = 20_000;
const offset = 20;

const cumulative = (() => {
  const sums = new Float64Array(vocabulary);
  let sum = 0;
  for (let rank = 0; rank < vocabulary; rank += 1) {
    sum += 1 / (rank + 1 + offset);
    sums[rank] = sum;
  }
  return sums.map((value) => value / sum);
})();

function makeWords(make: (random: Random) => string): string[] {
  const random = new Random(7);
  const words = new Set<string>();
  while (words.size < vocabulary) words.add(make(random));
  return [...words];
}

const chinese = makeWords((random) =>
  Array.from({ length: random.next() < 0.75 ? 2 : 3 }, () =>
    // Squared, since some characters are far commoner than others.
    String.fromCharCode(0x4e00 + Math.floor(random.next() ** 2 * 5000)),
  ).join(""),
);

const syllables = "ba be bi bo da de di do ka ke ki ko la le li lo ma me mi mo na ne ni no".split(
  " ",
);
const latin = makeWords((random) =>
  Array.from({ length: 2 + random.below(3) }, () => syllables[random.below(24)]).join(""),
);

function draw(words: readonly string[], random: Random): string {
  const share = random.next();
  let low = 0;
  let high = vocabulary - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((cumulative[middle] ?? 1) < share) low = middle + 1;
    else high = middle;
  }
  return words[low] ?? "";
}

const wordsOf = (number: number): { words: readonly string[]; space: string; length: number } =>
  number % 2 === 0
    ? { words: chinese, space: "", length: 130 }
    : { words: latin, space: " ", length: 170 };

/** About 300 characters of Chinese or 1,100 letters: one chunk. */
export function passage(number: number): string {
  const { words, space, length } = wordsOf(number);
  const random = new Random(number + 1);
  let text = "";
  for (let at = 0; at < length; at += 1) {
    text += draw(words, random) + (at % 12 === 11 ? (space === "" ? "。" : ". ") : space);
  }
  return text;
}

/** Eight words of the passage, common ones as often as they stand there. */
export function question(number: number): string {
  const { words, space, length } = wordsOf(number);
  const random = new Random(number + 1);
  const all = Array.from({ length }, () => draw(words, random));
  return Array.from({ length: 8 }, () => all[random.below(length)]).join(space);
}

/** Eight of the commonest thirty words. */
export function commonQuestion(number: number): string {
  const { words, space } = wordsOf(number);
  const random = new Random(number + 1);
  return Array.from({ length: 8 }, () => words[random.below(30)]).join(space);
}

const headingPrefix = "no-";

/** Passages in a row as a Markdown file, each under a heading of its own. */
export function markdown(first: number, count: number): string {
  return Array.from(
    { length: count },
    (_, at) => `# ${headingPrefix}${first + at}\n\n${passage(first + at)}\n`,
  ).join("\n");
}

/** The number of the passage that a chunk with its headings holds: the last one is its own. */
export function passageNumber(text: string): number | undefined {
  const number = [...text.matchAll(new RegExp(`${headingPrefix}(\\d+)`, "g"))].at(-1)?.[1];
  return number === undefined ? undefined : Number(number);
}
