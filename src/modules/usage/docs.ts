import { Type } from "@sinclair/typebox";
import { json, operation } from "../../http/docs/operation.ts";

const tokens = Type.Integer({ minimum: 0 });

const numbers = {
  answers: tokens,
  prompt_tokens: tokens,
  completion_tokens: tokens,
  total_tokens: tokens,
  estimated_tokens: Type.Integer({
    minimum: 0,
    description: "How many of `total_tokens` were counted here, since the provider did not say.",
  }),
};

const example = {
  answers: 2,
  prompt_tokens: 48,
  completion_tokens: 624,
  total_tokens: 672,
  estimated_tokens: 0,
};

export const usageDocs = operation({
  id: "getUsage",
  tag: "Usage",
  summary: "用量统计 · Tokens used",
  description: `The tokens of the caller's answers by day (UTC) and model, the newest day first; answers that were stopped or
cut count with what had come. \`from\` is inclusive, \`to\` is not, both in Unix seconds.

按天（UTC）和模型统计当前用户的 token 用量，包括被停止或中断的回答。`,
  success: {
    200: json(
      "The sums",
      Type.Object({
        total: Type.Object(numbers),
        days: Type.Array(Type.Object({ day: Type.String(), model: Type.String(), ...numbers })),
      }),
      { total: example, days: [{ day: "2026-11-22", model: "gpt-4o", ...example }] },
    ),
  },
  errors: ["invalid_field"],
});
