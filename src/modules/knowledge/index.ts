import { Elysia } from "elysia";
import { jsonBody } from "../../http/body.ts";
import type { HttpContext } from "../../http/context.ts";
import { type Language, successMessage } from "../../http/messages.ts";
import { languageOf } from "../../http/request.ts";
import { embeddingModelsDocs, retrieveDocs } from "./docs.ts";
import { documentRoutes } from "./document-routes.ts";
import { toFilter } from "./filter.ts";
import { knowledgeBaseRoutes } from "./knowledge-base-routes.ts";
import { retrieveBody } from "./model.ts";
import { rerankingWarning, toResult } from "./result.ts";
import type { KnowledgeService } from "./service.ts";

export function knowledgeRoutes(http: HttpContext, knowledge: KnowledgeService) {
  const language = (request: Request): Language => languageOf(request, http.language);

  const routes = new Elysia({ prefix: "/api/rag" })
    .use(http.auth.guard)
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
          filter: body.filter && toFilter(body.filter),
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

  return new Elysia()
    .use(knowledgeBaseRoutes(http, knowledge))
    .use(documentRoutes(http, knowledge))
    .use(routes);
}
