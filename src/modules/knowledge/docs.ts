import { Type } from "@sinclair/typebox";
import { json, jsonBodyErrors, operation, providerErrors } from "../../http/docs/operation.ts";

const knowledgeBaseId = "0198f0c4-7a11-7c3e-9f02-1b6d5e8a4c70";
const documentId = "0198f0c4-9d3b-7e21-a6b5-2f4c8d1e7a90";

const uuid = Type.String({ format: "uuid" });
const createdTime = Type.Integer({ description: "Unix seconds." });
const success = { success: Type.Literal(true), message: Type.String() };

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

export const createKnowledgeBaseDocs = operation({
  id: "createKnowledgeBase",
  tag: "Knowledge bases",
  summary: "创建知识库 · Create a knowledge base",
  description: `The embedding model is fixed here; \`GET /api/rag/models\` lists those that there are. Without one the
server's default is taken; \`builtin\` needs no key and no network.

嵌入模型在此确定，不指定则使用默认模型；\`builtin\` 无需密钥和网络。`,
  success: {
    200: json("Created", Type.Object({ ...success, kb_id: uuid }), {
      success: true,
      kb_id: knowledgeBaseId,
      message: "知识库创建成功，使用模型: zhipu-embedding-3",
    }),
  },
  errors: [...jsonBodyErrors, "unknown_embedding_model"],
});

export const listKnowledgeBasesDocs = operation({
  id: "listKnowledgeBases",
  tag: "Knowledge bases",
  summary: "获取知识库列表 · List knowledge bases",
  description: "All of the caller's knowledge bases. 返回当前用户的所有知识库。",
  success: {
    200: json(
      "The knowledge bases",
      Type.Object({
        ...success,
        kbs: Type.Array(
          Type.Object({
            kb_id: uuid,
            kb_name: Type.String(),
            embedding_model: Type.String(),
            created_time: createdTime,
          }),
        ),
      }),
      {
        success: true,
        kbs: [
          {
            kb_id: knowledgeBaseId,
            kb_name: "法律知识库",
            embedding_model: "zhipu-embedding-3",
            created_time: 1731851729,
          },
        ],
        message: "知识库列表获取成功",
      },
    ),
  },
  errors: [],
});

export const deleteKnowledgeBaseDocs = operation({
  id: "deleteKnowledgeBase",
  tag: "Knowledge bases",
  summary: "删除知识库 · Delete a knowledge base",
  description: "Deletes it with all its documents. 删除知识库及其全部文档。",
  success: {
    200: json("Deleted", Type.Object(success), { success: true, message: "知识库删除成功" }),
  },
  errors: [...jsonBodyErrors, "knowledge_base_not_found"],
});

export const uploadDocumentDocs = operation({
  id: "uploadDocument",
  tag: "Documents",
  summary: "上传文档 · Upload a document",
  description: `Answers when the document can be found in retrieval. Its type is told by its content, not by its name
alone: text, Markdown, HTML, CSV, JSON, Word, PowerPoint, Excel, OpenDocument, PDF, RTF and more.

文档可被检索后返回；文件类型以内容为准。`,
  success: {
    200: json(
      "Taken in",
      Type.Object({
        ...success,
        doc_id: uuid,
        chunk_count: Type.Integer({ minimum: 0, description: "The pieces that it was cut into." }),
      }),
      {
        success: true,
        doc_id: documentId,
        message: "文档上传处理成功，共分割并添加 25 个文本块",
        chunk_count: 25,
      },
    ),
  },
  form: Type.Object({
    kb_id: Type.String({
      format: "uuid",
      description: "Best in front of the file.",
      examples: [knowledgeBaseId],
    }),
    file: Type.String({ format: "binary", description: "The file; its name has its extension." }),
  }),
  errors: [
    "malformed_form",
    "invalid_field",
    "unsupported_file_type",
    "knowledge_base_not_found",
    "document_not_found",
    "file_too_large",
    "unsupported_content_type",
    "file_type_mismatch",
    "document_empty",
    "document_encrypted",
    "document_too_complex",
    "document_unreadable",
    "document_without_text",
    ...embeddingErrors,
  ],
});

export const listDocumentsDocs = operation({
  id: "listDocuments",
  tag: "Documents",
  summary: "获取文档列表 · List documents",
  description: "All documents of a knowledge base. 返回指定知识库中的所有文档。",
  success: {
    200: json(
      "The documents",
      Type.Object({
        ...success,
        docs: Type.Array(
          Type.Object({
            doc_id: uuid,
            kb_id: uuid,
            doc_name: Type.String(),
            file_type: Type.String({ description: "The extension, without the dot." }),
            status: Type.Union(
              [Type.Literal("processing"), Type.Literal("ready"), Type.Literal("failed")],
              { description: "Only a `ready` document is found in retrieval." },
            ),
            error: Type.Union([Type.String(), Type.Null()], { description: "Why it failed." }),
            size_bytes: Type.Integer({ minimum: 0 }),
            chunk_count: Type.Integer({ minimum: 0 }),
            created_time: createdTime,
          }),
        ),
      }),
      {
        success: true,
        docs: [
          {
            doc_id: documentId,
            kb_id: knowledgeBaseId,
            doc_name: "合同协议.docx",
            file_type: "docx",
            status: "ready",
            error: null,
            size_bytes: 48213,
            chunk_count: 25,
            created_time: 1731851729,
          },
        ],
        message: "文档列表获取成功",
      },
    ),
  },
  errors: ["invalid_field", "knowledge_base_not_found"],
});

export const deleteDocumentDocs = operation({
  id: "deleteDocument",
  tag: "Documents",
  summary: "删除文档 · Delete a document",
  description: "From now on nothing of it is found. 删除后其内容不再被检索到。",
  success: {
    200: json("Deleted", Type.Object(success), { success: true, message: "文档删除成功" }),
  },
  errors: [...jsonBodyErrors, "knowledge_base_not_found", "document_not_found"],
});

export const retrieveDocs = operation({
  id: "retrieve",
  tag: "Retrieval",
  summary: "知识库检索 · Retrieve passages",
  description: `The passages of a knowledge base that fit the question, in the order of relevance, found by meaning
(vectors) and by words (full text) together.

同时按语义（向量）与关键词（全文）检索，按相关性排序。`,
  success: {
    200: json(
      "What was found, the best first",
      Type.Object({
        ...success,
        results: Type.Array(Type.Object(hitFields, { $id: "Hit" })),
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
