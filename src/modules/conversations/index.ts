import { Elysia } from "elysia";
import { jsonBody, noBody } from "../../http/body.ts";
import type { HttpContext } from "../../http/context.ts";
import { successMessage } from "../../http/messages.ts";
import { languageOf } from "../../http/request.ts";
import type { KnowledgeSource } from "../chat/grounding.ts";
import { attachedToWire, toAttach } from "./attached.ts";
import {
  branchDocs,
  createConversationDocs,
  deleteConversationDocs,
  historyDocs,
  listConversationsDocs,
  updateConversationDocs,
} from "./docs.ts";
import {
  branchBody,
  conversationChanges,
  conversationPage,
  conversationParams,
  historyQuery,
  newConversation,
} from "./model.ts";
import type { ConversationService } from "./service.ts";
import { settingsToWire, toChanges } from "./settings.ts";

const json = { headers: { "Content-Type": "application/json; charset=utf-8" } };

export const conversationRoutes = (
  http: HttpContext,
  conversations: ConversationService,
  knowledge: Pick<KnowledgeSource, "authorize">,
) =>
  new Elysia({ prefix: "/api/conversations" })
    .use(http.auth.guard)
    .post(
      "/create",
      async ({ body, userId, request }) => {
        const conversation = await conversations.create(userId, {
          title:
            body.title ?? successMessage("new_conversation", languageOf(request, http.language)),
          untitled: body.title === undefined,
          model: body.model,
          apiKey: body.api_key || null,
          systemPrompt: body.system_prompt ?? null,
          temperature: body.temperature ?? null,
          topP: body.top_p ?? null,
          maxTokens: body.max_tokens ?? null,
          knowledgeBaseIds: (await toAttach(body, userId, knowledge)) ?? [],
        });
        return {
          ...body,
          ...attachedToWire(conversation),
          conversation_id: conversation.id,
          title: conversation.title,
          created_time: conversation.createdTime,
        };
      },
      { ...jsonBody(http.maxBodyBytes, newConversation), detail: createConversationDocs },
    )
    .patch(
      "/:conversation_id",
      async ({ params, body, userId, request }) => {
        const defaultTitle = successMessage("new_conversation", languageOf(request, http.language));
        const attached = await toAttach(body, userId, knowledge);
        const changes = toChanges(body, defaultTitle, attached);
        return settingsToWire(await conversations.update(params.conversation_id, userId, changes));
      },
      {
        params: conversationParams,
        ...jsonBody(http.maxBodyBytes, conversationChanges, { changes: true }),
        detail: updateConversationDocs,
      },
    )
    .get(
      "/history/:conversation_id",
      async ({ params, query, userId }) => {
        const id = params.conversation_id;
        const isWhole = !query.branches && query.limit === undefined && query.before === undefined;
        const history = isWhole
          ? await conversations.history(id, userId)
          : await conversations.historyPart(id, userId, query);
        return new Response(history.json, json);
      },
      { params: conversationParams, query: historyQuery, detail: historyDocs },
    )
    .post(
      "/:conversation_id/branch",
      async ({ params, body, userId }) => ({
        tip: await conversations.showBranch(params.conversation_id, userId, body.message_id),
      }),
      {
        params: conversationParams,
        ...jsonBody(http.maxBodyBytes, branchBody),
        detail: branchDocs,
      },
    )
    .get(
      "/list",
      async ({ query, userId }) => {
        const page = await conversations.list(userId, query);
        return page.map((conversation) => ({
          conversation_id: conversation.id,
          title: conversation.title,
          created_time: conversation.createdTime,
          ...attachedToWire(conversation),
        }));
      },
      { query: conversationPage, detail: listConversationsDocs },
    )
    .post(
      "/del/:conversation_id",
      async ({ params, userId, request }) => {
        await conversations.remove(params.conversation_id, userId);
        const language = languageOf(request, http.language);
        return { message: successMessage("conversation_deleted", language) };
      },
      { params: conversationParams, ...noBody, detail: deleteConversationDocs },
    );
