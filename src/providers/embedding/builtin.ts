import { CharClass, charClassAt, isPaired } from "../../text/char-class.ts";
import { cutTerms } from "../../text/cut.ts";
import { chineseParticles, stopWordsOf } from "../../text/stop-words.ts";
import type { EmbeddingProvider } from "./index.ts";

const dimensions = 1024;
const gramLength = 4;
/** Letters of a word that n-grams are taken from. */
const longestWord = 32;
/** Coordinates that each feature is spread over: four halve the noise of two that share one. */
const spread = 4;

const wordSeed = 0x811c9dc5;
const characterSeed = 0x2545f491;
const gramSeed = 0x9e3779b9;

/** FNV-1a over UTF-16 units, `from` to `to`. */
function hashOf(text: string, seed: number, from = 0, to = text.length): number {
  let hash = seed;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash);
}

/** The finaliser of MurmurHash3. */
function mix(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/**
 * The squared weight of every feature of a text, by the feature's hash. Squares of repeated features
 * add up, so that a word which occurs four times weighs twice as much.
 */
function featuresOf(text: string): Map<number, number> {
  const cut: { term: string; word: string; lastCharacter: boolean }[] = [];
  cutTerms(text, (term, word, lastCharacter) => cut.push({ term, word, lastCharacter }));
  const stopWords = stopWordsOf(
    cut.map(({ word }) => word),
    text,
  );
  const telling = cut.filter(({ word }) => !stopWords.has(word) && !chineseParticles.has(word));

  const squares = new Map<number, number>();
  const add = (hash: number, square: number) =>
    squares.set(hash, (squares.get(hash) ?? 0) + square);
  let previous = "";
  for (const { term, word, lastCharacter } of telling.length > 0 ? telling : cut) {
    const charClass = charClassAt(term, 0);
    if (isPaired(charClass)) {
      if (!lastCharacter) add(hashOf(term, wordSeed), 1);
      add(hashOf(term, characterSeed, 0, (term.codePointAt(0) ?? 0) > 0xffff ? 2 : 1), 1);
      continue;
    }
    add(hashOf(term, wordSeed), 1);
    if (word === previous || charClass === CharClass.digit) continue;
    previous = word;
    const marked = `<${word.slice(0, longestWord)}>`;
    const grams = Math.max(1, marked.length - gramLength + 1);
    for (let i = 0; i < grams; i++) {
      add(hashOf(marked, gramSeed, i, Math.min(marked.length, i + gramLength)), 1 / grams);
    }
  }
  return squares;
}

/**
 * Embeds a text without a model: its words (as stems), pairs of characters, single characters and
 * 4-grams of words are hashed, each with a sign, into 1,024 dimensions, with sublinear frequencies and
 * without stop words. Texts are near each other as far as they share these; meaning beyond the letters
 * is lost. Of unit length; a text without a letter or digit gives the first unit vector. The same text
 * gives the same vector on every machine (Thai, Lao, Khmer and Burmese: with the same engine).
 */
export function embedBuiltin(text: string): Float32Array {
  const sums = new Float64Array(dimensions);
  for (const [feature, square] of featuresOf(text)) {
    const weight = Math.sqrt(square);
    let bits = feature;
    for (let i = 0; i < spread; i++) {
      const index = bits & (dimensions - 1);
      sums[index] = (sums[index] ?? 0) + (bits < 0 ? -weight : weight);
      bits = mix(bits + 0x6d2b79f5);
    }
  }
  let norm = 0;
  for (const sum of sums) norm += sum * sum;
  const vector = new Float32Array(dimensions);
  if (norm === 0) vector[0] = 1;
  else vector.set(sums.map((sum) => sum / Math.sqrt(norm)));
  return vector;
}

/**
 * The embedding model inside this program: `embedBuiltin` for questions and documents alike. It
 * computes on the calling thread, about half a millisecond a passage, so call it in a Worker.
 */
export function createBuiltinEmbedding(): EmbeddingProvider {
  return {
    name: "builtin",
    dimensions,
    batchSize: 64,
    async embed(texts, _purpose, signal) {
      return texts.map((text) => {
        signal.throwIfAborted();
        return embedBuiltin(text);
      });
    },
  };
}
