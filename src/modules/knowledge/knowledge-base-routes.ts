import { Elysia } from "elysia";
import { jsonBody } from "../../http/body.ts";
import type { HttpContext } from "../../http/context.ts";
import { type Language, successMessage } from "../../http/messages.ts";
import { languageOf } from "../../http/request.ts";
import {
  createKnowledgeBaseDocs,
  deleteKnowledgeBaseDocs,
  listKnowledgeBasesDocs,
  reindexKnowledgeBaseDocs,
  updateKnowledgeBaseDocs,
} from "./knowledge-base-docs.ts";
import { fromSettings, toListedKnowledgeBase, type WireOptions } from "./knowledge-base-wire.ts";
import {
  knowledgeBaseChanges,
  knowledgeBaseReference,
  knowledgeBasesQuery,
  newKnowledgeBase,
  reindexBody,
} from "./model.ts";
import type { KnowledgeService } from "./service.ts";

export function knowledgeBaseRoutes(http: HttpContext, knowledge: KnowledgeService) {
  const language = (request: Request): Language => languageOf(request, http.language);
  const wire = (request: Request): WireOptions => ({
    language: language(request),
    defaultChunkSize: knowledge.defaultChunkSize,
  });

  return new Elysia({ prefix: "/api/rag/kb" })
    .use(http.auth.guard)
    .post(
      "/create",
      async ({ body, userId, request }) => {
        const { kb_name: name, embedding_model: embeddingModel } = body;
        const wanted = { ...fromSettings(body), name, embeddingModel };
        const created = await knowledge.create(userId, wanted);
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
      "/list",
      async ({ query, userId, request }) => ({
        success: true,
        kbs: (await knowledge.list(userId, query)).map((knowledgeBase) =>
          toListedKnowledgeBase(knowledgeBase, wire(request)),
        ),
        message: successMessage("knowledge_bases_listed", language(request)),
      }),
      { query: knowledgeBasesQuery, detail: listKnowledgeBasesDocs },
    )
    .post(
      "/update",
      async ({ body, userId, request }) => {
        const updated = await knowledge.update(body.kb_id, userId, fromSettings(body));
        return {
          success: true,
          kb: toListedKnowledgeBase(updated, wire(request)),
          message: successMessage("knowledge_base_updated", language(request)),
        };
      },
      { ...jsonBody(http.maxBodyBytes, knowledgeBaseChanges), detail: updateKnowledgeBaseDocs },
    )
    .post(
      "/reindex",
      async ({ body, userId, request, set }) => {
        const { kb_id, embedding_model: embeddingModel, chunk_size: chunkSize } = body;
        const begun = await knowledge.reindex(kb_id, userId, { embeddingModel, chunkSize });
        set.status = 202;
        return {
          success: true,
          kb: toListedKnowledgeBase(begun, wire(request)),
          message: successMessage("reindex_started", language(request)),
        };
      },
      { ...jsonBody(http.maxBodyBytes, reindexBody), detail: reindexKnowledgeBaseDocs },
    )
    .post(
      "/delete",
      async ({ body, userId, request }) => {
        await knowledge.remove(body.kb_id, userId);
        return {
          success: true,
          message: successMessage("knowledge_base_deleted", language(request)),
        };
      },
      { ...jsonBody(http.maxBodyBytes, knowledgeBaseReference), detail: deleteKnowledgeBaseDocs },
    );
}
