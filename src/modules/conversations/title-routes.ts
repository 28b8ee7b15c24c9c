import { Elysia } from "elysia";
import { noBody } from "../../http/body.ts";
import type { HttpContext } from "../../http/context.ts";
import { titleDocs } from "./docs.ts";
import { conversationParams } from "./model.ts";
import type { TitleService } from "./titles.ts";

export const titleRoutes = (http: HttpContext, titles: TitleService) =>
  new Elysia({ prefix: "/api/conversations" }).use(http.auth.guard).post(
    "/:conversation_id/title",
    async ({ params, userId, request }) => ({
      conversation_id: params.conversation_id,
      title: await titles.give(params.conversation_id, userId, request.signal),
    }),
    { params: conversationParams, ...noBody, detail: titleDocs },
  );
