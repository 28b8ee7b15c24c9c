import { asRecord } from "../json.ts";
import type { ChatMessage } from "./index.ts";

/** The text of a message's `content`, which is a text or a list of parts; images and the like have none. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .map((part) => asRecord(part)?.text)
    .filter((text) => typeof text === "string")
    .join("\n");
}

/** What a message, or a piece of one, says: content, reasoning and the names and arguments of calls. */
export function spokenTexts(message: Readonly<Record<string, unknown>>): string[] {
  const texts: unknown[] = [message.content, message.reasoning_content ?? message.reasoning];
  const calls: readonly unknown[] = Array.isArray(message.tool_calls) ? message.tool_calls : [];
  for (const call of calls) {
    const called = asRecord(asRecord(call)?.function);
    texts.push(called?.name, called?.arguments);
  }
  return texts.filter((text) => typeof text === "string");
}

/** The texts of a request's `messages`; whatever is not a message of OpenAI's protocol is passed over. */
export function readMessages(messages: unknown): ChatMessage[] {
  if (!Array.isArray(messages)) return [];
  return messages.map((message): ChatMessage => {
    const { role, content } = asRecord(message) ?? {};
    return {
      role: role === "user" || role === "assistant" ? role : "system",
      content: textOf(content),
    };
  });
}
