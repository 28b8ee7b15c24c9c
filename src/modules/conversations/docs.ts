import { Type } from "@sinclair/typebox";
import { json, jsonBodyErrors, operation, providerErrors } from "../../http/docs/operation.ts";
import { citation, tokenUsage } from "../chat/docs.ts";
import { knowledgeBaseId, uuid, warnings } from "../knowledge/docs.ts";
import { newConversation } from "./model.ts";

const attached = Type.Optional(
  Type.Array(uuid, {
    description: "The knowledge bases that are attached to it, where there are.",
  }),
);

export const conversationId = Type.Integer({ minimum: 1, examples: [329629] });
export const createdTime = Type.Integer({ description: "Unix seconds.", examples: [1731851729] });

export const createConversationDocs = operation({
  id: "createConversation",
  tag: "Conversations",
  summary: "创建对话 · Create a conversation",
  description: `The model is fixed here: \`demo\` needs no key and no network, \`gpt-4o\` goes to the provider with the
longest matching prefix, \`provider/model\` names the provider outright. \`api_key\` is used for this
conversation alone, kept encrypted and never shown again. Without a title it gets one by default, and
after the first answer a better one, which the model finds. With \`kb_ids\` its questions are answered from
those knowledge bases.

模型在此确定：\`demo\` 无需密钥和网络；其他模型按前缀匹配服务商，也可写作 \`服务商/模型\`。\`api_key\` 仅用于本对话，加密保存且不再显示。未指定标题时，首次回答后由模型拟定。\`kb_ids\` 为对话绑定知识库，此后的提问均依据其内容回答。`,
  success: {
    200: json(
      "Created: the settings that were sent, with the id, the title and the time",
      Type.Composite([
        newConversation,
        Type.Object({
          conversation_id: conversationId,
          title: Type.String(),
          created_time: createdTime,
        }),
      ]),
      {
        conversation_id: 329629,
        title: "我的新对话",
        model: "gpt-4o",
        api_key: "your-api-key-here",
        created_time: 1731851729,
      },
    ),
  },
  errors: [...jsonBodyErrors, "knowledge_base_not_found"],
});

export const updateConversationDocs = operation({
  id: "updateConversation",
  tag: "Conversations",
  summary: "修改对话设置 · Change a conversation's settings",
  description: `Changes what is sent and leaves the rest; \`null\` takes a setting back to the server's default. The new
settings hold from the next answer on. \`kb_ids\` takes the place of what was attached; \`null\` and \`[]\` detach all,
and a knowledge base that is deleted falls off by itself. Answers all settings, but for the key.

仅修改所发送的字段，\`null\` 恢复默认值，自下一次回答起生效。\`kb_ids\` 替换已绑定的知识库，\`null\` 或 \`[]\` 解除绑定；知识库删除后自动解除。返回全部设置（不含密钥）。`,
  success: {
    200: json(
      "All settings as they are now",
      Type.Object({
        conversation_id: conversationId,
        title: Type.String(),
        model: Type.String(),
        has_api_key: Type.Boolean({ description: "Whether it has a key of its own." }),
        system_prompt: Type.Union([Type.String(), Type.Null()]),
        temperature: Type.Union([Type.Number(), Type.Null()]),
        top_p: Type.Union([Type.Number(), Type.Null()]),
        max_tokens: Type.Union([Type.Integer(), Type.Null()]),
        kb_ids: Type.Array(uuid, { description: "The knowledge bases that are attached to it." }),
        created_time: createdTime,
      }),
      {
        conversation_id: 329629,
        title: "我的新对话",
        model: "gpt-4o",
        has_api_key: true,
        system_prompt: null,
        temperature: 0.2,
        top_p: null,
        max_tokens: null,
        kb_ids: [knowledgeBaseId],
        created_time: 1731851729,
      },
    ),
  },
  errors: [...jsonBodyErrors, "conversation_not_found", "knowledge_base_not_found"],
});

export const titleDocs = operation({
  id: "titleConversation",
  tag: "Conversations",
  summary: "自动生成标题 · Let the model find a title",
  description: `Asks the conversation's model for a short title in the conversation's language, for 10 seconds at most,
and stores it. A title that the user changes meanwhile stays, and is what is answered.

由对话所用的模型按对话语言拟定简短标题并保存，最长等待 10 秒；若期间用户修改了标题，则保留用户的标题。`,
  success: {
    200: json(
      "The title that the conversation has now",
      Type.Object({ conversation_id: conversationId, title: Type.String() }),
      { conversation_id: 329629, title: "Rust 语言简介" },
    ),
  },
  errors: [
    "invalid_field",
    "conversation_not_found",
    "message_not_found",
    "unknown_model",
    ...providerErrors,
  ],
});

