import { Random } from "./random.ts";

/**
 * Vectors with the spectrum of real embeddings, which the model's training leaves with few strong
 * directions and many weak ones, a common mean and clusters: the variance of direction i falls with
 * 1 / i, a mean of half the length of the rest is added, 2,000 topics have 60 % of the variance, and a
 * rotation (three Hadamard transforms with random signs) spreads the directions over all dimensions.
 * The cosines: 0.2 between strangers, 0.4 to 0.7 to the nearest ten.
 */
export const dimensions = 1024;

const topics = 2000;
const topicShare = 0.6;
const meanLength = 0.5;
const questionNoise = 0.7;

const deviations = (() => {
  const values = Float64Array.from({ length: dimensions }, (_, at) => 1 / Math.sqrt(at + 1));
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
})();

const signs = (() => {
  const random = new Random(99);
  return Array.from({ length: 3 }, () =>
    Float64Array.from({ length: dimensions }, () => (random.next() < 0.5 ? -1 : 1)),
  );
})();

function rotate(values: Float64Array): void {
  for (const flips of signs) {
    for (let at = 0; at < dimensions; at += 1) values[at] = (values[at] ?? 0) * (flips[at] ?? 0);
    for (let half = 1; half < dimensions; half *= 2) {
      for (let start = 0; start < dimensions; start += 2 * half) {
        for (let at = start; at < start + half; at += 1) {
          const a = values[at] ?? 0;
          const b = values[at + half] ?? 0;
          values[at] = a + b;
          values[at + half] = a - b;
        }
      }
    }
  }
}

function add(target: Float64Array, random: Random, scale: number): void {
  for (let at = 0; at < dimensions; at += 1) {
    target[at] = (target[at] ?? 0) + scale * (deviations[at] ?? 0) * random.normal();
  }
}

function finish(values: Float64Array): Float32Array {
  rotate(values);
  const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return Float32Array.from(values, (value) => value / length);
}

function unfinished(number: number): Float64Array {
  const values = new Float64Array(dimensions);
  // The mean, the same for all, and as much in weak directions as in strong ones.
  const common = new Random(5);
  for (let at = 0; at < dimensions; at += 1) {
    values[at] = (meanLength * common.normal()) / Math.sqrt(dimensions);
  }
  const random = new Random(Math.imul(number + 1, 0x9e3779b1));
  add(values, new Random(-1 - random.below(topics)), Math.sqrt(topicShare));
  add(values, random, Math.sqrt(1 - topicShare));
  return values;
}

/** The vector of a passage, of unit length. */
export const passageVector = (number: number): Float32Array => finish(unfinished(number));

/** The vector of a question that the passage answers. */
export function questionVector(number: number): Float32Array {
  const values = unfinished(number);
  add(values, new Random(number + 31), questionNoise);
  return finish(values);
}
