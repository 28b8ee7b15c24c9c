import { type TSchema, Type } from "@sinclair/typebox";
import { jsonBodyErrors, operation, response } from "../../http/docs/operation.ts";
import { embeddingErrors, exampleHit, hitFields, warnings } from "../knowledge/docs.ts";

export const exampleCitation = { number: 1, ...exampleHit };

/** A hit as an answer cites it. */
export const citation = Type.Object(
  {
    number: Type.Integer({ minimum: 1, description: "What the answer cites it by: [1]" }),
    ...hitFields,
  },
  { $id: "Citation", examples: [exampleCitation] },
);

export const tokenUsage = Type.Object(
  {
    prompt_tokens: Type.Integer({ minimum: 0 }),
    completion_tokens: Type.Integer({ minimum: 0 }),
    total_tokens: Type.Integer({ minimum: 0 }),
    estimated: Type.Optional(
      Type.Literal(true, { description: "Counted here, since the provider did not say." }),
    ),
  },
  { $id: "TokenUsage" },
);

const event = <Name extends string, Data extends TSchema>(
  name: Name,
  data: Data,
  description: string,
) => Type.Object({ event: Type.Literal(name), data }, { description });

const start = Type.Object({
  message_id: Type.Integer({ minimum: 1, description: "The answer's." }),
  user_message_id: Type.Integer({ minimum: 1, description: "The question's." }),
  model: Type.String(),
});

const chatEvent = Type.Union(
  [
    event("start", start, "The first event."),
    Type.Object(
      {
        event: Type.Literal("sources"),
        data: Type.Array(citation),
        query: Type.Optional(
          Type.String({ description: "What was searched for, where it was rewritten." }),
        ),
        warnings,
      },
      { description: "What the answer is grounded in; before its first piece." },
    ),
    event("reasoning", Type.String(), "A piece of what the model thinks, where it tells."),
    event("message", Type.String(), "A piece of the answer."),
    event("usage", tokenUsage, "The provider's count of tokens."),
    event("done", Type.Literal("Stream finished"), "The answer is whole and stored."),
    event("full_response", Type.String(), "The whole answer; the last event."),
    Type.Object(
      {
        event: Type.Literal("error"),
        data: Type.String(),
        code: Type.String(),
        retryable: Type.Boolean({ description: "Whether the same question may fare better." }),
      },
      {
        description:
          "The answer was cut: takes the place of `done` and `full_response`. What has come is kept.",
      },
    ),
  ],
  {
    $id: "ChatEvent",
    description: "One event of a streamed answer; skip those that you do not know.",
  },
);

const streamed = (description: string) => Type.String({ description, "x-item-schema": chatEvent });

function answerStream(pieces: readonly string[], sources: readonly object[] = []) {
  const events = [
    { event: "start", data: { message_id: 2, user_message_id: 1, model: "gpt-4o" } },
    ...sources,
    ...pieces.map((data) => ({ event: "message", data })),
    { event: "usage", data: { prompt_tokens: 24, completion_tokens: 12, total_tokens: 36 } },
    { event: "done", data: "Stream finished" },
    { event: "full_response", data: pieces.join("") },
  ].map((event) => JSON.stringify(event));
  const frames = events.map((event, index) => `id: 2-${index}\ndata: ${event}\n\n`).join("");
  const lines = events.map((event) => `${event}\n\n`).join("");
  return response(
    `The answer as it is made: \`start\`, then pieces (\`message\`), then \`done\` and \`full_response\`;
an \`error\` event in their place when the answer was cut. A quiet stream carries a comment at least every
10 seconds. With \`Accept: application/x-ndjson\` the same objects come with a blank line between, without
\`id:\` and \`data:\`.`,
    {
      "text/event-stream": {
        schema: streamed("Server-sent events (WHATWG HTML, section 9.2)."),
        example: frames,
      },
      "application/x-ndjson": {
        schema: streamed("One JSON object after the other."),
        example: lines,
      },
    },
  );
}

const conversationErrors = [
  ...jsonBodyErrors,
  "conversation_not_found",
  "message_not_found",
  "generation_running",
  "unknown_model",
  ...embeddingErrors,
] as const;

