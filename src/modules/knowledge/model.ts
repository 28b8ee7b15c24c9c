import { Type } from "@sinclair/typebox";
import { t } from "elysia";

const example = "0198f0c4-7a11-7c3e-9f02-1b6d5e8a4c70";

const exampleDocument = "0198f0c4-9d3b-7e21-a6b5-2f4c8d1e7a90";

const uuid = () => Type.String({ format: "uuid", examples: [example] });

const name = Type.String({ minLength: 1, maxLength: 200, examples: ["法律知识库"] });

const embeddingModel = Type.Optional(
  Type.String({ minLength: 1, maxLength: 200, examples: ["zhipu-embedding-3"] }),
);

const description = Type.Optional(Type.String({ maxLength: 2000, examples: ["合同与法规"] }));

const chunkSize = Type.Optional(
  Type.Integer({
    minimum: 50,
    maximum: 4000,
    description:
      "What documents that come from now on are cut to: characters of Chinese, or about 4 times as many of Latin text. Without it, the server's `rag.chunk_size`.",
  }),
);

const vectorWeight = Type.Optional(
  Type.Union([Type.Number({ minimum: 0, maximum: 1 }), Type.Null()], {
    description:
      "The share of the vector search in the order of hits; the rest is the words'. Null: what suits the model.",
  }),
);

export const newKnowledgeBase = Type.Object({
  kb_name: name,
  embedding_model: embeddingModel,
  description,
  chunk_size: chunkSize,
  weight: vectorWeight,
});

export const knowledgeBaseChanges = Type.Object({
  kb_id: uuid(),
  kb_name: Type.Optional(name),
  description,
  chunk_size: chunkSize,
  weight: vectorWeight,
});

export const reindexBody = Type.Object({
  kb_id: uuid(),
  embedding_model: embeddingModel,
  chunk_size: chunkSize,
});

export const knowledgeBaseReference = Type.Object({ kb_id: uuid() });

export const documentReference = Type.Object({ kb_id: uuid(), doc_id: uuid() });

/** Pages through a list, oldest first. */
const page = {
  limit: t.Optional(t.Integer({ minimum: 1, maximum: 1000, examples: [100] })),
  after: t.Optional(t.String({ format: "uuid", description: "The id to go on behind." })),
};

export const knowledgeBasesQuery = t.Object(page);

export const documentsQuery = t.Object({
  kb_id: t.String({ format: "uuid", examples: [example] }),
  ...page,
});

const documentId = t.String({ format: "uuid", examples: [exampleDocument] });

export const documentQuery = t.Object({ doc_id: documentId });

export const chunksQuery = t.Object({
  doc_id: documentId,
  limit: t.Integer({ minimum: 1, maximum: 200, default: 50, examples: [50] }),
  after: t.Integer({
    minimum: -1,
    maximum: Number.MAX_SAFE_INTEGER,
    default: -1,
    description: "The `chunk_index` to go on behind.",
  }),
});

export const retriedDocument = Type.Object({ doc_id: uuid() });

const text = Type.String({ maxLength: 500 });

/** Which documents are searched: those that fit every condition. */
export const filterBody = Type.Object(
  {
    doc_ids: Type.Optional(Type.Array(Type.String({ format: "uuid" }), { maxItems: 1000 })),
    file_types: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 32 }), {
        maxItems: 100,
        description: "Extensions: `pdf`, `docx`.",
      }),
    ),
    metadata: Type.Optional(
      Type.Record(Type.String(), Type.Union([text, Type.Array(text, { maxItems: 100 })]), {
        maxProperties: 50,
        description: "What was said of the document under each key: this, or one of these.",
      }),
    ),
  },
  { additionalProperties: false, description: "Only documents that fit all of this are searched." },
);

/** How a question is searched for. */
export const searchOptions = {
  mode: Type.Union([Type.Literal("hybrid"), Type.Literal("vector"), Type.Literal("keyword")], {
    default: "hybrid",
    description: "By meaning and words together, by meaning (vectors), or by words (full text).",
  }),
  min_score: Type.Number({
    minimum: 0,
    maximum: 1,
    default: 0,
    description: "Passages with a lower score are left out.",
  }),
  weight: Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: 1,
      description:
        "The share of the vectors in a `hybrid` score; by default the one of the knowledge base.",
    }),
  ),
  expand: Type.Integer({
    minimum: 0,
    maximum: 3,
    default: 0,
    description: "Neighbours on each side of a passage that are joined to it.",
  }),
  filter: Type.Optional(filterBody),
};

export const retrieveBody = Type.Object({
  kb_id: uuid(),
  query: Type.String({ minLength: 1, maxLength: 10_000, examples: ["什么是不可抗力条款？"] }),
  top_k: Type.Integer({ minimum: 1, maximum: 50, default: 5 }),
  ...searchOptions,
  explain: Type.Boolean({
    default: false,
    description: "Whether each result tells what every stage of the search made of it.",
  }),
});
