import type { Usage } from "../../store/conversations.ts";

/** What an answer took, as callers are told and files hold it. */
export const usageToWire = (usage: Usage) => ({
  prompt_tokens: usage.promptTokens,
  completion_tokens: usage.completionTokens,
  total_tokens: usage.totalTokens,
  ...(usage.estimated ? { estimated: true } : {}),
});
