import type { ChatMessage, TokenUsage } from "./index.ts";

/**
 * Tokens that frame each message, its role included, and that open the answer (OpenAI's cookbook,
 * "How to count tokens with tiktoken").
 */
const messageFrame = 4;
const answerOpening = 3;

/** The texts whose tokens are counted: those of the prompt's messages, then those of the answer. */
export const countedTexts = (
  prompt: readonly ChatMessage[],
  answer: readonly string[],
): string[] => [...prompt.map(({ content }) => content), ...answer];

/** Adds up the tokens of `countedTexts`, which are those of a prompt of so many messages first. */
export function addUp(messages: number, counts: readonly number[]): TokenUsage {
  const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
  const promptTokens = sum(counts.slice(0, messages)) + messages * messageFrame + answerOpening;
  const completionTokens = sum(counts.slice(messages));
  return {
    promptTokens,
    completionTokens,
    totalTokens: promptTokens + completionTokens,
    estimated: true,
  };
}
