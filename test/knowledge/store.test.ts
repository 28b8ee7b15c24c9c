import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { createRetriever } from "../../src/rag/retrieve.ts";
import type { KnowledgeStore } from "../../src/store/knowledge.ts";
import type { SearchStore } from "../../src/store/search.ts";
import { packSlice } from "../../src/store/slice.ts";
import { chunkOf, openStore, TemporaryFolder, vectorOf } from "./fixture.ts";

const dimensions = 8;
const end = { fileType: "txt", title: "a", pages: null };

async function newKnowledgeBase(knowledge: KnowledgeStore): Promise<string> {
  const id = Bun.randomUUIDv7();
  await knowledge.insertKnowledgeBase({
    id,
    userId: 1,
    name: "kb",
    description: "",
    embeddingModel: "test",
    dimensions,
    chunkSize: null,
    vectorWeight: null,
    createdTime: 1,
  });
  return id;
}

async function newDocument(knowledge: KnowledgeStore, knowledgeBaseId: string): Promise<string> {
  const id = Bun.randomUUIDv7();
  const inserted = await knowledge.insertDocument({
    id,
    knowledgeBaseId,
    name: "a.txt",
    fileType: "txt",
    sizeBytes: 3,
    contentHash: id,
    metadata: {},
    createdTime: 1,
  });
  expect(inserted?.id).toBe(id);
  return id;
}

async function addDocument(
  knowledge: KnowledgeStore,
  knowledgeBaseId: string,
  contents: readonly string[],
): Promise<string> {
  const id = await newDocument(knowledge, knowledgeBaseId);
  const slice = packSlice(
    contents.map(chunkOf),
    contents.map((_, at) => vectorOf(dimensions, at)),
    dimensions,
  );
  expect(await knowledge.addSlice(id, slice, end)).toBe(true);
  return id;
}

const query = (words: string) =>
  words.split(" ").map((text) => ({ text, weight: 1, prefix: false }));

async function keywordSearch(search: SearchStore, id: string, words: string) {
  const found = await search.search(id, { terms: query(words), vector: undefined, limit: 10 });
  if (found === undefined) throw new Error("the knowledge base is gone");
  const ranked = [...found.chunks]
    .map((chunk, at) => ({ chunk, score: found.bm25[at] ?? 0 }))
    .sort((a, b) => b.score - a.score);
  const hits = await search.passages(ranked.map(({ chunk }) => chunk));
  return hits.map((hit, at) => ({ content: hit.content, score: ranked[at]?.score }));
}

test("a document is found, whole, once its last slice is stored, and not before", async () => {
  using folder = new TemporaryFolder();
  const store = await openStore(folder.database);
  const { knowledge, search } = store;
  const kb = await newKnowledgeBase(knowledge);
  const id = await newDocument(knowledge, kb);
  const slice = (content: string, index: number) =>
    packSlice([chunkOf(content, index)], [vectorOf(dimensions, index)], dimensions);

  expect(await knowledge.addSlice(id, slice("red apple", 0), undefined)).toBe(true);
  expect(await keywordSearch(search, kb, "apple")).toEqual([]);
  expect(await knowledge.progress(id)).toEqual({
    chunkCount: 1,
    last: { content: "red apple", end: 9 },
  });
  expect(await knowledge.documents(kb)).toMatchObject([{ status: "processing", chunkCount: 0 }]);

  expect(await knowledge.addSlice(id, slice("green apple", 1), end)).toBe(true);
  const found = await keywordSearch(search, kb, "apple");
  expect(found.map(({ content }) => content).sort()).toEqual(["green apple", "red apple"]);
  expect(await knowledge.documents(kb)).toMatchObject([{ status: "ready", chunkCount: 2 }]);
  expect(await knowledge.addSlice(id, slice("late", 2), end)).toBe(false);
  await store.crash();
});

test("what one knowledge base holds changes no score in another", async () => {
  using folder = new TemporaryFolder();
  const store = await openStore(folder.database);
  const { knowledge, search } = store;
  const mine = await newKnowledgeBase(knowledge);
  await addDocument(knowledge, mine, ["red apple", "green apple tree", "stone"]);
  const before = await keywordSearch(search, mine, "apple tree");

  const other = await newKnowledgeBase(knowledge);
  await addDocument(knowledge, other, ["tree tree tree", "tree house", "apple"]);
  expect(await keywordSearch(search, mine, "apple tree")).toEqual(before);
  expect(before.map(({ content }) => content)).toEqual(["green apple tree", "red apple"]);
  await store.crash();
});

test("both searches bring candidates, and each gets both scores", async () => {
  using folder = new TemporaryFolder();
  const store = await openStore(folder.database);
  const { knowledge, search } = store;
  const kb = await newKnowledgeBase(knowledge);
  await addDocument(knowledge, kb, ["alpha", "beta", "gamma", "delta"]);
  const found = await search.search(kb, {
    terms: query("alpha"),
    vector: vectorOf(dimensions, 1, 0.1),
    limit: 1,
  });
  const hits = await search.passages([...(found?.chunks ?? [])]);
  const at = (content: string) => hits.findIndex((hit) => hit.content === content);
  expect(hits.map((hit) => hit.content).sort()).toEqual(["alpha", "beta"]);
  expect(found?.bm25[at("alpha")]).toBeGreaterThan(0);
  expect(found?.bm25[at("beta")]).toBe(0);
  expect(found?.cosine[at("beta")]).toBeCloseTo(vectorOf(dimensions, 1, 0.1)[1] ?? 0, 5);
  expect(found?.cosine[at("alpha")]).toBeCloseTo(vectorOf(dimensions, 1, 0.1)[0] ?? 0, 5);
  await store.crash();
});

