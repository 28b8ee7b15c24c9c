import { Elysia } from "elysia";
import { attachment } from "../../http/content-disposition.ts";
import type { HttpContext } from "../../http/context.ts";
import { languageOf } from "../../http/request.ts";
import type { ExportService } from "./export.ts";
import { conversationParams, exportQuery } from "./model.ts";
import { exportDocs } from "./transfer-docs.ts";

const files = {
  json: { type: "application/json", extension: "json" },
  markdown: { type: "text/markdown", extension: "md" },
} as const;

export const transferRoutes = (http: HttpContext, exports: ExportService) =>
  new Elysia({ prefix: "/api/conversations" }).use(http.auth.guard).get(
    "/:conversation_id/export",
    async ({ params, query, userId, request }) => {
      const { conversation_id: id } = params;
      const { title, text } =
        query.format === "json"
          ? await exports.json(id, userId)
          : await exports.markdown(id, userId, languageOf(request, http.language));
      const { type, extension } = files[query.format];
      return new Response(text, {
        headers: {
          "Content-Type": `${type}; charset=utf-8`,
          "Content-Disposition": attachment(title, `conversation-${id}`, extension),
        },
      });
    },
    { params: conversationParams, query: exportQuery, detail: exportDocs },
  );
