import { Type } from "@sinclair/typebox";
import { json, jsonBodyErrors, operation, response } from "../../http/docs/operation.ts";
import { createdTime, documentId, documentStatus, knowledgeBaseId, success, uuid } from "./docs.ts";

export const listDocumentsDocs = operation({
  id: "listDocuments",
  tag: "Documents",
  summary: "获取文档列表 · List documents",
  description: `All documents of a knowledge base, oldest first; \`limit\` and \`after\` page through them.
返回指定知识库中的所有文档。`,
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
            status: documentStatus,
            error: Type.Union([Type.String(), Type.Null()], { description: "Why it failed." }),
            size_bytes: Type.Integer({ minimum: 0 }),
            chunk_count: Type.Integer({ minimum: 0 }),
            metadata: Type.Record(Type.String(), Type.String(), {
              description: "As it was said at the upload.",
            }),
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
            metadata: { department: "法务部" },
            created_time: 1731851729,
          },
        ],
        message: "文档列表获取成功",
      },
    ),
  },
  errors: ["invalid_field", "knowledge_base_not_found"],
});

const exampleChunk = {
  chunk_id: "0198f0c4-a1c2-7f30-8b1e-5d9c3e2f1a04",
  chunk_index: 12,
  content: "不可抗力条款是指合同中约定的因不可预见、不可避免、不可克服的客观情况...",
  headings: ["合同协议", "第五章 违约责任"],
  page: 4,
  start: 5120,
  end: 5514,
};

export const documentChunksDocs = operation({
  id: "listChunks",
  tag: "Documents",
  summary: "查看文本块 · What a document was cut into",
  description: `The chunks of a document in their order, page by page: go on with \`after\` = \`next_after\` until that is null.
A document that is not \`ready\` has none.

按顺序分页返回文档切分出的文本块。`,
  success: {
    200: json(
      "The next chunks",
      Type.Object({
        ...success,
        doc_id: uuid,
        chunk_count: Type.Integer({ minimum: 0, description: "Of the whole document." }),
        chunks: Type.Array(
          Type.Object({
            chunk_id: uuid,
            chunk_index: Type.Integer({ minimum: 0 }),
            content: Type.String(),
            headings: Type.Array(Type.String(), { description: "Above it, the outermost first." }),
            page: Type.Optional(
              Type.Integer({ description: "Where it begins, where the format has pages." }),
            ),
            start: Type.Integer({ description: "In the document's text, in UTF-16 units." }),
            end: Type.Integer({ description: "Behind its last unit." }),
          }),
        ),
        next_after: Type.Union([Type.Integer(), Type.Null()]),
      }),
      {
        success: true,
        doc_id: documentId,
        chunk_count: 25,
        chunks: [exampleChunk],
        next_after: 12,
        message: "文本块列表获取成功",
      },
    ),
  },
  errors: ["invalid_field", "document_not_found"],
});

export const documentFileDocs = operation({
  id: "downloadDocument",
  tag: "Documents",
  summary: "下载原文件 · The file as it was uploaded",
  description: `To be saved, under its own name. Not there with \`rag.keep_originals: false\`, once the document is ready.

返回上传的原文件；\`rag.keep_originals: false\` 时不保留。`,
  success: {
    200: response(
      "The bytes",
      {
        "application/octet-stream": {
          schema: Type.String({ format: "binary" }),
          example: "%PDF-1.7 ...",
        },
      },
      {
        "Content-Disposition": {
          description: "`attachment`, with the file's name (RFC 6266).",
          schema: { type: "string" },
        },
      },
    ),
  },
  errors: ["invalid_field", "document_not_found", "original_not_kept"],
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