test("hidden vectors never crowd out those that can be seen", async () => {
  using folder = new TemporaryFolder();
  const store = await openStore(folder.database);
  const { knowledge, search } = store;
  const kb = await newKnowledgeBase(knowledge);
  await addDocument(knowledge, kb, ["far"]);
  const growing = await newDocument(knowledge, kb);
  const near = vectorOf(dimensions, 3);
  for (let slice = 0; slice < 9; slice += 1) {
    const chunks = Array.from({ length: 500 }, (_, at) => chunkOf("near", slice * 500 + at));
    const packed = packSlice(
      chunks,
      chunks.map(() => near),
      dimensions,
    );
    expect(await knowledge.addSlice(growing, packed, undefined)).toBe(true);
    const found = await search.search(kb, { terms: [], vector: near, limit: 5 });
    const hits = await search.passages([...(found?.chunks ?? [])]);
    expect(hits.map(({ content }) => content)).toEqual(["far"]);
  }
  await store.crash();
});

test("a deleted document and a deleted knowledge base are gone at once", async () => {
  using folder = new TemporaryFolder();
  const store = await openStore(folder.database);
  const { knowledge, search } = store;
  const kb = await newKnowledgeBase(knowledge);
  const first = await addDocument(knowledge, kb, ["red apple"]);
  await addDocument(knowledge, kb, ["green apple"]);
  expect(await keywordSearch(search, kb, "apple")).toHaveLength(2);

  expect(await knowledge.deleteDocument(first, Bun.randomUUIDv7())).toBe(false);
  expect(await knowledge.deleteDocument(first, kb)).toBe(true);
  expect(await knowledge.deleteDocument(first, kb)).toBe(false);
  expect(await keywordSearch(search, kb, "apple")).toMatchObject([{ content: "green apple" }]);
  expect(await knowledge.documents(kb)).toHaveLength(1);
  expect(await knowledge.findDocument(first)).toBeUndefined();

  expect(await knowledge.deleteKnowledgeBase(kb, 2)).toBeUndefined();
  expect(await knowledge.deleteKnowledgeBase(kb, 1)).toEqual([]);
  expect(await knowledge.findKnowledgeBase(kb)).toBeUndefined();
  expect(await search.search(kb, { terms: [], vector: undefined, limit: 1 })).toBeUndefined();
  expect(await knowledge.documents(kb)).toEqual([]);

  const removed: string[] = [];
  for (let more = true; more; ) {
    const purged = await knowledge.purge();
    removed.push(...purged.documentIds);
    more = purged.more;
  }
  expect(removed).toHaveLength(2);
  await store.crash();
  const database = new Database(folder.database);
  for (const table of ["knowledge_bases", "search_indexes", "documents", "slices", "chunks"]) {
    expect(database.query(`SELECT * FROM ${table}`).all()).toEqual([]);
  }
  database.close();
});

test("a term that the index cannot hold is not searched for", async () => {
  using folder = new TemporaryFolder();
  const store = await openStore(folder.database);
  const { knowledge, search } = store;
  const kb = await newKnowledgeBase(knowledge);
  await addDocument(knowledge, kb, ["apple"]);
  for (const text of ['"', "a b", "NEAR(", "\u0000", "", "a*", "apple OR", "\ud800"]) {
    const found = await search.search(kb, {
      terms: [{ text, weight: 1, prefix: false }],
      vector: undefined,
      limit: 5,
    });
    expect([...(found?.chunks ?? [])]).toEqual([]);
  }
  await store.crash();
});

test("says which terms occur nowhere, and takes terms that count as one for one", async () => {
  using folder = new TemporaryFolder();
  const store = await openStore(folder.database);
  const { knowledge, search } = store;
  const kb = await newKnowledgeBase(knowledge);
  const other = await newKnowledgeBase(knowledge);
  await addDocument(knowledge, kb, ["gandhi spun", "gandhia grows", "gandhi and gandhia"]);
  await addDocument(knowledge, other, ["ghandi"]);
  const request = (others: string[]) => ({
    terms: query("ghandi").map((term) => ({ ...term, others })),
    vector: undefined,
    limit: 10,
  });
  const asTyped = await search.search(kb, request([]));
  expect(asTyped?.missing).toEqual(new Set(["ghandi"]));
  expect(asTyped?.chunks).toHaveLength(0);
  const asMeant = await search.search(kb, request(["gandhi", "gandhia"]));
  expect(asMeant?.missing).toEqual(new Set());
  // Each has one of the terms, or both, and that counts once.
  expect(new Set(asMeant?.bm25)).toHaveProperty("size", 1);
  expect(asMeant?.chunks).toHaveLength(3);
  await store.crash();
});

test("a misspelt question finds what it was meant to", async () => {
  using folder = new TemporaryFolder();
  const store = await openStore(folder.database);
  const { knowledge, search } = store;
  const kb = await newKnowledgeBase(knowledge);
  await addDocument(knowledge, kb, ["gandhi spun cotton", "nothing of the kind", "cotton grows"]);
  const { retrieve } = createRetriever(search);
  const hits = await retrieve({
    knowledgeBaseId: kb,
    query: "Ghandi?",
    mode: "keyword",
    vector: undefined,
    vectorWeight: 0,
    count: 1,
  });
  expect(hits?.map(({ content }) => content)).toEqual(["gandhi spun cotton"]);
  expect(hits?.[0]?.score).toBe(1);
  await store.crash();
});
