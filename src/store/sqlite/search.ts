import type { Database } from "bun:sqlite";
import type { SearchCandidates, SearchRequest } from "../search.ts";
import { bm25Scores } from "./bm25.ts";
import { PostingLists } from "./postings.ts";
import { type Extent, keepExtents, SearchImage, type SliceRow } from "./search-image.ts";
import { chunksPerIndex } from "./search-indexes.ts";
import { createVectorSearch, type VectorSearch } from "./vector-search.ts";
import { type VectorReads, vectorReads } from "./vectors.ts";

interface IndexRow {
  readonly number: number;
  readonly dimensions: number;
  readonly version: number;
  readonly visibleChunks: number;
  readonly allocated: number;
}

interface Remembered {
  readonly image: SearchImage;
  readonly vectors: VectorSearch;
  readonly postings: PostingLists;
  version: number;
}

const bytesOf = ({ vectors, postings }: Remembered): number => vectors.bytes + postings.bytes;

/** The part of the memory that the postings of one index may take. */
const postingsShare = 1 / 8;

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

/**
 * Searches on a connection of its own that has the vector extension. What is kept in memory of the
 * indexes takes `memoryBytes` or less; those searched longest ago are let go first.
 */
export function createSearch(database: Database, memoryBytes: number) {
  const findIndex = database.query<IndexRow, [string]>(
    `SELECT i.number, i.dimensions, i.version, i.allocated,
       i.visible_chunks AS visibleChunks
     FROM search_indexes i JOIN knowledge_bases k ON k.id = i.knowledge_base_id
     WHERE k.id = ? AND NOT k.deleted AND i.state = 'live'`,
  );
  const changedSlices = database.query<SliceRow, [number, number]>(
    `SELECT first, count, visible, lengths FROM slices
     WHERE index_number = ? AND changed > ? ORDER BY first`,
  );
  const slicesOfDocuments = database.query<{ first: number }, [number, string]>(
    `SELECT first FROM slices
     WHERE index_number = ? AND visible AND document_number IN (SELECT value FROM json_each(?))
     ORDER BY first`,
  );
  // As one value: an array for each row took longer than finding them.
  const matching = database.query<{ offsets: string }, [number, string, number, number]>(
    `SELECT json_group_array(rowid - ?) AS offsets FROM chunk_terms
     WHERE chunk_terms MATCH ? AND rowid BETWEEN ? AND ?`,
  );
  const remembered = new Map<number, Remembered>();
  const reads = new Map<number, VectorReads>();

  /** What is kept of the index, as this transaction sees it. */
  function recall(index: IndexRow): Remembered {
    const known = remembered.get(index.number);
    if (known !== undefined) {
      if (known.version !== index.version) {
        known.image.update(changedSlices.all(index.number, known.version));
        known.version = index.version;
      }
      // What was removed leaves no row that says so, but the sum no longer fits.
      if (known.image.visibleChunks === index.visibleChunks) {
        return remember(index.number, known);
      }
    }
    const image = new SearchImage(index.number * chunksPerIndex);
    image.update(changedSlices.all(index.number, -1));
    known?.vectors.follow(image);
    const vectors =
      known?.vectors ??
      createVectorSearch({
        index: index.number,
        dimensions: index.dimensions,
        reads: () => readsOf(index.dimensions),
        image,
        mostBytes: memoryBytes,
      });
    const postings = known?.postings ?? openPostings(image.base);
    return remember(index.number, { image, vectors, postings, version: index.version });
  }

  function openPostings(base: number): PostingLists {
    const read = (query: string, first: number, end: number): number[] => {
      const found = matching.get(base, query, base + first, base + end - 1);
      // The statement makes an array of integers; FTS5 finds them in their order.
      return JSON.parse(found?.offsets ?? "[]") as number[];
    };
    return new PostingLists(read, memoryBytes * postingsShare);
  }

  function remember(index: number, entry: Remembered): Remembered {
    remembered.delete(index);
    remembered.set(index, entry);
    letGo();
    return entry;
  }

  /** Forgets the indexes searched longest ago, until the rest fits; the last one stays. */
  function letGo(): void {
    let bytes = remembered.values().reduce((sum, each) => sum + bytesOf(each), 0);
    for (const [oldest, entry] of remembered) {
      if (bytes <= memoryBytes || remembered.size === 1) return;
      bytes -= bytesOf(entry);
      entry.vectors.close();
      remembered.delete(oldest);
    }
  }

  function readsOf(dimensions: number): VectorReads {
    let found = reads.get(dimensions);
    if (found === undefined) {
      found = vectorReads(database, dimensions);
      reads.set(dimensions, found);
    }
    return found;
  }

  /** Where the chunks of some documents stand in the image. */
  function extentsOf(
    index: IndexRow,
    image: SearchImage,
    documents: readonly number[],
  ): readonly Extent[] {
    return slicesOfDocuments
      .all(index.number, JSON.stringify(documents))
      .flatMap(({ first }) => image.extentAt(first - image.base) ?? []);
  }

  function search(knowledgeBaseId: string, request: SearchRequest): SearchCandidates | undefined {
    const index = findIndex.get(knowledgeBaseId);
    if (index === null) return undefined;
    const { image, vectors, postings } = recall(index);
    const { terms, vector, limit, documents } = request;
    const among = documents && extentsOf(index, image, documents);
    const { scores, missing } = bm25Scores(image, terms, (term) =>
      postings.find(term, index.allocated),
    );
    if (among !== undefined) keepExtents(scores, among, 0);
    const byTerms = highest(scores, limit).map((position) => image.numberAt(position));
    const neighbours = vector === undefined ? [] : vectors.nearest(vector, limit, among);
    const chunks = Float64Array.from(
      new Set([...byTerms, ...neighbours.slice(0, limit).map(({ chunk }) => chunk)]),
    );
    const cosines = new Map(neighbours.map(({ chunk, cosine }) => [chunk, cosine]));
    if (vector !== undefined) {
      const missing = byTerms.filter((chunk) => !cosines.has(chunk));
      if (missing.length > 0) {
        for (const { chunk, cosine } of readsOf(index.dimensions).cosines(vector, missing)) {
          cosines.set(chunk, cosine);
        }
      }
    }
    return {
      version: `${index.number}.${image.version}`,
      chunks,
      bm25: chunks.map((chunk) =>
        terms.length === 0 ? Number.NaN : (scores[image.positionOf(chunk) ?? -1] ?? 0),
      ),
      cosine: chunks.map((chunk) => cosines.get(chunk) ?? Number.NaN),
      missing,
    };
  }

  /** Numbers of chunks that can be found, taken evenly. */
  function sample(knowledgeBaseId: string, count: number): number[] {
    const index = findIndex.get(knowledgeBaseId);
    if (index === null) return [];
    const visible = recall(index).image.visibleNumbers();
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

    /** Ends what runs in passing. */
    close: (): void => {
      for (const { vectors } of remembered.values()) vectors.close();
      remembered.clear();
    },
  };
}
