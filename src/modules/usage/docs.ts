import { Type } from "@sinclair/typebox";
import { json, operation } from "../../http/docs/operation.ts";

const tokens = Type.Integer({ minimum: 0 });

const numbers = {
  answers: Type.Integer({
    minimum: 0,
    description: "In conversations and by `/v1/chat/completions`.",
  }),
  requests: Type.Integer({
    minimum: 0,
    description: "Those and all other requests that models were sent.",
  }),
  prompt_tokens: tokens,
  completion_tokens: tokens,
  total_tokens: tokens,
  estimated_tokens: Type.Integer({
    minimum: 0,
    description: "How many of `total_tokens` were counted here, since the provider did not say.",
  }),
};

const group = Type.Object({
  day: Type.Optional(Type.String()),
  model: Type.Optional(Type.String()),
  user_id: Type.Optional(Type.Integer({ minimum: 1 })),
  username: Type.Optional(Type.String()),
  kind: Type.Optional(
    Type.Union(
      [
        Type.Literal("answer"),
        Type.Literal("title"),
        Type.Literal("rewrite"),
        Type.Literal("completion"),
        Type.Literal("embedding"),
        Type.Literal("rerank"),
      ],
      {
        description:
          "What was asked for: the answer of a conversation, its title, a follow-up question made to stand by itself; under /v1 a completion, an embedding, a reranking.",
      },
    ),
  ),
  ...numbers,
});

const example = {
  answers: 2,
  requests: 3,
  prompt_tokens: 48,
  completion_tokens: 624,
  total_tokens: 672,
  estimated_tokens: 0,
};

export const usageDocs = operation({
  id: "getUsage",
  tag: "Usage",
  summary: "用量统计 · Tokens used",
  description: `The tokens of the caller's requests by day (UTC) and model, the newest day first: answers, those under /v1
too, titles and rewritten questions; embeddings and rerankings under /v1. What was stopped or cut counts with
what had come. \`from\` is inclusive, \`to\` is not, both in Unix seconds. \`group_by\` adds \`groups\`, told apart by
\`day\`, \`model\`, \`user\` or \`kind\`, or several of them (\`user,model\`). With \`users=all\` the sums are everybody's:
only for users whom the configuration names as administrators (\`auth.admins\`).

按天（UTC）和模型统计当前用户的 token 用量：对话与 /v1 的回答（包括被停止或中断的）、标题、追问改写，以及 /v1 的向量与重排序。
\`group_by\` 按 \`day\`、\`model\`、\`user\`、\`kind\` 或其组合另行分组；\`users=all\` 统计所有用户，仅限 \`auth.admins\` 中的管理员。`,
  success: {
    200: json(
      "The sums",
      Type.Object({
        total: Type.Object(numbers),
        days: Type.Array(Type.Object({ day: Type.String(), model: Type.String(), ...numbers })),
        groups: Type.Optional(Type.Array(group)),
      }),
      { total: example, days: [{ day: "2026-11-22", model: "gpt-4o", ...example }] },
    ),
  },
  errors: ["invalid_field", "not_an_admin"],
});
