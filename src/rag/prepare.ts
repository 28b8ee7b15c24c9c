import { AppError } from "../errors.ts";
import type { EmbeddingProvider } from "../providers/embedding/index.ts";
import type { DocumentEnd, RememberedEmbedding, StoredProgress } from "../store/knowledge.ts";
import { type PackedSlice, packSlice, type Chunk as StoredChunk } from "../store/slice.ts";
import { type Chunk, chunkBlocks, chunkTitle } from "./chunk.ts";
import type { DocumentParser } from "./parse/document.ts";
import { indexTerms } from "./tokenize.ts";

/** One document to be taken in. */
export interface IngestJob {
  /** Where its bytes lie. */
  readonly path: string;
  /** The file's name as its owner gave it. */
  readonly name: string;
  /** The name of the embedding model. */
  readonly model: string;
  /** The length that its knowledge base's vectors have. */
  readonly dimensions: number;
  readonly chunkSize: number;
  /** What an earlier, interrupted run has stored. */
  readonly stored: StoredProgress;
}

/** What a run asks of whoever drives it, in order. */
export type IngestStep =
  /** To be answered with the vectors that are remembered under these hashes. */
  | { readonly type: "recall"; readonly hashes: readonly Uint8Array[] }
  | { readonly type: "remember"; readonly embeddings: readonly RememberedEmbedding[] }
  /** The next chunks; with the last ones, what the content turned out to be. */
  | {
      readonly type: "slice";
      readonly slice: PackedSlice;
      readonly end: DocumentEnd | undefined;
    }
  /** What is stored is not the beginning of what the document gives: start afresh without it. */
  | { readonly type: "restart" };

export type IngestReply = readonly (Float32Array | undefined)[] | undefined;

type Steps<Result> = AsyncGenerator<IngestStep, Result, IngestReply>;

export interface Preparation {
  readonly parser: DocumentParser;
  readonly embedding: EmbeddingProvider;
  /** Whether its vectors are worth remembering. */
  readonly isRemembered: boolean;
}

/** Chunks of one slice: storing it takes the writing thread about 25 ms. */
const chunksPerSlice = 256;

/** Requests to the embedding provider that run at once for one document. */
const requestsAtOnce = 4;

/** Titles and headings weigh twice as much as the text. */
const titleWeight = 2;

const withoutExtension = (name: string): string => name.replace(/(?<=.)\.[^./\\]{1,10}$/, "");

function termsOf(content: string, title: string): Map<string, number> {
  const terms = new Map<string, number>();
  const add = (text: string, weight: number): void => {
    for (const term of indexTerms(text)) terms.set(term, (terms.get(term) ?? 0) + weight);
  };
  add(title, titleWeight);
  add(content, 1);
  return terms;
}

function hashOf(provider: EmbeddingProvider, text: string): Uint8Array {
  const hasher = new Bun.CryptoHasher("sha256");
  hasher.update(JSON.stringify([provider.name, provider.variant, provider.dimensions, text]));
  return hasher.digest();
}

type Hashed = readonly [text: string, hash: Uint8Array];

interface Answer {
  readonly batch: readonly Hashed[];
  readonly vectors: readonly Float32Array[];
  readonly failure: { readonly reason: unknown } | undefined;
}

/** Embeds in requests of the provider's size, a few at once. What one brings is remembered at once. */
async function* embedNew(
  { embedding }: Preparation,
  texts: ReadonlyMap<string, Uint8Array>,
  signal: AbortSignal,
): Steps<Map<string, Float32Array>> {
  const vectors = new Map<string, Float32Array>();
  const waiting: Hashed[] = [...texts];
  const asked = new Set<Promise<Answer>>();
  let failure: Answer["failure"];

  async function ask(batch: readonly Hashed[]): Promise<Answer> {
    try {
      const inputs = batch.map(([text]) => text);
      const answer = await embedding.embed(inputs, "document", signal);
      return { batch, vectors: answer, failure: undefined };
    } catch (reason) {
      return { batch, vectors: [], failure: { reason } };
    }
  }

  for (;;) {
    while (failure === undefined && waiting.length > 0 && asked.size < requestsAtOnce) {
      asked.add(ask(waiting.splice(0, embedding.batchSize)));
    }
    if (asked.size === 0) break;
    const settled = await Promise.race([...asked].map(async (each) => [each, await each] as const));
    const [request, answer] = settled;
    asked.delete(request);
    failure ??= answer.failure;
    const embeddings: RememberedEmbedding[] = [];
    for (const [at, vector] of answer.vectors.entries()) {
      const [text, hash] = answer.batch[at] ?? [];
      if (text === undefined || hash === undefined) continue;
      vectors.set(text, vector);
      embeddings.push({ hash, vector });
    }
    if (embeddings.length > 0) yield { type: "remember", embeddings };
  }
  if (failure !== undefined) throw failure.reason;
  return vectors;
}

