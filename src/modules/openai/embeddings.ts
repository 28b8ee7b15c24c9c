import type { JsonObject } from "../../json-object.ts";
import type { EmbeddingModels, EmbeddingProvider } from "../../providers/embedding/index.ts";
import { estimateTokens } from "../../text/tokens.ts";
import { invalid, readModel } from "./chat-request.ts";

/** Inputs in one request, as OpenAI has it. */
const maxInputs = 2048;

/** UTF-16 units of one: about the 8,192 tokens that OpenAI's models take. */
const longestInput = 32_768;

/**
 * UTF-16 units that a model is given at a time, so that the questions of others come in between: the
 * model inside this program takes up to 30 ms for as many.
 */
const maxBatchLength = 16_384;

interface Wanted {
  readonly model: EmbeddingProvider;
  readonly texts: readonly string[];
  readonly isBase64: boolean;
}

function readInput(input: unknown): readonly string[] {
  if (input === undefined) throw invalid("input", "required");
  const texts: readonly unknown[] = Array.isArray(input) ? input : [input];
  if (texts.length === 0) throw invalid("input", "empty");
  // The tokens of which tokenizer? No two models share one.
  if (typeof texts[0] === "number" || Array.isArray(texts[0])) throw invalid("input", "tokens");
  if (texts.length > maxInputs) throw invalid("input", "too_many", maxInputs);
  return texts.map((text, index) => {
    const field = Array.isArray(input) ? `input.${index}` : "input";
    if (typeof text !== "string") throw invalid(field, "not_string");
    if (text === "") throw invalid(field, "empty");
    if (text.length > longestInput) throw invalid(field, "too_long", longestInput);
    return text.toWellFormed();
  });
}

function readWanted(models: EmbeddingModels, body: JsonObject): Wanted {
  const model = models.get(readModel(body));
  const format = body.get("encoding_format") ?? "float";
  if (format !== "float" && format !== "base64") throw invalid("encoding_format", "not_allowed");
  const dimensions = body.get("dimensions") ?? model.dimensions;
  if (dimensions !== model.dimensions) throw invalid("dimensions", "only", model.dimensions);
  return { model, texts: readInput(body.get("input")), isBase64: format === "base64" };
}

/** Cuts the texts into what one call of the model may hold. */
function* batchesOf(texts: readonly string[], size: number): Generator<string[]> {
  let batch: string[] = [];
  let length = 0;
  for (const text of texts) {
    if (batch.length > 0 && (batch.length >= size || length + text.length > maxBatchLength)) {
      yield batch;
      batch = [];
      length = 0;
    }
    batch.push(text);
    length += text.length;
  }
  yield batch;
}

/** 32-bit floats, little-endian as on every machine that this program runs on. */
const encode = (vector: Float32Array): string =>
  Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString("base64");

/** The answer in pieces: 2,048 vectors as one text would hold up everybody else. */
async function* write(
  { model, isBase64 }: Wanted,
  vectors: readonly Float32Array[],
  tokens: number,
): AsyncGenerator<Uint8Array> {
  yield Buffer.from('{"object":"list","data":[');
  for (const [index, vector] of vectors.entries()) {
    const embedding = isBase64 ? encode(vector) : Array.from(vector);
    const item = JSON.stringify({ object: "embedding", index, embedding });
    yield Buffer.from(index === 0 ? item : `,${item}`);
  }
  const end = { model: model.name, usage: { prompt_tokens: tokens, total_tokens: tokens } };
  yield Buffer.from(`],${JSON.stringify(end).slice(1)}`);
}

/**
 * The answer of OpenAI's embeddings protocol, as JSON in pieces. Usage is an estimate, and `record` is
 * called with it.
 *
 * @throws AppError `unknown_embedding_model`, `invalid_field`, and as `EmbeddingProvider.embed` does
 */
export async function embed(
  models: EmbeddingModels,
  body: JsonObject,
  record: (model: string, tokens: number) => void,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const wanted = readWanted(models, body);
  const vectors: Float32Array[] = [];
  for (const batch of batchesOf(wanted.texts, wanted.model.batchSize)) {
    signal.throwIfAborted();
    vectors.push(...(await wanted.model.embed(batch, "document", signal)));
  }
  const tokens = wanted.texts.reduce((sum, text) => sum + estimateTokens(text), 0);
  record(wanted.model.name, tokens);
  return write(wanted, vectors, tokens);
}
