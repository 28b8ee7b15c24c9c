import type { AppError } from "../../errors.ts";
import type { Usage } from "../../store/conversations.ts";
import { usageToWire } from "../usage/wire.ts";
import type { Sources } from "./sources.ts";

/** The events of a streamed answer, as the JSON text in which each is sent (contract, section 4). */
export const chatEvent = {
  start: (answer: { messageId: number; userMessageId: number; model: string }): string =>
    JSON.stringify({
      event: "start",
      data: {
        message_id: answer.messageId,
        user_message_id: answer.userMessageId,
        model: answer.model,
      },
    }),

  sources: ({ citations, query, warnings }: Sources): string =>
    JSON.stringify({ event: "sources", data: citations, query, warnings }),

  // Once a token: a literal around one string costs a third of stringifying the object.
  message: (text: string): string => `{"event":"message","data":${JSON.stringify(text)}}`,

  reasoning: (text: string): string => `{"event":"reasoning","data":${JSON.stringify(text)}}`,

  usage: (usage: Usage): string => JSON.stringify({ event: "usage", data: usageToWire(usage) }),

  done: (): string => '{"event":"done","data":"Stream finished"}',

  fullResponse: (text: string): string =>
    `{"event":"full_response","data":${JSON.stringify(text)}}`,

  error: (text: string, { code, retryable }: AppError): string =>
    JSON.stringify({ event: "error", data: text, code, retryable }),
};