export const chatDocs = operation({
  id: "chat",
  tag: "Chat",
  summary: "流式聊天 · Send a message and stream the answer",
  description: `The message is stored before the model is asked, the answer as it grows. A fault before the first
piece is a plain JSON error with its status; a later one is an \`error\` event. Where knowledge bases are attached to
the conversation, the answer is made from them, as that of \`POST /api/rag/chat\`.

消息在请求模型之前即已保存，回答边生成边保存。首个片段之前的错误以 JSON 返回，之后的错误以 \`error\` 事件返回。
对话绑定了知识库时，依据其内容回答，与 \`POST /api/rag/chat\` 相同。`,
  success: { 200: answerStream(["R", "ust", " 是一种系统编程语言，由 Graydon Hoare 设计..."]) },
  errors: conversationErrors,
});

export const regenerateDocs = operation({
  id: "regenerateAnswer",
  tag: "Chat",
  summary: "重新生成 · Answer again",
  description: `Makes another answer to the question of the answer that is named, by default of the last one, and shows
it; the first stays as its sibling. A question that was never answered is answered now. What is attached to the
conversation is searched again; failing that, the passages of the first answer are used again.

为同一问题重新生成回答，原回答保留为另一分支。对话绑定的知识库会重新检索，否则沿用原回答的引用。`,
  success: { 200: answerStream(["R", "ust"]) },
  errors: conversationErrors,
});

export const groundedChatDocs = operation({
  id: "chatWithKnowledgeBase",
  tag: "Chat",
  summary: "基于知识库的对话 · Ask about a knowledge base",
  description: `Retrieves the \`top_k\` best passages for the message, tells them in the \`sources\` event and lets the
model answer from them, citing by number. With \`kb_ids\` the passages of several knowledge bases compete.
Knowledge bases that are attached to the conversation are left aside. \`filter\` leaves documents out, as in \`POST /api/rag/retrieve\`.
A follow-up question is made to stand by itself first (\`rag.rewrite\`); \`query\`, beside the list, says how. A reranker
that fails or is late is told of in \`warnings\`, beside it, too. History keeps the message as it was written.

先检索知识库，通过 \`sources\` 事件返回引用，再由模型依据检索结果回答并按编号引用。\`sources\` 事件中的 \`query\` 为改写后的问题，\`warnings\` 说明重排序失败或超时。`,
  success: {
    200: answerStream(
      ["不可抗力条款是指", "合同中约定的因", "不可预见、不可避免... [1]"],
      [{ event: "sources", data: [exampleCitation] }],
    ),
  },
  errors: [...conversationErrors, "knowledge_base_not_found"],
});

export const resumeDocs = operation({
  id: "resumeChat",
  tag: "Chat",
  summary: "续接回答 · Follow an answer",
  description: `Follows the conversation's last answer, or the one that an event id names: what has come after that event
(\`Last-Event-ID\`, or \`after\`) is told again exactly as it was, and a running answer goes on live, for any number
of followers. An answer that was cut ends in an \`error\` event. An answer that another process on the same database
makes is told with the same ids: live where both use Redis, else as it is stored, a second or two late.

续接对话的最新回答（或事件 ID 所指的回答）：先补发该事件之后的内容，再继续实时推送，可同时有多个接收者。
由共用数据库的其他进程生成的回答同样可以续接：有 Redis 时实时推送，否则在存储之后推送。`,
  success: { 200: answerStream(["R", "ust"]) },
  errors: ["invalid_field", "conversation_not_found", "answer_not_found"],
});

export const stopDocs = operation({
  id: "stopChat",
  tag: "Chat",
  summary: "停止生成 · Stop the running answer",
  description: `Ends the answer with what has come of it: it is kept with \`finish_reason\` \`stopped\`, and its stream ends in
\`done\` and \`full_response\`. It may run in another process on the same database.

停止正在生成的回答（也可以由其他进程生成），保留已生成的内容。`,
  success: {
    200: response("Whether an answer was running.", {
      "application/json": {
        schema: Type.Object({ stopped: Type.Boolean(), message: Type.String() }),
        example: { stopped: true, message: "已停止生成" },
      },
    }),
  },
  errors: ["invalid_field", "conversation_not_found"],
});
