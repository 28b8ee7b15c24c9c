import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import fc from "fast-check";
import { packSlice } from "../../src/store/slice.ts";
import { checkKnowledge } from "../../src/store/sqlite/knowledge-check.ts";
import { chunkOf, type OpenStore, openStore, TemporaryFolder, vectorOf } from "./fixture.ts";

const dimensions = 4;

interface ModelDocument {
  readonly knowledgeBaseId: string;
  status: "processing" | "ready" | "failed";
  chunks: number;
  /** In the index that is being built. */
  rebuilt: number;
  /** Whether it is whole there. */
  isWhole: boolean;
}

/** What the store tells of it. */
type SeenDocument = Omit<ModelDocument, "isWhole">;

/** What a caller may see: documents by id, in the knowledge bases that exist. */
interface Model {
  readonly knowledgeBases: Set<string>;
  /** Those for which another index is being built. */
  readonly rebuilding: Set<string>;
  readonly documents: Map<string, ModelDocument>;
}

const clone = (model: Model): Model => structuredClone(model);

/** One change of the store, and what it means. */
interface Change {
  run(store: OpenStore): Promise<unknown>;
  apply(model: Model): void;
}

type Command =
  | { readonly type: "create" | "purge" | "deleteKnowledgeBase" }
  | { readonly type: "reindex" | "finish" | "giveUp"; readonly pick: number }
  | { readonly type: "insert"; readonly pick: number }
  | DocumentCommand;

type DocumentCommand =
  | { readonly type: "delete" | "discard" | "fail" | "retry"; readonly pick: number }
  | {
      readonly type: "slice" | "rebuild";
      readonly pick: number;
      readonly chunks: number;
      readonly last: boolean;
    };

const pick = fc.nat(1000);
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ type: "create" } as const) },
  { weight: 2, arbitrary: fc.constant({ type: "purge" } as const) },
  { weight: 1, arbitrary: fc.constant({ type: "deleteKnowledgeBase" } as const) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant("insert" as const), pick }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("delete" as const), pick }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("discard" as const), pick }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("fail" as const), pick }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("retry" as const), pick }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("reindex" as const), pick }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("finish" as const), pick }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("giveUp" as const), pick }) },
  {
    weight: 15,
    arbitrary: fc.record({
      type: fc.constantFrom("slice" as const, "slice" as const, "rebuild" as const),
      pick,
      // Above what one step of a removal takes, now and then.
      chunks: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant(300)),
      last: fc.boolean(),
    }),
  },
);

const choose = <T>(values: Iterable<T>, at: number): T | undefined => {
  const all = [...values];
  return all[at % Math.max(1, all.length)];
};

const documentEnd = { fileType: "txt", title: "a", pages: null };

const chunksFrom = (first: number, count: number) =>
  Array.from({ length: count }, (_, at) => chunkOf("word", first + at));

const vectorsFor = (chunks: readonly unknown[]) => chunks.map((_, at) => vectorOf(dimensions, at));

function toChange(command: Command, model: Model): Change | undefined {
  switch (command.type) {
    case "create": {
      const id = Bun.randomUUIDv7();
      const index = { embeddingModel: "test", dimensions, chunkSize: null };
      const row = {
        id,
        userId: 1,
        name: "kb",
        description: "",
        vectorWeight: null,
        createdTime: 1,
      };
      return {
        run: (store) => store.knowledge.insertKnowledgeBase({ ...row, ...index }),
        apply: (after) => after.knowledgeBases.add(id),
      };
    }
    case "purge":
      return { run: (store) => store.knowledge.purge(), apply: () => {} };
    case "deleteKnowledgeBase": {
      const id = choose(model.knowledgeBases, 0);
      if (id === undefined) return undefined;
      return {
        run: (store) => store.knowledge.deleteKnowledgeBase(id, 1),
        apply(after) {
          after.knowledgeBases.delete(id);
          after.rebuilding.delete(id);
          for (const [key, document] of after.documents) {
            if (document.knowledgeBaseId === id) after.documents.delete(key);
          }
        },
      };
    }
    case "insert": {
      const knowledgeBaseId = choose(model.knowledgeBases, command.pick);
      if (knowledgeBaseId === undefined) return undefined;
      const id = Bun.randomUUIDv7();
      const row = { id, knowledgeBaseId, name: "a", fileType: "txt", sizeBytes: 1, createdTime: 1 };
      return {
        run: (store) => store.knowledge.insertDocument({ ...row, contentHash: id, metadata: {} }),
        apply: (after) =>
          after.documents.set(id, {
            knowledgeBaseId,
            status: "processing",
            chunks: 0,
            rebuilt: 0,
            isWhole: false,
          }),
      };
    }
    case "reindex":
    case "finish":
    case "giveUp":
      return toIndexChange(command.type, choose(model.knowledgeBases, command.pick), model);
    default:
      return toDocumentChange(command, model);
  }
}