const message = Type.Object(
  {
    role: Type.Union([Type.Literal("user"), Type.Literal("assistant")]),
    content: Type.String(),
    message_id: Type.Integer({ minimum: 1, description: "1, 2, 3 … within the conversation." }),
    created_time: createdTime,
    status: Type.Optional(
      Type.Union(
        [Type.Literal("complete"), Type.Literal("streaming"), Type.Literal("interrupted")],
        {
          description:
            "Of an answer: `streaming` still grows, `interrupted` was cut and holds what had come.",
        },
      ),
    ),
    finish_reason: Type.Optional(
      Type.Union([Type.String(), Type.Null()], {
        description: "Of an answer: the provider's word for why it ended.",
      }),
    ),
    model: Type.Optional(Type.String({ description: "What answered, where it was a fallback." })),
    reasoning: Type.Optional(
      Type.String({ description: "What the model thought, where it told." }),
    ),
    sources: Type.Optional(
      Type.Array(citation, { description: "What a grounded answer was made from." }),
    ),
    warnings,
    usage: Type.Optional(tokenUsage),
    siblings: Type.Optional(
      Type.Array(Type.Integer({ minimum: 1 }), {
        description: "With `branches=true`: the messages in this place, this one among them.",
      }),
    ),
  },
  { $id: "Message" },
);

export const historyDocs = operation({
  id: "getHistory",
  tag: "Conversations",
  summary: "获取对话历史 · Read a conversation",
  description: `The messages of the branch that is shown, oldest first; the system prompt is not among them. User messages are as they were
written, never the prompt that retrieval built around them. With \`limit\`, the newest so many; for those before
them, send the first \`message_id\` as \`before\`: what comes before a message never changes.

按时间顺序返回当前分支的消息，不含系统提示词。\`limit\` 仅返回最新的若干条；向前翻页时将本页第一个 \`message_id\` 作为 \`before\`。`,
  success: {
    200: json(
      "The conversation",
      Type.Object({
        conversation_id: conversationId,
        title: Type.String(),
        model: Type.String(),
        kb_ids: attached,
        messages: Type.Array(message),
        has_more: Type.Optional(
          Type.Boolean({
            description: "With `limit` or `before`: whether more come before these.",
          }),
        ),
        created_time: createdTime,
      }),
      {
        conversation_id: 329629,
        title: "我的新对话",
        model: "gpt-4o",
        messages: [
          {
            role: "user",
            content: "介绍一下RUST",
            message_id: 1,
            created_time: 1731851730,
          },
          {
            role: "assistant",
            content: "Rust 是一种系统编程语言，由 Graydon Hoare 设计...",
            message_id: 2,
            created_time: 1731851730,
            status: "complete",
            finish_reason: "stop",
            usage: { prompt_tokens: 24, completion_tokens: 312, total_tokens: 336 },
          },
        ],
        created_time: 1731851729,
      },
    ),
  },
  errors: ["invalid_field", "conversation_not_found", "message_not_found"],
});

export const branchDocs = operation({
  id: "showBranch",
  tag: "Conversations",
  summary: "切换分支 · Show another branch",
  description: `Shows the branch that goes through a message, the newest one where it forks further on. An edited
message and a second answer each begin a branch; \`history?branches=true\` lists the siblings.

显示经过指定消息的分支；编辑消息或重新生成回答都会产生新分支。`,
  success: {
    200: json(
      "The newest message of the branch",
      Type.Object({ tip: Type.Integer({ minimum: 1 }) }),
      { tip: 4 },
    ),
  },
  errors: [...jsonBodyErrors, "conversation_not_found", "message_not_found"],
});

export const listConversationsDocs = operation({
  id: "listConversations",
  tag: "Conversations",
  summary: "列出对话 · List conversations",
  description: `The caller's conversations, newest first. For the next page, send the last \`conversation_id\` as
\`before\`.

最新的在前；翻页时将本页最后一个 \`conversation_id\` 作为 \`before\`。`,
  success: {
    200: json(
      "One page",
      Type.Array(
        Type.Object({
          conversation_id: conversationId,
          title: Type.String(),
          created_time: createdTime,
          kb_ids: attached,
        }),
      ),
      [
        { conversation_id: 329630, title: "另一个对话", created_time: 1731851730 },
        { conversation_id: 329629, title: "我的新对话", created_time: 1731851729 },
      ],
    ),
  },
  errors: ["invalid_field"],
});

export const deleteConversationDocs = operation({
  id: "deleteConversation",
  tag: "Conversations",
  summary: "删除对话 · Delete a conversation",
  description: "Deletes it with all its messages. 删除对话及其全部消息。",
  success: {
    200: json("Deleted", Type.Object({ message: Type.String() }), { message: "对话删除成功" }),
  },
  errors: ["invalid_field", "conversation_not_found"],
});
