import { faultOf } from "../fault.ts";
import { asRecord } from "../json.ts";

export interface ExpectedVectors {
  readonly count: number;
  readonly dimensions: number;
  /** To redact it where the provider echoes it. */
  readonly apiKey: string;
}

/**
 * The vectors of an answer of OpenAI's embeddings protocol, in the order of the inputs whatever
 * order they came in, each scaled to unit length. A vector may be an array of numbers, or base64 of
 * little-endian 32-bit floats.
 *
 * @throws Error that says in words what is wrong with the answer.
 */
export function readEmbeddings(body: string, expected: ExpectedVectors): Float32Array[] {
  const answer = parse(body);
  const items = asRecord(answer)?.data;
  if (!Array.isArray(items)) {
    throw new Error(faultOf(answer, expected.apiKey)?.message ?? "no embeddings in the answer");
  }
  const { count, dimensions } = expected;
  if (items.length !== count) {
    throw new Error(`${items.length} embeddings came for ${count} texts`);
  }
  const vectors = new Array<Float32Array | undefined>(count);
  for (const [place, item] of items.entries()) {
    const record = asRecord(item);
    const index = record?.index ?? place;
    if (typeof index !== "number" || !Number.isInteger(index) || index < 0 || index >= count) {
      throw new Error(`an embedding has the index ${JSON.stringify(index)} among ${count}`);
    }
    if (vectors[index] !== undefined) throw new Error(`two embeddings have the index ${index}`);
    vectors[index] = toUnitLength(numbersOf(record?.embedding), dimensions);
  }
  // As many distinct indices as places: none is empty.
  return vectors.filter((vector) => vector !== undefined);
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new Error("the answer is not JSON");
  }
}

function numbersOf(value: unknown): ArrayLike<unknown> {
  if (Array.isArray(value)) return value;
  if (typeof value !== "string") throw new Error("an embedding is not a list of numbers");
  const bytes = Buffer.from(value, "base64");
  const numbers = new Float32Array(bytes.length >> 2);
  for (let i = 0; i < numbers.length; i++) numbers[i] = bytes.readFloatLE(4 * i);
  return numbers;
}

function toUnitLength(numbers: ArrayLike<unknown>, dimensions: number): Float32Array {
  if (numbers.length !== dimensions) {
    throw new Error(
      `its embeddings have ${numbers.length} dimensions, the configuration says ${dimensions}`,
    );
  }
  let squares = 0;
  for (let i = 0; i < dimensions; i++) {
    const value = numbers[i];
    if (typeof value !== "number" || !Number.isFinite(value)) {
      throw new Error("an embedding holds something else than finite numbers");
    }
    squares += value * value;
  }
  const length = Math.sqrt(squares);
  if (length === 0 || !Number.isFinite(length)) throw new Error("an embedding has no direction");
  // Scaled in double precision, so that the largest and smallest numbers survive.
  return Float32Array.from(numbers, (value) => Number(value) / length);
}
