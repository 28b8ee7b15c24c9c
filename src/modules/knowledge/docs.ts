import { Type } from "@sinclair/typebox";
import { json, jsonBodyErrors, operation, providerErrors } from "../../http/docs/operation.ts";

export const knowledgeBaseId = "0198f0c4-7a11-7c3e-9f02-1b6d5e8a4c70";
export const documentId = "0198f0c4-9d3b-7e21-a6b5-2f4c8d1e7a90";

export const uuid = Type.String({ format: "uuid" });
export const createdTime = Type.Integer({ description: "Unix seconds." });
export const success = { success: Type.Literal(true), message: Type.String() };

export const documentStatus = Type.Union(
  [Type.Literal("processing"), Type.Literal("ready"), Type.Literal("failed")],
  { description: "Only a `ready` document is found in retrieval." },
);

/** What is shown of a passage that was found. */
export const hitFields = {
  content: Type.String(),
  score: Type.Number({ minimum: 0, maximum: 1, description: "Higher is better." }),
  doc_id: uuid,
  doc_name: Type.String(),
  chunk_id: uuid,
  chunk_index: Type.Integer({ minimum: 0 }),
  page: Type.Optional(
    Type.Union([Type.Integer(), Type.String()], {
      description: "The page, slide or sheet, where the format has them.",
    }),
  ),
  heading: Type.Optional(Type.String({ description: "The headings above it, where there are." })),
};

const stage = Type.Optional(
  Type.Object({
    rank: Type.Integer({ minimum: 1 }),
    score: Type.Number({ description: "On the stage's own scale." }),
  }),
);

const explanation = Type.Object(
  { keyword: stage, loose: stage, vector: stage, fused: stage, rerank: stage },
  {
    description:
      "With `explain`: the passage's place and score by full text (BM25), by looser matches of words, by vectors (cosine), by all of these together, and by the reranker; those that knew it.",
  },
);

export const warnings = Type.Optional(
  Type.Array(
    Type.Object(
      {
        code: Type.String({ description: "`reranking_failed`: the search's own order stands." }),
        message: Type.String({ description: "For people." }),
      },
      { $id: "Warning" },
    ),
    { description: "What went wrong with the search, if anything did." },
  ),
);

export const exampleHit = {
  content: "不可抗力条款是指合同中约定的因不可预见、不可避免、不可克服的客观情况...",
  score: 0.85,
  doc_id: documentId,
  doc_name: "合同协议.docx",
  chunk_id: "0198f0c4-a1c2-7f30-8b1e-5d9c3e2f1a04",
  chunk_index: 12,
  heading: "第五章 违约责任",
};

/** The errors of every route that embeds. */
export const embeddingErrors = [
  "unknown_embedding_model",
  "embedding_model_changed",
  ...providerErrors,
] as const;

export const retrieveDocs = operation({
  id: "retrieve",
  tag: "Retrieval",
  summary: "知识库检索 · Retrieve passages",
  description: `The passages of a knowledge base that fit the question, in the order of relevance, found by meaning
(vectors) and by words (full text) together. Passages that nearly repeat a better one are left out. A word of the
question that stands nowhere in the knowledge base is searched for as it was meant, if one slip of the hand makes
it of a word in a sample of the passages: a letter too many, missing, wrong or out of place. Where a reranker is
configured, it puts the best ones in order; if it fails or is late, \`warnings\` says so. With \`filter\` only the
documents that fit all of it are searched: as many passages are found among them.

同时按语义（向量）与关键词（全文）检索，按相关性排序，并去除近似重复的段落。问题中的单词若在知识库中没有出现，而与抽样段落中的某个单词只差一处
拼写（多、少、错或错位一个字母），则按该单词检索。配置了重排序模型时由其排序，失败或超时则保留原有顺序，并在
\`warnings\` 中说明。\`filter\` 可按文档、文件类型与元数据限定检索范围。`,
  success: {
    200: json(
      "What was found, the best first",
      Type.Object({
        ...success,
        results: Type.Array(
          Type.Object({ ...hitFields, explain: Type.Optional(explanation) }, { $id: "Hit" }),
        ),
        warnings,
      }),
      {
        success: true,
        results: [exampleHit],
        message: "检索成功",
      },
    ),
  },
  errors: [...jsonBodyErrors, "knowledge_base_not_found", ...embeddingErrors],
});

export const embeddingModelsDocs = operation({
  id: "listEmbeddingModels",
  tag: "Retrieval",
  summary: "获取支持的嵌入模型列表 · List embedding models",
  description: `The embedding models that a knowledge base can be created with, whether or not their provider has a
key.

返回可用于创建知识库的嵌入模型。`,
  success: {
    200: json("Their names", Type.Object({ ...success, models: Type.Array(Type.String()) }), {
      success: true,
      models: ["builtin", "zhipu-embedding-3", "zhipu-embedding-2"],
      message: "支持的Embedding模型列表获取成功",
    }),
  },
  errors: [],
});
