import { Elysia } from "elysia";
import { jsonBody, noBody } from "../../http/body.ts";
import type { HttpContext } from "../../http/context.ts";
import { type Language, successMessage } from "../../http/messages.ts";
import { readForm } from "../../http/multipart.ts";
import { languageOf } from "../../http/request.ts";
import {
  deleteDocumentDocs,
  documentChunksDocs,
  documentFileDocs,
  listDocumentsDocs,
} from "./document-docs.ts";
import { fileHeaders } from "./document-file.ts";
import { documentStatusStream, wantsEvents } from "./document-status.ts";
import { documentStatusDocs, retryDocumentDocs } from "./document-status-docs.ts";
import { toChunk, toListed, toStatus, toUploaded } from "./document-wire.ts";
import type { Taken } from "./documents.ts";
import {
  chunksQuery,
  documentQuery,
  documentReference,
  documentsQuery,
  retriedDocument,
} from "./model.ts";
import type { KnowledgeService } from "./service.ts";
import { uploadDocumentDocs } from "./upload-docs.ts";

/** RFC 7240, section 4.1. */
const prefersAsync = (request: Request): boolean =>
  /(^|,)\s*respond-async\s*($|[,;=])/i.test(request.headers.get("prefer") ?? "");

const statusPath = "/api/rag/doc/status";

/** What an upload is answered with: the specification's body for one document that can be found. */
function uploadAnswer(taken: readonly Taken[], language: Language) {
  const pending = taken.some(({ document }) => document.status === "processing");
  const [first, ...others] = taken;
  if (first !== undefined && others.length === 0) {
    const { id, chunkCount: count, status } = first.document;
    const key = pending ? "document_accepted" : "document_uploaded";
    const message = successMessage(key, language, { count });
    return {
      success: true,
      doc_id: id,
      message,
      ...(pending ? { status } : { chunk_count: count }),
    };
  }
  const docs = taken.map((each) => toUploaded(each, language));
  const ready = docs.filter(({ status }) => status === "ready").length;
  const key = pending ? "documents_accepted" : "documents_uploaded";
  return {
    success: docs.every(({ status }) => status !== "failed"),
    message: successMessage(key, language, { ready, total: docs.length }),
    docs,
  };
}

export function documentRoutes(http: HttpContext, knowledge: KnowledgeService) {
  const language = (request: Request): Language => languageOf(request, http.language);

  return new Elysia({ prefix: "/api/rag/doc" })
    .use(http.auth.guard)
    .post(
      "/upload",
      async ({ userId, request, set }) => {
        http.keepOpen(request);
        const parts = readForm(request, knowledge.maxUploadBytes);
        const preferred = prefersAsync(request);
        const taken = await knowledge.upload(userId, parts, preferred);
        if (taken.some(({ document }) => document.status === "processing")) {
          set.status = 202;
          const [first, ...others] = taken;
          if (first !== undefined && others.length === 0) {
            set.headers.location = `${statusPath}?doc_id=${first.document.id}`;
          }
          if (preferred) set.headers["preference-applied"] = "respond-async";
        }
        return uploadAnswer(taken, language(request));
      },
      { ...noBody, detail: uploadDocumentDocs },
    )
    .get(
      "/list",
      async ({ query, userId, request }) => ({
        success: true,
        docs: (await knowledge.documents(query.kb_id, userId, query)).map((document) =>
          toListed(document, language(request)),
        ),
        message: successMessage("documents_listed", language(request)),
      }),
      { query: documentsQuery, detail: listDocumentsDocs },
    )
    .get(
      "/status",
      async ({ query, userId, request }) => {
        const state = await knowledge.documentState(query.doc_id, userId);
        if (wantsEvents(request)) {
          http.keepOpen(request);
          const options = { request, userId, language: language(request) };
          return documentStatusStream(knowledge, state, options);
        }
        return {
          success: true,
          ...toStatus(state.document, state.progress, language(request)),
          message: successMessage("document_status_shown", language(request)),
        };
      },
      { query: documentQuery, detail: documentStatusDocs },
    )
    .post(
      "/retry",
      async ({ body, userId, request, set }) => {
        const { document, progress } = await knowledge.retryDocument(body.doc_id, userId);
        const status = toStatus(document, progress, language(request));
        const pending = status.status === "processing";
        if (pending) set.status = 202;
        const key = pending ? "document_accepted" : "document_status_shown";
        return { success: true, ...status, message: successMessage(key, language(request)) };
      },
      { ...jsonBody(http.maxBodyBytes, retriedDocument), detail: retryDocumentDocs },
    )
    .get(
      "/chunks",
      async ({ query, userId, request }) => {
        const { document, chunks } = await knowledge.chunks(query.doc_id, userId, query);
        const last = chunks.at(-1)?.index ?? -1;
        return {
          success: true,
          doc_id: document.id,
          chunk_count: document.chunkCount,
          chunks: chunks.map(toChunk),
          next_after: chunks.length > 0 && last < document.chunkCount - 1 ? last : null,
          message: successMessage("chunks_listed", language(request)),
        };
      },
      { query: chunksQuery, detail: documentChunksDocs },
    )
    .get(
      "/file",
      async ({ query, userId }) => {
        const { document, path } = await knowledge.original(query.doc_id, userId);
        const headers = fileHeaders(document.name, document.fileType);
        return new Response(Bun.file(path), { headers });
      },
      { query: documentQuery, detail: documentFileDocs },
    )
    .post(
      "/delete",
      async ({ body, userId, request }) => {
        await knowledge.removeDocument(body.doc_id, body.kb_id, userId);
        return { success: true, message: successMessage("document_deleted", language(request)) };
      },
      { ...jsonBody(http.maxBodyBytes, documentReference), detail: deleteDocumentDocs },
    );
}
