import { Type } from "@sinclair/typebox";
import { json, operation, response } from "../../http/docs/operation.ts";
import { documentId, documentStatus, embeddingErrors, knowledgeBaseId, uuid } from "./docs.ts";

const uploaded = Type.Object({
  doc_id: uuid,
  doc_name: Type.String(),
  status: documentStatus,
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
            status: Type.Optional(documentStatus),
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
