import type { Cache } from "../../cache/index.ts";
import { AppError } from "../../errors.ts";
import type { Conversation, ConversationStore, Message } from "../../store/conversations.ts";
import { parseSources } from "../chat/sources.ts";
import { usageToWire } from "../usage/wire.ts";
import { attachedToWire } from "./attached.ts";
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

function sourcesToWire(stored: string) {
  const { citations, warnings } = parseSources(stored);
  return { sources: citations, ...(warnings === undefined ? {} : { warnings }) };
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
    ...(message.sources === null ? {} : sourcesToWire(message.sources)),
    ...(message.usage === null ? {} : { usage: usageToWire(message.usage) }),
  };
}

/** Which part of a conversation is wanted, and what of it. */
export interface HistoryPart {
  /** Whether each message is told with its siblings. */
  readonly branches: boolean;
  /** Messages at most, the newest; undefined for all. */
  readonly limit?: number | undefined;
  /** The message that those wanted come before; undefined for the end of the shown branch. */
  readonly before?: number | undefined;
}

const whole: HistoryPart = { branches: false };

/** @throws AppError `message_not_found` */
function render(
  conversation: Conversation,
  messages: readonly Message[],
  { branches, limit, before }: HistoryPart,
): History {
  const next = messages.find(({ id }) => id === before);
  if (before !== undefined && next === undefined) throw new AppError("message_not_found");
  // What comes before a message is the same whatever is shown and whatever is added.
  const branch = branchTo(messages, next === undefined ? conversation.tip : next.parentId);
  const isPage = limit !== undefined || before !== undefined;
  const page = branch.slice(-(limit ?? branch.length));
  const siblings = branches ? siblingsIn(messages) : undefined;
  return {
    userId: conversation.userId,
    json: JSON.stringify({
      conversation_id: conversation.id,
      title: conversation.title,
      model: conversation.model,
      ...attachedToWire(conversation),
      messages: page.map((message) => ({
        ...toWire(message),
        ...(siblings === undefined ? {} : { siblings: siblings(message) }),
      })),
      ...(isPage ? { has_more: page.length < branch.length } : {}),
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
        history = render(conversation, messages, whole);
        return messages.some(({ status }) => status === "streaming") ? undefined : pack(history);
      });
      return history;
    },

    /**
     * A part of it, never from the cache; undefined when it is not this user's.
     *
     * @throws AppError `message_not_found`
     */
    async findPart(
      conversationId: number,
      userId: number,
      part: HistoryPart,
    ): Promise<History | undefined> {
      const conversation = await store.find(conversationId);
      if (conversation?.userId !== userId) return undefined;
      return render(conversation, await store.messages(conversationId), part);
    },

    /** To be called after every change of a conversation, before anybody is told of it. */
    changed: (conversationId: number): Promise<void> => cache.invalidate(cacheKey(conversationId)),
  };
}

export type Histories = ReturnType<typeof createHistories>;