/** One vector for each text; each text is embedded once in a lifetime, as long as it is remembered. */
async function* embedAll(
  preparation: Preparation,
  texts: readonly string[],
  signal: AbortSignal,
): Steps<Float32Array[]> {
  const { embedding, isRemembered } = preparation;
  if (!isRemembered) return embedding.embed(texts, "document", signal);
  const hashes = texts.map((text) => hashOf(embedding, text));
  const recalled = (yield { type: "recall", hashes }) ?? [];
  const missing = new Map<string, Uint8Array>();
  for (const [at, text] of texts.entries()) {
    const hash = hashes[at];
    if (recalled[at] === undefined && hash !== undefined) missing.set(text, hash);
  }
  const embedded = yield* embedNew(preparation, missing, signal);
  return texts.map((text, at) => {
    const vector = recalled[at] ?? embedded.get(text);
    if (vector === undefined) throw new Error(`no vector for a text of ${text.length} characters`);
    return vector;
  });
}

async function* prepareSlice(
  preparation: Preparation,
  chunks: readonly Chunk[],
  documentTitle: string,
  signal: AbortSignal,
): Steps<PackedSlice> {
  const titled = chunks.map((chunk) => ({ chunk, title: chunkTitle(chunk, documentTitle) }));
  const texts = titled.map(({ chunk, title }) => `${title}\n${chunk.content}`);
  const vectors = yield* embedAll(preparation, texts, signal);
  const stored = titled.map(
    ({ chunk, title }): StoredChunk => ({
      id: Bun.randomUUIDv7(),
      index: chunk.index,
      content: chunk.content,
      headings: chunk.headings,
      page: chunk.page,
      start: chunk.start,
      end: chunk.end,
      terms: termsOf(chunk.content, title),
    }),
  );
  return packSlice(stored, vectors, preparation.embedding.dimensions);
}

/**
 * Reads, cuts and embeds a document, slice by slice. Nothing is kept between slices but two chunks.
 *
 * @throws AppError as `DocumentParser.parse` and `EmbeddingProvider.embed` do, and
 *   `embedding_model_changed`; the signal's reason when aborted
 */
export async function* prepareDocument(
  preparation: Preparation,
  job: IngestJob,
  signal: AbortSignal,
): Steps<void> {
  const { embedding, parser } = preparation;
  if (embedding.dimensions !== job.dimensions) {
    throw new AppError("embedding_model_changed", {
      model: embedding.name,
      expected: job.dimensions,
      found: embedding.dimensions,
    });
  }
  await using document = await parser.parse(job.path, job.name, signal);
  const title = document.title ?? withoutExtension(job.name);
  const { chunkCount, last } = job.stored;
  let waiting: Chunk[] = [];
  for await (const chunk of chunkBlocks(document.blocks(), job.chunkSize)) {
    signal.throwIfAborted();
    if (chunk.index === chunkCount - 1 && !isSame(chunk, last)) break;
    if (chunk.index < chunkCount) continue;
    if (waiting.length === chunksPerSlice) {
      const slice = yield* prepareSlice(preparation, waiting, title, signal);
      yield { type: "slice", slice, end: undefined };
      waiting = [];
    }
    waiting.push(chunk);
  }
  if (waiting.length > 0) {
    const slice = yield* prepareSlice(preparation, waiting, title, signal);
    yield { type: "slice", slice, end: { fileType: document.fileType } };
  } else if (chunkCount > 0) {
    yield { type: "restart" };
  } else {
    throw new AppError("document_without_text");
  }
}

const isSame = (chunk: Chunk, stored: StoredProgress["last"]): boolean =>
  chunk.content === stored?.content && chunk.end === stored.end;
