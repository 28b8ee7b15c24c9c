import { AppError } from "../../errors.ts";
import { unixTime } from "../../ids.ts";
import type {
  AnswerEnd,
  AnswerPart,
  Conversation,
  ConversationStore,
  ConversationSummary,
  Message,
  MessagePlace,
  NewTurn,
  Turn,
} from "../../store/conversations.ts";
import { tipThrough } from "./branches.ts";
import type { Histories, History, HistoryPart } from "./history.ts";

/** What a conversation is made with. */
export interface ConversationSettings {
  readonly title: string;
  /** Whether the title only stands until the first answer gives a better one. */
  readonly untitled: boolean;
  readonly model: string;
  readonly apiKey: string | null;
  readonly systemPrompt: string | null;
  readonly temperature: number | null;
  readonly topP: number | null;
  readonly maxTokens: number | null;
  /** The user's own; what its questions are answered from. */
  readonly knowledgeBaseIds: readonly string[];
}

/** Seals text so that it opens only under the same `context`. */
export interface Sealer {
  seal(text: string, context: string): string;
  /** @throws Error when the text was sealed elsewhere or changed since. */
  open(sealed: string, context: string): string;
}

const keyContext = (conversationId: number): string => `conversation:${conversationId}:api_key`;

export function createConversationService(options: {
  readonly store: ConversationStore;
  readonly histories: Histories;
  readonly sealer: Sealer;
  nextId(): number;
  /** Called when a conversation is gone. */
  removed(id: number): void;
}) {
  const { store, histories, sealer, nextId } = options;

  async function get(id: number, userId: number): Promise<Conversation> {
    const conversation = await store.find(id);
    if (conversation?.userId !== userId) throw new AppError("conversation_not_found");
    return conversation;
  }

  const sealKey = (id: number, apiKey: string | null): string | null =>
    apiKey === null ? null : sealer.seal(apiKey, keyContext(id));

  return {
    async create(userId: number, wanted: ConversationSettings): Promise<ConversationSummary> {
      const { apiKey, ...settings } = wanted;
      const id = nextId();
      const conversation = {
        ...settings,
        id,
        userId,
        tip: null,
        encryptedApiKey: sealKey(id, apiKey),
        createdTime: unixTime(),
      };
      await store.insert(conversation);
      return conversation;
    },

    /** @throws AppError `conversation_not_found`, also for another user's */
    get,

    /**
     * Changes what is given; a running answer goes on with what it began with.
     *
     * @throws AppError `conversation_not_found`, also for another user's
     */
    async update(
      id: number,
      userId: number,
      changes: Partial<ConversationSettings>,
    ): Promise<Conversation> {
      const { apiKey, ...settings } = changes;
      const conversation = await store.update(id, userId, {
        ...settings,
        ...(apiKey === undefined ? {} : { encryptedApiKey: sealKey(id, apiKey) }),
      });
      if (conversation === undefined) throw new AppError("conversation_not_found");
      await histories.changed(id);
      return conversation;
    },

    /**
     * Gives it a title that was found for it, unless somebody changed the title since `seen` was read.
     * Answers the title that it has then.
     *
     * @throws AppError `conversation_not_found` when it was deleted meanwhile
     */
    async retitle(seen: Conversation, title: string): Promise<string> {
      const stored = await store.retitle(seen.id, seen, title);
      if (stored === undefined) throw new AppError("conversation_not_found");
      await histories.changed(seen.id);
      return stored;
    },

    list: (userId: number, page: { limit: number; before?: number | undefined }) =>
      store.list(userId, page),

    /** @throws AppError `conversation_not_found`, also for another user's */
    async history(id: number, userId: number): Promise<History> {
      const history = await histories.find(id);
      if (history?.userId !== userId) throw new AppError("conversation_not_found");
      return history;
    },

    /** @throws AppError `conversation_not_found`, also for another user's; `message_not_found` */
    async historyPart(id: number, userId: number, part: HistoryPart): Promise<History> {
      const history = await histories.findPart(id, userId, part);
      if (history === undefined) throw new AppError("conversation_not_found");
      return history;
    },

    messages: (id: number): Promise<Message[]> => store.messages(id),

    outline: (id: number): Promise<MessagePlace[]> => store.outline(id),

    message: (id: number, messageId: number): Promise<Message | undefined> =>
      store.message(id, messageId),

    /** The key that the conversation was created with, if any. */
    apiKey: ({ id, encryptedApiKey }: Conversation): string | undefined =>
      encryptedApiKey === null ? undefined : sealer.open(encryptedApiKey, keyContext(id)),

    /** To be called when knowledge bases have fallen off these conversations. */
    async detached(ids: readonly number[]): Promise<void> {
      await Promise.all(ids.map((id) => histories.changed(id)));
    },

    /**
     * With all its messages; an answer that is running is cut.
     *
     * @throws AppError `conversation_not_found`, also for another user's
     */
    async remove(id: number, userId: number): Promise<void> {
      if (!(await store.delete(id, userId))) throw new AppError("conversation_not_found");
      await histories.changed(id);
      options.removed(id);
    },

    /**
     * Opens an answer, behind a question that it stores first or behind one that is there. Undefined
     * when messages have come or changed that the plan does not know.
     *
     * @throws AppError `conversation_not_found` when it was deleted meanwhile, `generation_running`
     *   while another process makes an answer of it
     */
    async beginTurn(
      id: number,
      plan: Pick<NewTurn, "question" | "seen">,
    ): Promise<Turn | undefined> {
      const { question, seen } = plan;
      const turn = await store.beginTurn(id, { question, seen, createdTime: unixTime() });
      if (turn === "gone") throw new AppError("conversation_not_found");
      if (turn === "running") throw new AppError("generation_running");
      if (turn === "outdated") return undefined;
      await histories.changed(id);
      return turn;
    },

    /**
     * Shows the branch that goes through a message, the newest where it forks further on. Answers the
     * branch's tip.
     *
     * @throws AppError `conversation_not_found`, also for another user's; `message_not_found`
     */
    async showBranch(id: number, userId: number, messageId: number): Promise<number> {
      await get(id, userId);
      const messages = await store.messages(id);
      if (!messages.some((message) => message.id === messageId)) {
        throw new AppError("message_not_found");
      }
      const tip = tipThrough(messages, messageId);
      await store.setTip(id, tip);
      await histories.changed(id);
      return tip;
    },

    /** Answers those that have ended or are gone. A growing history is not cached: nothing to drop. */
    checkpoint: (parts: readonly AnswerPart[]): Promise<AnswerPart[]> => store.checkpoint(parts),

    async endAnswer(id: number, answerId: number, end: AnswerEnd): Promise<void> {
      await store.endAnswer(id, answerId, end);
      await histories.changed(id);
    },

    /** Takes back an answer that no caller was told of; `tip` is shown again. */
    async dropAnswer(id: number, answerId: number, tip: number | null): Promise<void> {
      await store.dropAnswer(id, answerId, tip);
      await histories.changed(id);
    },
  };
}

export type ConversationService = ReturnType<typeof createConversationService>;
