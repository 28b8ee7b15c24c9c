import { Elysia } from "elysia";
import { AppError } from "../../errors.ts";
import { jsonBody, noBody } from "../../http/body.ts";
import type { HttpContext } from "../../http/context.ts";
import { errorMessage, successMessage } from "../../http/messages.ts";
import { languageOf } from "../../http/request.ts";
import { eventStreamResponse, type StreamSource, streamFormat } from "../../http/sse.ts";
import { conversationParams } from "../conversations/model.ts";
import { toFilter } from "../knowledge/filter.ts";
import { namedKnowledgeBases } from "../knowledge/named.ts";
import { rerankingWarning } from "../knowledge/result.ts";
import { chatDocs, groundedChatDocs, regenerateDocs, resumeDocs, stopDocs } from "./docs.ts";
import type { WantedAnswer } from "./following.ts";
import { groundIn, type KnowledgeSource } from "./grounding.ts";
import { chatBody, groundedChatBody, parseEventId, regenerateBody, resumeQuery } from "./model.ts";
import type { Following } from "./replay.ts";
import type { ChatService, Question } from "./service.ts";
import type { TurnRequest } from "./turn.ts";

export function chatRoutes(http: HttpContext, chat: ChatService, knowledge: KnowledgeSource) {
  /** The events of an answer, and how they are found again. */
  function sourceOf(following: Following, wanted: Omit<WantedAnswer, "answerId" | "next">) {
    const { log, messageId, first, shift, leave } = following;
    return {
      log,
      first,
      idOf: (index: number) => `${messageId}-${index + shift}`,
      onEnd: leave,
      async reopen(index: number): Promise<StreamSource> {
        const place = { answerId: messageId, next: index + shift };
        return sourceOf(await chat.follow({ ...wanted, ...place }), wanted);
      },
    };
  }

  function stream(
    request: Request,
    following: Following,
    whose: Pick<WantedAnswer, "conversationId" | "userId">,
  ): Response {
    const { conversationId, userId } = whose;
    const interruption = errorMessage("interrupted", languageOf(request, http.language));
    return eventStreamResponse({
      ...sourceOf(following, { conversationId, userId, interruption }),
      format: streamFormat(request.headers.get("accept")),
      signal: request.signal,
    });
  }

  /** Asks, and answers with the stream. */
  async function answer(
    request: Request,
    question: Omit<Question, "describe" | "warn">,
  ): Promise<Response> {
    const language = languageOf(request, http.language);
    const generation = await chat.ask({
      ...question,
      describe: (code, parameters) => errorMessage(code, language, parameters),
      warn: (failure) => rerankingWarning(failure, language),
    });
    const leave = generation.join();
    request.signal.addEventListener("abort", leave);
    if (request.signal.aborted) leave();
    await generation.opened;
    request.signal.removeEventListener("abort", leave);
    const { log, messageId } = generation;
    return stream(request, { log, messageId, first: 0, shift: 0, leave }, question);
  }

  const turnRequest = (message: string, editedId: number | undefined): TurnRequest =>
    editedId === undefined
      ? { kind: "send", message }
      : { kind: "edit", messageId: editedId, message };

  return new Elysia({ prefix: "/api" })
    .use(http.auth.guard)
    .post(
      "/chat/:conversation_id",
      ({ params, body, userId, request }) =>
        answer(request, {
          conversationId: params.conversation_id,
          userId,
          request: turnRequest(body.message, body.edit_message_id),
        }),
      { params: conversationParams, ...jsonBody(http.maxBodyBytes, chatBody), detail: chatDocs },
    )
    .post(
      "/chat/:conversation_id/regenerate",
      ({ params, body, userId, request }) =>
        answer(request, {
          conversationId: params.conversation_id,
          userId,
          request: { kind: "regenerate", messageId: body.message_id },
        }),
      {
        params: conversationParams,
        ...jsonBody(http.maxBodyBytes, regenerateBody, { optional: true }),
        detail: regenerateDocs,
      },
    )
    .get(
      "/chat/:conversation_id/stream",
      async ({ params, query, userId, request }) => {
        // An empty one is what a client sends that has seen nothing (WHATWG HTML, section 9.2).
        const seen = request.headers.get("last-event-id") || query.after || undefined;
        const following = await chat.follow({
          conversationId: params.conversation_id,
          userId,
          ...(seen === undefined ? { answerId: undefined, next: 0 } : parseEventId(seen)),
          interruption: errorMessage("interrupted", languageOf(request, http.language)),
        });
        return stream(request, following, { conversationId: params.conversation_id, userId });
      },
      { params: conversationParams, query: resumeQuery, detail: resumeDocs },
    )
    .post(
      "/chat/:conversation_id/stop",
      async ({ params, userId, request }) => {
        const stopped = await chat.stop(params.conversation_id, userId);
        const language = languageOf(request, http.language);
        return {
          stopped,
          message: successMessage(stopped ? "answer_stopped" : "nothing_to_stop", language),
        };
      },
      { params: conversationParams, ...noBody, detail: stopDocs },
    )
    .post(
      "/rag/chat",
      async ({ body, userId, request }) => {
        const { top_k: topK, message } = body;
        const knowledgeBaseIds = namedKnowledgeBases(body) ?? [];
        if (knowledgeBaseIds.length === 0) {
          throw new AppError("invalid_field", { field: "kb_id", reason: "required" });
        }
        const filter = body.filter && toFilter(body.filter);
        return answer(request, {
          conversationId: body.conversation_id,
          userId,
          request: { kind: "send", message },
          grounding: await groundIn(knowledge, {
            knowledgeBaseIds,
            userId,
            topK,
            mode: body.mode,
            minScore: body.min_score,
            weight: body.weight,
            expand: body.expand,
            filter,
          }),
        });
      },
      { ...jsonBody(http.maxBodyBytes, groundedChatBody), detail: groundedChatDocs },
    );
}
