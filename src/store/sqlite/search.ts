import type { Database } from "bun:sqlite";
import type { SearchCandidates, SearchRequest } from "../search.ts";
import { bm25Scores } from "./bm25.ts";
import { chunksPerIndex } from "./knowledge-writes.ts";
import { SearchImage, type SliceRow } from "./search-image.ts";
import { vectorReads } from "./vectors.ts";

interface IndexRow {
  readonly number: number;
  readonly dimensions: number;
  readonly version: number;
  readonly visibleChunks: number;
}

interface Remembered {
  readonly image: SearchImage;
  version: number;
}

/** Images are kept of the indexes searched last, up to this many chunks: 4 bytes and a bit each. */
const rememberedChunks = 5_000_000;

/** Positions of the `count` highest scores above 0, highest first; of equal ones the first. */
export function highest(scores: Float64Array, count: number): number[] {
  const order = (x: number, y: number): number => (scores[y] ?? 0) - (scores[x] ?? 0) || x - y;
  const best: number[] = [];
  let floor = 0;
  for (let position = 0; position < scores.length; position += 1) {
    const score = scores[position] ?? 0;
    if (score <= floor) continue;
    best.push(position);
    if (best.length < count * 4) continue;
    best.sort(order).length = count;
    floor = scores[best[count - 1] ?? 0] ?? 0;
  }
  return best.sort(order).slice(0, count);
}

/** Searches on a connection of its own that has the vector extension. */
export function createSearch(database: Database) {
  const findIndex = database.query<IndexRow, [string]>(
    `SELECT i.number, i.dimensions, i.version, i.visible_chunks AS visibleChunks
     FROM search_indexes i JOIN knowledge_bases k ON k.id = i.knowledge_base_id
     WHERE k.id = ? AND NOT k.deleted AND i.state = 'live'`,
  );
  const changedSlices = database.query<SliceRow, [number, number]>(
    `SELECT first, count, visible, lengths FROM slices
     WHERE index_number = ? AND changed > ? ORDER BY first`,
  );
  const matching = database.query<unknown, [string, number, number]>(
    "SELECT rowid FROM chunk_terms WHERE chunk_terms MATCH ? AND rowid BETWEEN ? AND ?",
  );
  const images = new Map<number, Remembered>();
  const vectors = new Map<number, ReturnType<typeof vectorReads>>();

  /** The image of the index as this transaction sees it. */
  function imageOf(index: IndexRow): SearchImage {
    const known = images.get(index.number);
    if (known !== undefined) {
      if (known.version !== index.version) {
        known.image.update(changedSlices.all(index.number, known.version));
        known.version = index.version;
      }
      // What was removed leaves no row that says so, but the sum no longer fits.
      if (known.image.visibleChunks === index.visibleChunks) {
        remember(index.number, known);
        return known.image;
      }
    }
    const image = new SearchImage(index.number * chunksPerIndex);
    image.update(changedSlices.all(index.number, -1));
    remember(index.number, { image, version: index.version });
    return image;
  }

  function remember(index: number, entry: Remembered): void {
    images.delete(index);
    images.set(index, entry);
    let size = images.values().reduce((sum, { image }) => sum + image.size, 0);
    for (const [oldest, { image }] of images) {
      if (size <= rememberedChunks || oldest === index) break;
      images.delete(oldest);
      size -= image.size;
    }
  }

  function postings(query: string, base: number): number[] {
    const rows = matching.values(query, base, base + chunksPerIndex - 1);
    // The one column is an integer.
    return rows.map((row) => (row[0] as number) - base);
  }

  function vectorsOf(dimensions: number) {
    let reads = vectors.get(dimensions);
    if (reads === undefined) {
      reads = vectorReads(database, dimensions);
      vectors.set(dimensions, reads);
    }
    return reads;
  }

  function nearest(index: IndexRow, image: SearchImage, vector: Float32Array, count: number) {
    const reads = vectorsOf(index.dimensions);
    const hidden = image.size - image.visibleChunks;
    // The hidden ones may all be nearer than the first that can be seen.
    if (count + hidden > reads.mostNeighbours) {
      return reads.nearestAmong(vector, count, index.number, image.visibleNumbers());
    }
    return reads
      .nearest(vector, count + hidden, index.number)
      .filter(({ chunk }) => image.positionOf(chunk) !== undefined)
      .slice(0, count);
  }

  function search(knowledgeBaseId: string, request: SearchRequest): SearchCandidates | undefined {
    const index = findIndex.get(knowledgeBaseId);
    if (index === null) return undefined;
    const image = imageOf(index);
    const { terms, vector, limit } = request;
    const scores = bm25Scores(image, terms, (query) => postings(query, image.base));
    const cosines = new Map<number, number>();
    if (vector !== undefined && image.visibleChunks > 0) {
      for (const { chunk, cosine } of nearest(index, image, vector, limit)) {
        cosines.set(chunk, cosine);
      }
    }
    const found = new Set(cosines.keys());
    for (const position of highest(scores, limit)) found.add(image.numberAt(position));
    const chunks = Float64Array.from(found);
    const bm25 = chunks.map((chunk) =>
      terms.length === 0 ? Number.NaN : (scores[image.positionOf(chunk) ?? -1] ?? 0),
    );
    const cosine = chunks.map((chunk) =>
      vector === undefined
        ? Number.NaN
        : (cosines.get(chunk) ?? vectorsOf(index.dimensions).cosine(vector, chunk)),
    );
    return { version: `${index.number}.${image.version}`, chunks, bm25, cosine };
  }

  /** Numbers of chunks that can be found, taken evenly. */
  function sample(knowledgeBaseId: string, count: number): number[] {
    const index = findIndex.get(knowledgeBaseId);
    if (index === null) return [];
    const visible = imageOf(index).visibleNumbers();
    const stride = Math.max(1, index.visibleChunks / count);
    const taken: number[] = [];
    for (const [at, number] of visible.entries()) {
      if (at >= taken.length * stride) taken.push(number);
    }
    return taken;
  }

  // One snapshot: what one statement sees, the next sees too.
  const searchSnapshot = database.transaction(search);
  const sampleSnapshot = database.transaction(sample);
  return {
    search: (knowledgeBaseId: string, request: SearchRequest) =>
      searchSnapshot.deferred(knowledgeBaseId, request),
    sample: (knowledgeBaseId: string, count: number) =>
      sampleSnapshot.deferred(knowledgeBaseId, count),
  };
}
