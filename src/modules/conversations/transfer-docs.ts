import { Type } from "@sinclair/typebox";
import { json, operation, response } from "../../http/docs/operation.ts";
import { exportedConversation, exportFormat, exportVersion } from "./exported.ts";

const example = {
  format: exportFormat,
  version: exportVersion,
  title: "我的新对话",
  model: "gpt-4o",
  system_prompt: null,
  temperature: null,
  top_p: null,
  max_tokens: null,
  created_time: 1731851729,
  tip: 2,
  messages: [
    {
      message_id: 1,
      parent_id: null,
      role: "user",
      content: "介绍一下RUST",
      created_time: 1731851730,
    },
    {
      message_id: 2,
      parent_id: 1,
      role: "assistant",
      content: "Rust 是一种系统编程语言，由 Graydon Hoare 设计...",
      created_time: 1731851730,
      status: "complete",
      finish_reason: "stop",
    },
  ],
};

const markdown = `# 我的新对话

模型: gpt-4o · 2024-11-17 13:55 UTC

## 用户

介绍一下RUST

## 助手

Rust 是一种系统编程语言，由 Graydon Hoare 设计...
`;

/** The file's form, as the documentation names it. */
const conversationFile = Type.Object(exportedConversation.properties, {
  $id: "ConversationFile",
  examples: [example],
});

export const exportDocs = operation({
  id: "exportConversation",
  tag: "Conversations",
  summary: "导出对话 · Export a conversation",
  description: `As \`json\` the whole conversation with all its branches, but for the key, in the form that *Import* takes;
as \`markdown\` the branch that is shown, for people to read.

\`json\` 为包含全部分支的完整对话（不含密钥），可再次导入；\`markdown\` 为当前分支的可读文本。`,
  success: {
    200: response(
      "A file, named after the title",
      {
        "application/json": { schema: conversationFile, example },
        "text/markdown": { schema: Type.String(), example: markdown },
      },
      {
        "Content-Disposition": {
          schema: Type.String(),
          example:
            "attachment; filename=\"conversation-329629.json\"; filename*=UTF-8''%E5%AF%B9.json",
        },
      },
    ),
  },
  errors: ["invalid_field", "conversation_not_found"],
});

/** What of ChatGPT's export is read; it holds more. */
const chatGptConversation = Type.Object(
  {
    title: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    create_time: Type.Optional(Type.Union([Type.Number(), Type.Null()])),
    current_node: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    default_model_slug: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    mapping: Type.Record(Type.String(), Type.Unsafe<unknown>({ type: "object" })),
  },
  { $id: "ChatGptConversation", additionalProperties: true },
);

const conversationFiles = Type.Union(
  [conversationFile, Type.Array(Type.Union([conversationFile, chatGptConversation]))],
  { examples: [example] },
);

export const importDocs = operation({
  id: "importConversations",
  tag: "Conversations",
  summary: "导入对话 · Import conversations",
  description: `Takes conversations in as new ones: a file that *Export* wrote, an array of such, or ChatGPT's
\`conversations.json\`, of up to \`rag.max_upload_bytes\`. Branches are kept; system messages and tools in ChatGPT's
are left out. Each conversation is stored whole or not at all, and one at fault keeps no other out: see
\`failed\`. After 100 of those the rest is left unread.

导入为新对话：本系统导出的 JSON（单个或数组），或 ChatGPT 导出的 \`conversations.json\`，大小不超过 \`rag.max_upload_bytes\`。
保留分支；每个对话要么完整导入，要么不导入，出错的对话列于 \`failed\`。`,
  body: conversationFiles,
  success: {
    200: json(
      "The new conversations, in the order of the file",
      Type.Object({
        conversation_ids: Type.Array(Type.Integer({ minimum: 1 })),
        failed: Type.Array(
          Type.Object({
            index: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
              description: "Its place in the file, from 0; null where the file breaks off.",
            }),
            title: Type.Union([Type.String(), Type.Null()]),
            code: Type.String(),
            error: Type.String(),
          }),
        ),
        message: Type.String(),
      }),
      {
        conversation_ids: [329631, 329630],
        failed: [
          {
            index: 1,
            title: "另一个对话",
            code: "invalid_field",
            error: "字段 messages.0.role 无效：缺少该字段",
          },
        ],
        message: "已导入 2 个对话，1 处有误",
      },
    ),
  },
  errors: [
    "malformed_json",
    "invalid_body",
    "invalid_field",
    "body_too_large",
    "file_too_large",
    "unsupported_content_type",
    "rate_limited",
  ],
});
