import { estimateTokens } from "../../text/tokens.ts";
import type { ChatMessage } from "./index.ts";

export interface Window {
  /** Tokens that question, history and answer may take together. */
  readonly contextTokens: number;
  /** Tokens that the answer may take, where that is limited. */
  readonly maxTokens: number | undefined;
}

/** Tokens that a message costs beside its text. */
const messageOverhead = 4;

/** Tokens kept free for the answer where nothing limits it. */
const defaultAnswerTokens = 4096;

/** The part of the window that an answer may claim: models are asked for more than they can give. */
const largestAnswerShare = 0.75;

function answerTokens({ contextTokens, maxTokens }: Window): number {
  if (maxTokens === undefined) return Math.min(defaultAnswerTokens, contextTokens / 4);
  return Math.min(maxTokens, contextTokens * largestAnswerShare);
}

const cost = (message: ChatMessage): number => estimateTokens(message.content) + messageOverhead;

/**
 * Drops the oldest turns until everything fits into the model's window, by an estimate: never the
 * system prompt in front or the newest message, and never so that an answer is left without its
 * question.
 */
export function fitToWindow(messages: readonly ChatMessage[], window: Window): ChatMessage[] {
  const system = messages[0]?.role === "system" ? messages.slice(0, 1) : [];
  const past = messages.slice(system.length, -1);
  const newest = messages.slice(Math.max(system.length, messages.length - 1));
  let left = window.contextTokens - answerTokens(window);
  for (const message of [...system, ...newest]) left -= cost(message);

  let first = past.length;
  for (const [index, message] of [...past.entries()].reverse()) {
    left -= cost(message);
    if (left < 0) break;
    first = index;
  }
  while (past[first]?.role === "assistant") first += 1;
  return [...system, ...past.slice(first), ...newest];
}
