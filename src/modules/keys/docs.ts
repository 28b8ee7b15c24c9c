import { Type } from "@sinclair/typebox";
import { json, jsonBodyErrors, operation } from "../../http/docs/operation.ts";
import { scope } from "./model.ts";

const time = Type.Integer({ description: "Unix seconds." });

const apiKeyFields = {
  key_id: Type.String({ format: "uuid" }),
  name: Type.String(),
  prefix: Type.String({ description: "The beginning of the key." }),
  scopes: Type.Array(scope),
  created_time: time,
  expires_time: Type.Union([time, Type.Null()], { description: "Null: never." }),
  last_used_time: Type.Union([time, Type.Null()], {
    description: "To the minute; null: it was never used.",
  }),
};

const example = {
  key_id: "0198f0c4-7a11-7c3e-9f02-1b6d5e8a4c70",
  name: "NextChat",
  prefix: "sk-llmb-3fKq9Z",
  scopes: ["chat" as const, "knowledge:read" as const],
  created_time: 1731851729,
  expires_time: 1739627729,
  last_used_time: null,
};

export const createKeyDocs = operation({
  id: "createApiKey",
  tag: "API keys",
  summary: "创建 API 密钥 · Create an API key",
  description: `The key is in this answer alone: only its hash is kept. Send it as \`Authorization: Bearer sk-…\`.

| scope | opens |
|---|---|
| \`chat\` | \`/v1/chat/completions\`, \`/v1/embeddings\`, \`/v1/rerank\` |
| \`knowledge:read\` | what reads under \`/api/rag\`: lists, \`retrieve\`; with \`chat\`, the models \`kb:…\` |
| \`knowledge:write\` | what changes knowledge bases and documents under \`/api/rag\` |

Conversations, and keys themselves, take a signed-in user.

密钥仅在此返回一次，服务器只保存其哈希。对话与密钥管理需要登录令牌，不接受 API 密钥。`,
  success: {
    201: json(
      "Created",
      Type.Object({ ...apiKeyFields, key: Type.String({ description: "Shown this once." }) }),
      { ...example, key: "sk-llmb-3fKq9ZbT0mPw7Xc2LhV5RyN8sQaJ4uE6gDiK1oWxB9tYvMz00aB3xZ" },
    ),
  },
  errors: [...jsonBodyErrors, "too_many_api_keys"],
});

export const listKeysDocs = operation({
  id: "listApiKeys",
  tag: "API keys",
  summary: "获取 API 密钥列表 · List API keys",
  description: "The caller's keys, newest first, without the keys themselves. 返回当前用户的密钥。",
  success: { 200: json("The keys", Type.Array(Type.Object(apiKeyFields)), [example]) },
  errors: [],
});

export const deleteKeyDocs = operation({
  id: "deleteApiKey",
  tag: "API keys",
  summary: "删除 API 密钥 · Revoke an API key",
  description: "From now on it opens nothing. 立即失效。",
  success: {
    200: json("Revoked", Type.Object({ success: Type.Literal(true), message: Type.String() }), {
      success: true,
      message: "API 密钥已删除",
    }),
  },
  errors: ["invalid_field", "api_key_not_found"],
});