const documentsOf = (model: Model, knowledgeBaseId: string) =>
  [...model.documents].filter(([, document]) => document.knowledgeBaseId === knowledgeBaseId);

function toIndexChange(
  type: "reindex" | "finish" | "giveUp",
  id: string | undefined,
  model: Model,
): Change | undefined {
  if (id === undefined) return undefined;
  const isRebuilding = model.rebuilding.has(id);
  if (type === "reindex") {
    if (isRebuilding) return undefined;
    return {
      run: (store) =>
        store.knowledge.startReindex(id, { embeddingModel: "other", dimensions, chunkSize: null }),
      apply: (after) => after.rebuilding.add(id),
    };
  }
  if (!isRebuilding) return undefined;
  const ready = documentsOf(model, id).filter(([, { status }]) => status === "ready");
  const isDone = ready.every(([, { isWhole }]) => isWhole);
  const fault = { code: "internal", parameters: {}, documentId: id } as const;
  return {
    async run(store) {
      const index = (await store.knowledge.findReindex(id))?.index ?? -1;
      if (type === "giveUp") return store.knowledge.failReindex(index, fault);
      expect((await store.knowledge.nextToReindex(index)) === undefined).toBe(isDone);
      expect(await store.knowledge.finishReindex(index)).toBe(isDone ? "swapped" : "behind");
    },
    apply(after) {
      if (type === "finish" && !isDone) return;
      after.rebuilding.delete(id);
      for (const [key, document] of documentsOf(after, id)) {
        const chunks = type === "finish" ? document.rebuilt : document.chunks;
        after.documents.set(key, { ...document, chunks, rebuilt: 0, isWhole: false });
      }
    },
  };
}

function toDocumentChange(command: DocumentCommand, model: Model): Change | undefined {
  const chosen = choose(model.documents, command.pick);
  if (chosen === undefined) return undefined;
  const [id, document] = chosen;
  const processing = document.status === "processing";
  switch (command.type) {
    case "delete":
      return {
        run: (store) => store.knowledge.deleteDocument(id, document.knowledgeBaseId),
        apply: (after) => after.documents.delete(id),
      };
    case "discard":
      return {
        async run(store) {
          while (await store.knowledge.discardSlice(id));
        },
        apply(after) {
          if (processing) after.documents.set(id, { ...document, chunks: 0 });
        },
      };
    case "fail":
      return {
        run: (store) => store.knowledge.failDocument(id, { code: "internal", parameters: {} }),
        apply(after) {
          if (processing && document.chunks === 0) {
            after.documents.set(id, { ...document, status: "failed" });
          }
        },
      };
    case "retry":
      return {
        run: (store) => store.knowledge.retryDocument(id),
        apply(after) {
          if (document.status === "failed")
            after.documents.set(id, { ...document, status: "processing" });
        },
      };
    case "rebuild": {
      const chunks = chunksFrom(document.rebuilt, command.chunks);
      const takes =
        model.rebuilding.has(document.knowledgeBaseId) &&
        document.status === "ready" &&
        !document.isWhole;
      return {
        async run(store) {
          const index = (await store.knowledge.findReindex(document.knowledgeBaseId))?.index ?? -1;
          const slice = packSlice(chunks, vectorsFor(chunks), dimensions);
          const end = command.last ? documentEnd : undefined;
          expect(await store.knowledge.addSlice(id, slice, end, index)).toBe(takes);
        },
        apply(after) {
          if (!takes) return;
          const rebuilt = document.rebuilt + chunks.length;
          after.documents.set(id, { ...document, rebuilt, isWhole: command.last });
        },
      };
    }
    case "slice": {
      const chunks = chunksFrom(document.chunks, command.chunks);
      const end = command.last ? documentEnd : undefined;
      return {
        run: (store) =>
          store.knowledge.addSlice(id, packSlice(chunks, vectorsFor(chunks), dimensions), end),
        apply(after) {
          if (!processing) return;
          const status = command.last ? "ready" : "processing";
          after.documents.set(id, { ...document, status, chunks: document.chunks + chunks.length });
        },
      };
    }
    default:
      return undefined;
  }
}

