import { Elysia } from "elysia";
import { jsonBody, noBody } from "../../http/body.ts";
import type { HttpContext } from "../../http/context.ts";
import { errorMessage, type Language, successMessage } from "../../http/messages.ts";
import { readForm } from "../../http/multipart.ts";
import { languageOf } from "../../http/request.ts";
import type { Document } from "../../store/knowledge.ts";
import {
  createKnowledgeBaseDocs,
  deleteDocumentDocs,
  deleteKnowledgeBaseDocs,
  embeddingModelsDocs,
  listDocumentsDocs,
  listKnowledgeBasesDocs,
  retrieveDocs,
  uploadDocumentDocs,
} from "./docs.ts";
import {
  documentReference,
  documentsQuery,
  knowledgeBaseReference,
  newKnowledgeBase,
  retrieveBody,
} from "./model.ts";
import { toResult } from "./result.ts";
import type { KnowledgeService } from "./service.ts";

const toListed = (document: Document, language: Language) => ({
  doc_id: document.id,
  kb_id: document.knowledgeBaseId,
  doc_name: document.name,
  file_type: document.fileType,
  status: document.status,
  error:
    document.error === null
      ? null
      : errorMessage(document.error.code, language, document.error.parameters),
  size_bytes: document.sizeBytes,
  chunk_count: document.chunkCount,
  created_time: document.createdTime,
});

export function knowledgeRoutes(http: HttpContext, knowledge: KnowledgeService) {
  const language = (request: Request): Language => languageOf(request, http.language);

  return new Elysia({ prefix: "/api/rag" })
    .use(http.auth.guard)
    .post(
      "/kb/create",
      async ({ body, userId, request }) => {
        const { kb_name: name, embedding_model: embeddingModel } = body;
        const created = await knowledge.create(userId, { name, embeddingModel });
        const parameters = { model: created.embeddingModel };
        return {
          success: true,
          kb_id: created.id,
          message: successMessage("knowledge_base_created", language(request), parameters),
        };
      },
      { ...jsonBody(http.maxBodyBytes, newKnowledgeBase), detail: createKnowledgeBaseDocs },
    )
    .get(
      "/kb/list",
      async ({ userId, request }) => ({
        success: true,
        kbs: (await knowledge.list(userId)).map((knowledgeBase) => ({
          kb_id: knowledgeBase.id,
          kb_name: knowledgeBase.name,
          embedding_model: knowledgeBase.embeddingModel,
          created_time: knowledgeBase.createdTime,
        })),
        message: successMessage("knowledge_bases_listed", language(request)),
      }),
      { detail: listKnowledgeBasesDocs },
    )
    .post(
      "/kb/delete",
      async ({ body, userId, request }) => {
        await knowledge.remove(body.kb_id, userId);
        return {
          success: true,
          message: successMessage("knowledge_base_deleted", language(request)),
        };
      },
      { ...jsonBody(http.maxBodyBytes, knowledgeBaseReference), detail: deleteKnowledgeBaseDocs },
    )
    .post(
      "/doc/upload",
      async ({ userId, request }) => {
        http.keepOpen(request);
        const parts = readForm(request, knowledge.maxUploadBytes);
        const { id, chunkCount: count } = await knowledge.upload(userId, parts);
        return {
          success: true,
          doc_id: id,
          message: successMessage("document_uploaded", language(request), { count }),
          chunk_count: count,
        };
      },
      { ...noBody, detail: uploadDocumentDocs },
    )
    .get(
      "/doc/list",
      async ({ query, userId, request }) => ({
        success: true,
        docs: (await knowledge.documents(query.kb_id, userId)).map((document) =>
          toListed(document, language(request)),
        ),
        message: successMessage("documents_listed", language(request)),
      }),
      { query: documentsQuery, detail: listDocumentsDocs },
    )
    .post(
      "/doc/delete",
      async ({ body, userId, request }) => {
        await knowledge.removeDocument(body.doc_id, body.kb_id, userId);
        return { success: true, message: successMessage("document_deleted", language(request)) };
      },
      { ...jsonBody(http.maxBodyBytes, documentReference), detail: deleteDocumentDocs },
    )
    .post(
      "/retrieve",
      async ({ body, userId, request }) => {
        const hits = await knowledge.retrieve({
          knowledgeBaseId: body.kb_id,
          userId,
          query: body.query,
          topK: body.top_k,
          signal: request.signal,
        });
        return {
          success: true,
          results: hits.map(toResult),
          message: successMessage("retrieved", language(request)),
        };
      },
      { ...jsonBody(http.maxBodyBytes, retrieveBody), detail: retrieveDocs },
    )
    .get(
      "/models",
      ({ request }) => ({
        success: true,
        models: knowledge.modelNames,
        message: successMessage("embedding_models_listed", language(request)),
      }),
      { detail: embeddingModelsDocs },
    );
}
