import { AppError } from "../errors.ts";
import type { EmbeddingProvider } from "../providers/embedding/index.ts";
import type { StoredProgress } from "../store/knowledge.ts";
import { type ChunkBody, type PackedSlice, packSlice } from "../store/slice.ts";
import { type Chunk, chunkBlocks, chunkTitle } from "./chunk.ts";
import { embedTexts } from "./embed-texts.ts";
import type { Steps } from "./ingest-step.ts";
import type { DocumentParser } from "./parse/document.ts";
import { indexTerms } from "./tokenize.ts";

/** One document to be taken in. */
export interface IngestJob {
  /** Where its bytes lie; undefined where they were not kept: what was cut is embedded again. */
  readonly path: string | undefined;
  /** The file's name as its owner gave it. */
  readonly name: string;
  /** What an earlier reading found; given where there is no `path`. */
  readonly known: { readonly fileType: string; readonly title: string | null } | undefined;
  /** The name of the embedding model. */
  readonly model: string;
  /** The length that the vectors of the index have. */
  readonly dimensions: number;
  readonly chunkSize: number;
  /** What an earlier, interrupted run has stored. */
  readonly stored: StoredProgress;
}

export interface Preparation {
  readonly parser: DocumentParser;
  readonly embedding: EmbeddingProvider;
  /** Whether its vectors are worth remembering. */
  readonly isRemembered: boolean;
}

/** Chunks of one slice: storing it takes the writing thread about 25 ms. */
const chunksPerSlice = 256;

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

async function* prepareSlice(
  { embedding, isRemembered }: Preparation,
  chunks: readonly Omit<ChunkBody, "id">[],
  documentTitle: string,
  signal: AbortSignal,
): Steps<PackedSlice> {
  const titled = chunks.map((chunk) => ({ chunk, title: chunkTitle(chunk, documentTitle) }));
  const texts = titled.map(({ chunk, title }) => `${title}\n${chunk.content}`);
  const vectors = yield* embedTexts(embedding, isRemembered, texts, signal);
  const stored = titled.map(({ chunk, title }) => ({
    ...chunk,
    id: Bun.randomUUIDv7(),
    terms: termsOf(chunk.content, title),
  }));
  return packSlice(stored, vectors, embedding.dimensions);
}

const toBody = (chunk: Chunk): Omit<ChunkBody, "id"> => ({ ...chunk, page: chunk.page });

async function* prepareFile(
  preparation: Preparation,
  job: IngestJob & { readonly path: string },
  signal: AbortSignal,
): Steps<void> {
  await using document = await preparation.parser.parse(job.path, job.name, signal);
  yield { type: "parsed", pages: document.pages ?? null };
  const { fileType, title = withoutExtension(job.name), pages = null } = document;
  let total = 0;
  for await (const _ of chunkBlocks(document.blocks(), job.chunkSize)) {
    signal.throwIfAborted();
    total += 1;
  }
  if (total === 0) throw new AppError("document_without_text");
  yield { type: "counted", chunks: total };
  const { chunkCount, last } = job.stored;
  let waiting: Chunk[] = [];
  for await (const chunk of chunkBlocks(document.blocks(), job.chunkSize)) {
    signal.throwIfAborted();
    if (chunk.index === chunkCount - 1 && !isSame(chunk, last)) break;
    if (chunk.index < chunkCount) continue;
    waiting.push(chunk);
    const isLast = chunk.index === total - 1;
    if (waiting.length < chunksPerSlice && !isLast) continue;
    const slice = yield* prepareSlice(preparation, waiting.map(toBody), title, signal);
    const end = isLast ? { fileType, title, pages } : undefined;
    yield { type: "slice", slice, count: chunk.index + 1, end };
    if (isLast) return;
    waiting = [];
  }
  yield { type: "restart" };
}

const isSame = (
  chunk: Pick<ChunkBody, "content" | "end">,
  stored: StoredProgress["last"],
): boolean => chunk.content === stored?.content && chunk.end === stored.end;

/** Embeds what was cut before, for want of the document's own bytes. */
async function* prepareChunks(
  preparation: Preparation,
  job: IngestJob & { readonly known: NonNullable<IngestJob["known"]> },
  signal: AbortSignal,
): Steps<void> {
  const { fileType, title } = job.known;
  const { chunkCount, last } = job.stored;
  let after = chunkCount - 1;
  const next = async function* (limit = chunksPerSlice): Steps<readonly ChunkBody[]> {
    return (yield { type: "chunks", after, limit })?.chunks ?? [];
  };
  if (last !== undefined) {
    after -= 1;
    const [same] = yield* next(1);
    if (same === undefined || !isSame(same, last)) {
      yield { type: "restart" };
      return;
    }
    after += 1;
  }
  for (let chunks = yield* next(); chunks.length > 0; ) {
    signal.throwIfAborted();
    const named = title ?? withoutExtension(job.name);
    const slice = yield* prepareSlice(preparation, chunks, named, signal);
    after += chunks.length;
    chunks = yield* next();
    const end = chunks.length === 0 ? { fileType, title, pages: null } : undefined;
    yield { type: "slice", slice, count: after + 1, end };
    if (end !== undefined) return;
  }
  yield { type: "restart" };
}

/**
 * Reads, cuts and embeds a document, slice by slice. Nothing is kept between slices but a few chunks.
 *
 * @throws AppError as `DocumentParser.parse` and `EmbeddingProvider.embed` do, and
 *   `embedding_model_changed`; the signal's reason when aborted
 */
export async function* prepareDocument(
  preparation: Preparation,
  job: IngestJob,
  signal: AbortSignal,
): Steps<void> {
  const { embedding } = preparation;
  if (embedding.dimensions !== job.dimensions) {
    throw new AppError("embedding_model_changed", {
      model: embedding.name,
      expected: job.dimensions,
      found: embedding.dimensions,
    });
  }
  const { path, known } = job;
  if (path !== undefined) yield* prepareFile(preparation, { ...job, path }, signal);
  else if (known !== undefined) yield* prepareChunks(preparation, { ...job, known }, signal);
  else throw new Error("neither the document nor what was cut of it is there");
}