/** What the store shows, in the shape of the model, and what a search finds. */
async function observe(store: OpenStore, known: Iterable<string>) {
  const knowledgeBases: string[] = [];
  const rebuilding: string[] = [];
  const documents: Record<string, SeenDocument> = {};
  const found: Record<string, number[]> = {};
  for (const id of known) {
    const candidates = await store.search.search(id, {
      terms: [{ text: "word", weight: 1, prefix: false }],
      vector: undefined,
      limit: 10_000,
    });
    const vectors = await store.search.search(id, {
      terms: [],
      vector: vectorOf(dimensions, 0, 0.1),
      limit: 4096,
    });
    expect(candidates === undefined).toBe(
      (await store.knowledge.findKnowledgeBase(id)) === undefined,
    );
    if (candidates === undefined || vectors === undefined) continue;
    knowledgeBases.push(id);
    const hits = await store.search.passages([...candidates.chunks]);
    found[id] = [candidates.chunks.length, hits.length, vectors.chunks.length];
    const reindex = await store.knowledge.findReindex(id);
    if (reindex !== undefined) rebuilding.push(id);
    for (const document of await store.knowledge.documents(id)) {
      const { chunkCount } = await store.knowledge.progress(document.id);
      const rebuilt = await store.knowledge.progress(document.id, reindex?.index ?? -1);
      documents[document.id] = {
        knowledgeBaseId: id,
        status: document.status,
        chunks: chunkCount,
        rebuilt: rebuilt.chunkCount,
      };
      expect(document.chunkCount).toBe(document.status === "ready" ? chunkCount : 0);
    }
  }
  return { knowledgeBases, rebuilding, documents, found };
}

function expected(model: Model, known: Iterable<string>) {
  const knowledgeBases = [...known].filter((id) => model.knowledgeBases.has(id));
  const found: Record<string, number[]> = {};
  for (const id of knowledgeBases) {
    let chunks = 0;
    for (const document of model.documents.values()) {
      if (document.knowledgeBaseId === id && document.status === "ready") chunks += document.chunks;
    }
    found[id] = [chunks, chunks, Math.min(4096, chunks)];
  }
  const documents = Object.fromEntries(
    [...model.documents].map(([id, { isWhole: _, ...document }]) => [id, document]),
  );
  const rebuilding = knowledgeBases.filter((id) => model.rebuilding.has(id));
  return { knowledgeBases, rebuilding, documents, found };
}

function faults(folder: TemporaryFolder): string[] {
  const database = new Database(folder.database);
  try {
    // The writer's thread may still be on its way out.
    database.run("PRAGMA busy_timeout = 5000");
    database.run("INSERT INTO chunk_terms (chunk_terms) VALUES ('integrity-check')");
    return checkKnowledge(database);
  } finally {
    database.close();
  }
}

const crash = fc.constantFrom("none", "before", "during", "after");

test("no crash and no order of deletions leaves a piece of a document behind", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(command, crash), { minLength: 10, maxLength: 40 }),
      async (steps) => {
        using folder = new TemporaryFolder();
        let store = await openStore(folder.database);
        let model: Model = {
          knowledgeBases: new Set(),
          rebuilding: new Set(),
          documents: new Map(),
        };
        const known = new Set<string>();
        const setUp: [Command, "none"][] = [
          [{ type: "create" }, "none"],
          [{ type: "insert", pick: 0 }, "none"],
        ];
        for (const [step, when] of [...setUp, ...steps]) {
          const change = toChange(step, model);
          if (change === undefined) continue;
          const after = clone(model);
          change.apply(after);
          for (const id of after.knowledgeBases) known.add(id);
          if (when === "none" || when === "after") {
            await change.run(store);
            model = after;
          }
          if (when === "none") continue;
          // Ends the writing thread wherever it is.
          const inFlight = when === "during" ? change.run(store).catch(() => {}) : undefined;
          await store.crash();
          await inFlight;
          expect(faults(folder)).toEqual([]);
          store = await openStore(folder.database);
          const seen = await observe(store, known);
          const happened = Bun.deepEquals(seen, expected(after, known));
          if (when === "during" && happened) model = after;
          else if (step.type !== "discard") expect(seen).toEqual(expected(model, known));
          // A part of what was to be discarded may be gone.
          else
            for (const [id, { chunks }] of Object.entries(seen.documents)) {
              const document = model.documents.get(id);
              if (document !== undefined) model.documents.set(id, { ...document, chunks });
            }
        }
        expect(await observe(store, known)).toEqual(expected(model, known));
        for (const id of model.knowledgeBases) await store.knowledge.deleteKnowledgeBase(id, 1);
        while ((await store.knowledge.purge()).more);
        await store.crash();
        expect(faults(folder)).toEqual([]);
        const database = new Database(folder.database, { readonly: true });
        for (const table of [
          "chunks",
          "chunk_terms_docsize",
          `vectors_${dimensions}_rowids`,
          "slices",
          "documents",
          "search_indexes",
          "knowledge_bases",
        ]) {
          const exists = database.query("SELECT 1 FROM sqlite_schema WHERE name = ?").get(table);
          if (exists !== null) expect(database.query(`SELECT * FROM ${table}`).all()).toEqual([]);
        }
        database.close();
      },
    ),
    { numRuns: 6 },
  );
});
