import { Elysia } from "elysia";
import { AppError } from "../../errors.ts";
import { checkJsonType, noBody } from "../../http/body.ts";
import { attachment } from "../../http/content-disposition.ts";
import type { HttpContext } from "../../http/context.ts";
import { errorMessage, type Language, successMessage } from "../../http/messages.ts";
import { languageOf } from "../../http/request.ts";
import type { ExportService } from "./export.ts";
import type { ImportResult, ImportService } from "./import.ts";
import { conversationParams, exportQuery } from "./model.ts";
import { exportDocs, importDocs } from "./transfer-docs.ts";

const files = {
  json: { type: "application/json", extension: "json" },
  markdown: { type: "text/markdown", extension: "md" },
} as const;

function toWire({ conversationIds, faults }: ImportResult, language: Language) {
  const [count, failed] = [conversationIds.length, faults.length];
  const text = failed === 0 ? "conversations_imported" : "conversations_partly_imported";
  return {
    conversation_ids: conversationIds,
    failed: faults.map(({ index, title, code, parameters }) => ({
      index,
      title,
      code,
      error: errorMessage(code, language, parameters),
    })),
    message: successMessage(text, language, { count, failed }),
  };
}

export const transferRoutes = (http: HttpContext, exports: ExportService, imports: ImportService) =>
  new Elysia({ prefix: "/api/conversations" })
    .use(http.auth.guard)
    .get(
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
    )
    .post(
      "/import",
      async ({ userId, request }) => {
        checkJsonType(request);
        const limit = imports.maxBytes;
        if (Number(request.headers.get("content-length")) > limit) {
          throw new AppError("file_too_large", { limit });
        }
        if (request.body === null) throw new AppError("malformed_json");
        const result = await imports.import(userId, request.body);
        return toWire(result, languageOf(request, http.language));
      },
      { ...noBody, detail: importDocs },
    );
