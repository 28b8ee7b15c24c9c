import type { Cache } from "../../cache/index.ts";
import type { Conversation, ConversationStore, Message } from "../../store/conversations.ts";
import { parseSources } from "../chat/sources.ts";
import { branchTo, siblingsIn } from "./branches.ts";

/** A history as callers get it, ready to send, and whose it is. */
export interface History {
  readonly userId: number;
  readonly json: string;
}

const cacheKey = (conversationId: number): string => `history:${conversationId}`;

/** The owner stands before the first line break; JSON has none unescaped. */
const pack = (history: History): string => `${history.userId}\n${history.json}`;

function unpack(packed: string): History {
  const end = packed.indexOf("\n");
  return { userId: Number(packed.slice(0, end)), json: packed.slice(end + 1) };
}

function toWire(message: Message) {
  const { role, content, id, createdTime } = message;
  const common = { role, content, message_id: id, created_time: createdTime };
  if (role === "user") return common;
  return {
    ...common,
    status: message.status,
    finish_reason: message.finishReason,
    ...(message.model === null ? {} : { model: message.model }),
    ...(message.reasoning === null ? {} : { reasoning: message.reasoning }),
    ...(message.sources === null ? {} : { sources: parseSources(message.sources).citations }),
    ...(message.usage === null
      ? {}
      : {
          usage: {
            prompt_tokens: message.usage.promptTokens,
            completion_tokens: message.usage.completionTokens,
            total_tokens: message.usage.totalTokens,
            ...(message.usage.estimated ? { estimated: true } : {}),
          },
        }),
  };
}

function render(
  conversation: Conversation,
  messages: readonly Message[],
  withSiblings: boolean,
): History {
  const siblings = withSiblings ? siblingsIn(messages) : undefined;
  return {
    userId: conversation.userId,
    json: JSON.stringify({
      conversation_id: conversation.id,
      title: conversation.title,
      model: conversation.model,
      messages: branchTo(messages, conversation.tip).map((message) => ({
        ...toWire(message),
        ...(siblings === undefined ? {} : { siblings: siblings(message) }),
      })),
      created_time: conversation.createdTime,
    }),
  };
}

/**
 * The histories of conversations, kept in the cache in the form in which they are sent, so that a
 * cached one costs neither SQL nor JSON. One that still grows is never cached.
 */
export function createHistories(store: ConversationStore, cache: Cache) {
  return {
    /** Undefined when there is no such conversation; the caller checks whose it is. */
    async find(conversationId: number): Promise<History | undefined> {
      const key = cacheKey(conversationId);
      const cached = await cache.get(key);
      if (cached !== undefined) return unpack(cached);
      let history: History | undefined;
      await cache.fill(key, async () => {
        const conversation = await store.find(conversationId);
        if (conversation === undefined) return undefined;
        const messages = await store.messages(conversationId);
        history = render(conversation, messages, false);
        return messages.some(({ status }) => status === "streaming") ? undefined : pack(history);
      });
      return history;
    },

    /** The same with the ids of every message's siblings, never from the cache. */
    async findWithSiblings(conversationId: number): Promise<History | undefined> {
      const conversation = await store.find(conversationId);
      if (conversation === undefined) return undefined;
      return render(conversation, await store.messages(conversationId), true);
    },

    /** To be called after every change of a conversation, before anybody is told of it. */
    changed: (conversationId: number): Promise<void> => cache.invalidate(cacheKey(conversationId)),
  };
}

export type Histories = ReturnType<typeof createHistories>;
