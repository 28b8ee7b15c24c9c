import type { Static } from "@sinclair/typebox";
import type { Conversation } from "../../store/conversations.ts";
import type { conversationChanges } from "./model.ts";
import type { ConversationSettings } from "./service.ts";

/**
 * What a caller wants changed: null takes a setting back, and gives the conversation the title that it
 * would have had without one. `knowledgeBaseIds` is what the body names of them, checked.
 */
export function toChanges(
  body: Static<typeof conversationChanges>,
  defaultTitle: string,
  knowledgeBaseIds: readonly string[] | undefined,
): Partial<ConversationSettings> {
  const { title, api_key, system_prompt, max_tokens, top_p, kb_id: _, kb_ids: __, ...rest } = body;
  return {
    ...rest,
    ...(title === undefined ? {} : { title: title ?? defaultTitle, untitled: title === null }),
    ...(api_key === undefined ? {} : { apiKey: api_key || null }),
    ...(system_prompt === undefined ? {} : { systemPrompt: system_prompt }),
    ...(top_p === undefined ? {} : { topP: top_p }),
    ...(max_tokens === undefined ? {} : { maxTokens: max_tokens }),
    ...(knowledgeBaseIds === undefined ? {} : { knowledgeBaseIds }),
  };
}

/** A conversation's settings as a caller sees them; its key is never among them. */
export const settingsToWire = (conversation: Conversation) => ({
  conversation_id: conversation.id,
  title: conversation.title,
  model: conversation.model,
  has_api_key: conversation.encryptedApiKey !== null,
  system_prompt: conversation.systemPrompt,
  temperature: conversation.temperature,
  top_p: conversation.topP,
  max_tokens: conversation.maxTokens,
  kb_ids: conversation.knowledgeBaseIds,
  created_time: conversation.createdTime,
});
