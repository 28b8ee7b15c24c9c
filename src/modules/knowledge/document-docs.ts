import { Type } from "@sinclair/typebox";
import { json, jsonBodyErrors, operation, response } from "../../http/docs/operation.ts";
import {
  createdTime,
  documentId,
  embeddingErrors,
  knowledgeBaseId,
  success,
  uuid,
} from "./docs.ts";

const status = Type.Union(
  [Type.Literal("processing"), Type.Literal("ready"), Type.Literal("failed")],
  { description: "Only a `ready` document is found in retrieval." },
);

const stage = Type.Union(
  ["stored", "parsing", "chunking", "embedding", "storing", "ready", "failed"].map((name) =>
    Type.Literal(name),
  ),
  {
    description:
      "In this order: it waits for its turn; it is read; it is cut; its chunks are embedded, and stored as they go; the last are stored; all of it can be found, or it failed.",
  },
);

const statusFields = {
  doc_id: uuid,
  kb_id: uuid,
  doc_name: Type.String(),
  status,
  stage,
  pages: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
    description: "Pages, slides or sheets, once it was read, where its format has them.",
  }),
  chunks_done: Type.Integer({ minimum: 0, description: "Chunks that were embedded or stored." }),
  chunks_total: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
    description: "Null as long as it is not known.",
  }),
  error: Type.Union([Type.String(), Type.Null()], { description: "Why it failed." }),
};

const exampleStatus = {
  doc_id: documentId,
  kb_id: knowledgeBaseId,
  doc_name: "合同协议.docx",
  status: "processing" as const,
  stage: "embedding",
  pages: 12,
  chunks_done: 16,
  chunks_total: 25,
  error: null,
};

const statusEvent = Type.Union(
  [
    Type.Object({ event: Type.Literal("status"), data: Type.Object(statusFields) }),
    Type.Object(
      {
        event: Type.Literal("error"),
        data: Type.String(),
        code: Type.Literal("document_not_found"),
      },
      { description: "The document was deleted; the last event." },
    ),
  ],
  { $id: "DocumentStatusEvent" },
);

const exampleEvents = [
  { event: "status", data: exampleStatus },
  { event: "status", data: { ...exampleStatus, stage: "storing", chunks_done: 25 } },
  { event: "status", data: { ...exampleStatus, status: "ready", stage: "ready", chunks_done: 25 } },
]
  .map((event, at) => `id: ${at}\ndata: ${JSON.stringify(event)}\n\n`)
  .join("");

const uploaded = Type.Object({
  doc_id: uuid,
  doc_name: Type.String(),
  status,
  chunk_count: Type.Integer({ minimum: 0 }),
  error: Type.Optional(Type.String({ description: "Why it failed." })),
});

const severalUploaded = Type.Optional(
  Type.Array(uploaded, {
    description: "In place of `doc_id`, with several files: in their order.",
  }),
);

const acceptedHeaders = {
  Location: {
    description: "With one file: where its status is told.",
    schema: { type: "string" },
    example: `/api/rag/doc/status?doc_id=${documentId}`,
  },
  "Preference-Applied": {
    description: "`respond-async`, where the caller preferred that.",
    schema: { type: "string" },
    example: "respond-async",
  },
};

export const uploadDocumentDocs = operation({
  id: "uploadDocument",
  tag: "Documents",
  summary: "上传文档 · Upload documents",
  description: `Answers when the documents can be found in retrieval; with \`Prefer: respond-async\` or the field
\`async=true\` at once with 202, unless all are there already, and they are taken in in the background. Nobody has to wait: what was uploaded is
taken in even if the connection breaks, or the server restarts. The type is told by the content, not by the name
alone: text, Markdown, HTML, CSV, JSON, Word, PowerPoint, Excel, OpenDocument, PDF, RTF and more.

Bytes that the knowledge base has already are answered with the document that has them; one that had failed is
tried again. With several \`file\` parts, \`success\` is true when none of them failed, and the status is 200
in either case; a part that is no document at all (\`unsupported_file_type\`) refuses the whole upload.

文档可被检索后返回；带 \`Prefer: respond-async\` 或 \`async=true\` 时立即返回 202 并在后台处理。文件类型以内容为准；
同一知识库中相同内容的文件不会重复入库；可一次上传多个文件。`,
  success: {
    200: json(
      "Taken in",
      Type.Object({
        success: Type.Boolean({ description: "Whether none of the documents failed." }),
        message: Type.String(),
        doc_id: Type.Optional(uuid),
        chunk_count: Type.Optional(
          Type.Integer({ minimum: 0, description: "The pieces that it was cut into." }),
        ),
        docs: severalUploaded,
      }),
      {
        success: true,
        doc_id: documentId,
        message: "文档上传处理成功，共分割并添加 25 个文本块",
        chunk_count: 25,
      },
    ),
    202: response(
      "Stored, and being taken in",
      {
        "application/json": {
          schema: Type.Object({
            success: Type.Boolean(),
            message: Type.String(),
            doc_id: Type.Optional(uuid),
            status: Type.Optional(status),
            docs: severalUploaded,
          }),
          example: {
            success: true,
            doc_id: documentId,
            message: "文档已接收，正在处理",
            status: "processing",
          },
        },
      },
      acceptedHeaders,
    ),
  },
  form: Type.Object({
    kb_id: Type.String({
      format: "uuid",
      description: "Best in front of the file.",
      examples: [knowledgeBaseId],
    }),
    file: Type.String({
      format: "binary",
      description: "The file; its name has its extension. Up to 90 such parts.",
    }),
    metadata: Type.Optional(
      Type.String({
        description:
          "A JSON object of texts, said of every file here: up to 50 keys of 64 characters with values of 500.",
        examples: ['{"department": "法务部"}'],
      }),
    ),
    async: Type.Optional(
      Type.Boolean({ description: "Answer at once with 202.", examples: [true] }),
    ),
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
            status,
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

export const documentStatusDocs = operation({
  id: "documentStatus",
  tag: "Documents",
  summary: "文档处理状态 · Where taking a document in stands",
  description: `With \`Accept: text/event-stream\`, a stream of \`status\` events: one now and one at each change, the last
when the document is \`ready\` or has \`failed\`. A quiet stream carries a comment every 9 seconds.

带 \`Accept: text/event-stream\` 时以事件流持续推送，直至处理完成或失败。`,
  success: {
    200: response("Where it stands", {
      "application/json": {
        schema: Type.Object({ ...success, ...statusFields }),
        example: { success: true, ...exampleStatus, message: "文档状态获取成功" },
      },
      "text/event-stream": {
        schema: Type.Unsafe<string>({ type: "string", "x-item-schema": statusEvent }),
        example: exampleEvents,
      },
    }),
  },
  errors: ["invalid_field", "document_not_found"],
});

export const retryDocumentDocs = operation({
  id: "retryDocument",
  tag: "Documents",
  summary: "重试失败的文档 · Take a failed document in again",
  description: `Answers at once; \`GET /api/rag/doc/status\` tells how it goes. For a document that has not failed nothing is
done, and its status is answered.

对处理失败的文档重新处理，立即返回。`,
  success: {
    200: json("It had not failed", Type.Object({ ...success, ...statusFields }), {
      success: true,
      ...exampleStatus,
      status: "ready",
      stage: "ready",
      chunks_done: 25,
      message: "文档状态获取成功",
    }),
    202: json("It is being taken in", Type.Object({ ...success, ...statusFields }), {
      success: true,
      ...exampleStatus,
      message: "文档已接收，正在处理",
    }),
  },
  errors: [...jsonBodyErrors, "document_not_found"],
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
