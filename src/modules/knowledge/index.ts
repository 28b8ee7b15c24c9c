import { Elysia } from "elysia";
import { jsonBody } from "../../http/body.ts";
import type { HttpContext } from "../../http/context.ts";
import { type Language, successMessage } from "../../http/messages.ts";
import { languageOf } from "../../http/request.ts";
import {
  createKnowledgeBaseDocs,
  deleteKnowledgeBaseDocs,
  embeddingModelsDocs,
  listKnowledgeBasesDocs,
  retrieveDocs,
} from "./docs.ts";
import { documentRoutes } from "./document-routes.ts";
import { knowledgeBaseReference, newKnowledgeBase, retrieveBody } from "./model.ts";
import { rerankingWarning, toResult } from "./result.ts";
import type { KnowledgeService } from "./service.ts";

export function knowledgeRoutes(http: HttpContext, knowledge: KnowledgeService) {
  const language = (request: Request): Language => languageOf(request, http.language);

  const routes = new Elysia({ prefix: "/api/rag" })
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
      "/retrieve",
      async ({ body, userId, request }) => {
        const { hits, rerankingFailure } = await knowledge.retrieve({
          knowledgeBaseId: body.kb_id,
          userId,
          query: body.query,
          topK: body.top_k,
          mode: body.mode,
          minScore: body.min_score,
          weight: body.weight,
          expand: body.expand,
          signal: request.signal,
        });
        return {
          success: true,
          results: hits.map((hit) => toResult(hit, body.explain)),
          message: successMessage("retrieved", language(request)),
          ...(rerankingFailure === undefined
            ? {}
            : { warnings: [rerankingWarning(rerankingFailure, language(request))] }),
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

  return new Elysia().use(documentRoutes(http, knowledge)).use(routes);
}
