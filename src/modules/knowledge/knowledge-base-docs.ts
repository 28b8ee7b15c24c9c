import { Type } from "@sinclair/typebox";
import { json, jsonBodyErrors, operation } from "../../http/docs/operation.ts";
import { createdTime, knowledgeBaseId, success, uuid } from "./docs.ts";

const reindex = Type.Union(
  [
    Type.Object({
      status: Type.Union([Type.Literal("running"), Type.Literal("failed")]),
      embedding_model: Type.String({ description: "The new one." }),
      chunk_size: Type.Integer({ description: "The new one." }),
      docs_done: Type.Optional(Type.Integer({ minimum: 0 })),
      docs_total: Type.Optional(Type.Integer({ minimum: 0 })),
      error: Type.Optional(Type.String({ description: "Why it was given up." })),
      doc_id: Type.Optional(Type.String({ description: "The document at fault." })),
    }),
    Type.Null(),
  ],
  {
    description: "A reindexing that is running, or the last one if it failed. Null: none, or done.",
  },
);

const knowledgeBase = Type.Object(
  {
    kb_id: uuid,
    kb_name: Type.String(),
    description: Type.String(),
    embedding_model: Type.String(),
    chunk_size: Type.Integer({ description: "What documents that come from now on are cut to." }),
    weight: Type.Union([Type.Number(), Type.Null()], {
      description: "The share of the vector search; null: what suits the model.",
    }),
    doc_count: Type.Integer({ minimum: 0, description: "Documents in any status." }),
    chunk_count: Type.Integer({ minimum: 0, description: "Chunks that can be found." }),
    reindex,
    created_time: createdTime,
  },
  { $id: "KnowledgeBase" },
);

const exampleKnowledgeBase = {
  kb_id: knowledgeBaseId,
  kb_name: "法律知识库",
  description: "合同与法规",
  embedding_model: "zhipu-embedding-3",
  chunk_size: 400,
  weight: null,
  doc_count: 12,
  chunk_count: 1840,
  reindex: null,
  created_time: 1731851729,
};

export const createKnowledgeBaseDocs = operation({
  id: "createKnowledgeBase",
  tag: "Knowledge bases",
  summary: "创建知识库 · Create a knowledge base",
  description: `The embedding model is fixed here; \`GET /api/rag/models\` lists those that there are. Without one the
server's default is taken; \`builtin\` needs no key and no network. \`POST /api/rag/kb/reindex\` moves to another.

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
  description: `All of the caller's knowledge bases, oldest first; \`limit\` and \`after\` page through them.
返回当前用户的所有知识库。`,
  success: {
    200: json(
      "The knowledge bases",
      Type.Object({
        ...success,
        kbs: Type.Array(knowledgeBase),
      }),
      {
        success: true,
        kbs: [exampleKnowledgeBase],
        message: "知识库列表获取成功",
      },
    ),
  },
  errors: ["invalid_field"],
});

export const updateKnowledgeBaseDocs = operation({
  id: "updateKnowledgeBase",
  tag: "Knowledge bases",
  summary: "修改知识库 · Change a knowledge base",
  description: `Changes what is given; the rest stays. Another \`chunk_size\` is for documents that come from now on:
\`POST /api/rag/kb/reindex\` cuts the others anew.

只修改给出的字段；新的 \`chunk_size\` 仅对之后的文档生效，已有文档需重建索引。`,
  success: {
    200: json("As it is now", Type.Object({ ...success, kb: knowledgeBase }), {
      success: true,
      kb: exampleKnowledgeBase,
      message: "知识库更新成功",
    }),
  },
  errors: [...jsonBodyErrors, "knowledge_base_not_found", "reindex_running"],
});

export const reindexKnowledgeBaseDocs = operation({
  id: "reindexKnowledgeBase",
  tag: "Knowledge bases",
  summary: "重建索引 · Move a knowledge base to another embedding model or chunk size",
  description: `Cuts and embeds every document anew, in the background: with another embedding model, another chunk size,
or as before. The old index answers until the new one is whole; then it takes its place at once. Documents that come
or go meanwhile are in the new one as well, or not. A fault leaves the old one and is shown in
\`GET /api/rag/kb/list\`, as the progress is; a restart of the server goes on. A document whose file was not kept keeps
the chunks that it was cut into.

在后台用新的嵌入模型或文本块长度重建索引，完成前照常使用原索引，完成后一次性切换；失败则保留原索引，进度见知识库列表。`,
  success: {
    202: json("It has begun", Type.Object({ ...success, kb: knowledgeBase }), {
      success: true,
      kb: {
        ...exampleKnowledgeBase,
        reindex: {
          status: "running",
          embedding_model: "builtin",
          chunk_size: 600,
          docs_done: 0,
          docs_total: 12,
        },
      },
      message: "知识库开始重建索引，完成前照常使用原索引",
    }),
  },
  errors: [
    ...jsonBodyErrors,
    "unknown_embedding_model",
    "knowledge_base_not_found",
    "reindex_running",
  ],
});

export const deleteKnowledgeBaseDocs = operation({
  id: "deleteKnowledgeBase",
  tag: "Knowledge bases",
  summary: "删除知识库 · Delete a knowledge base",
  description:
    "Deletes it with all its documents; it falls off the conversations that it is attached to. 删除知识库及其全部文档，并解除其与对话的绑定。",
  success: {
    200: json("Deleted", Type.Object(success), { success: true, message: "知识库删除成功" }),
  },
  errors: [...jsonBodyErrors, "knowledge_base_not_found"],
});
