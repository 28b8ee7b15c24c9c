import { Type } from "@sinclair/typebox";
import { operation, response } from "../../http/docs/operation.ts";
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
