import { Type } from "@sinclair/typebox";
import { json, jsonBodyErrors, operation, response } from "../../http/docs/operation.ts";
import { documentId, documentStatus, knowledgeBaseId, success, uuid } from "./docs.ts";

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
  status: documentStatus,
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
