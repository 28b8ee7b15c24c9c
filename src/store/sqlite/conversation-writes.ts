import { and, eq, getTableColumns, max, sql } from "drizzle-orm";
import type {
  AnswerEnd,
  AnswerPart,
  Conversation,
  ConversationChanges,
  NewTurn,
  Turn,
} from "../conversations.ts";
import type { AnswerOwners } from "./answer-owners.ts";
import type { AnswerWrites } from "./answers.ts";
import { attachedKnowledgeBases, attachmentWrites } from "./attachments.ts";
import type { Drizzle } from "./connection.ts";
import { conversations, messages } from "./schema.ts";

const placeholder = sql.placeholder;

/** One message, by `conversationId` and `messageId`. */
export const thisMessage = and(
  eq(messages.conversationId, placeholder("conversationId")),
  eq(messages.id, placeholder("messageId")),
);

const thisUsers = and(
  eq(conversations.id, placeholder("id")),
  eq(conversations.userId, placeholder("userId")),
);

/** Every column of a conversation, and what is attached to it. */
export const wholeConversation = {
  ...getTableColumns(conversations),
  knowledgeBaseIds: attachedKnowledgeBases,
};

export function conversationWrites(db: Drizzle, answers: AnswerWrites, owners: AnswerOwners) {
  const { attach, attachInstead } = attachmentWrites(db);
  const insertConversation = db
    .insert(conversations)
    .values({
      id: placeholder("id"),
      userId: placeholder("userId"),
      title: placeholder("title"),
      untitled: placeholder("untitled"),
      model: placeholder("model"),
      encryptedApiKey: placeholder("encryptedApiKey"),
      systemPrompt: placeholder("systemPrompt"),
      temperature: placeholder("temperature"),
      topP: placeholder("topP"),
      maxTokens: placeholder("maxTokens"),
      tip: placeholder("tip"),
      createdTime: placeholder("createdTime"),
    })
    .prepare();
  const usersConversation = db
    .select(wholeConversation)
    .from(conversations)
    .where(thisUsers)
    .prepare();
  const retitle = db
    .update(conversations)
    .set({ title: sql`${placeholder("title")}`, untitled: false })
    .where(
      and(
        eq(conversations.id, placeholder("id")),
        eq(conversations.title, placeholder("seenTitle")),
        eq(conversations.untitled, placeholder("seenUntitled")),
      ),
    )
    .prepare();
  const titleOf = db
    .select({ title: conversations.title })
    .from(conversations)
    .where(eq(conversations.id, placeholder("id")))
    .prepare();
  const deleteConversation = db
    .delete(conversations)
    .where(thisUsers)
    .returning({ id: conversations.id })
    .prepare();
  const tipOf = db
    .select({ tip: conversations.tip })
    .from(conversations)
    .where(eq(conversations.id, placeholder("id")))
    .prepare();
  const setTip = db
    .update(conversations)
    .set({ tip: sql`${placeholder("tip")}` })
    .where(eq(conversations.id, placeholder("id")))
    .prepare();
  const messageExists = db.select({ id: messages.id }).from(messages).where(thisMessage).prepare();
  const lastMessage = db
    .select({ id: max(messages.id) })
    .from(messages)
    .where(eq(messages.conversationId, placeholder("conversationId")))
    .prepare();
  const insertMessage = db
    .insert(messages)
    .values({
      conversationId: placeholder("conversationId"),
      id: placeholder("id"),
      parentId: placeholder("parentId"),
      role: placeholder("role"),
      content: placeholder("content"),
      status: placeholder("status"),
      process: placeholder("process"),
      createdTime: placeholder("createdTime"),
    })
    .prepare();
  const dropMessage = db
    .delete(messages)
    .where(and(thisMessage, eq(messages.status, "streaming")))
    .returning({ id: messages.id })
    .prepare();

  return {
    insertConversation: ({ knowledgeBaseIds, ...conversation }: Conversation): void => {
      insertConversation.run(conversation);
      attach(conversation.id, conversation.userId, knowledgeBaseIds);
    },

    updateConversation: (
      id: number,
      userId: number,
      { knowledgeBaseIds, ...columns }: ConversationChanges,
    ): Conversation | undefined => {
      if (Object.keys(columns).length > 0) {
        db.update(conversations)
          .set(columns)
          .where(and(eq(conversations.id, id), eq(conversations.userId, userId)))
          .run();
      }
      const isThere = usersConversation.get({ id, userId }) !== undefined;
      if (isThere && knowledgeBaseIds !== undefined) attachInstead(id, userId, knowledgeBaseIds);
      return usersConversation.get({ id, userId });
    },

    retitle: (
      id: number,
      seen: Pick<Conversation, "title" | "untitled">,
      title: string,
    ): string | undefined => {
      retitle.run({ id, seenTitle: seen.title, seenUntitled: seen.untitled, title });
      return titleOf.get({ id })?.title;
    },

    deleteConversation: (id: number, userId: number): boolean =>
      deleteConversation.get({ id, userId }) !== undefined,

    beginTurn: (
      process: number,
      id: number,
      { question, seen, createdTime }: NewTurn,
    ): Turn | "gone" | "running" | "outdated" => {
      const conversation = tipOf.get({ id });
      if (conversation === undefined) return "gone";
      const state = owners.stateOf(id, process);
      if (state === "running") return "running";
      const last = lastMessage.get({ conversationId: id })?.id ?? 0;
      if (state === "interrupted" || last !== seen) return "outdated";
      const common = { conversationId: id, createdTime };
      let userMessageId = last + 1;
      if ("id" in question) {
        userMessageId = question.id;
        if (messageExists.get({ conversationId: id, messageId: userMessageId }) === undefined) {
          return "gone";
        }
      } else {
        const { content, parentId = conversation.tip } = question;
        insertMessage.run({
          ...common,
          id: userMessageId,
          parentId,
          role: "user",
          content,
          status: "complete",
          process: null,
        });
      }
      const answerId = Math.max(last, userMessageId) + 1;
      insertMessage.run({
        ...common,
        id: answerId,
        parentId: userMessageId,
        role: "assistant",
        content: "",
        status: "streaming",
        process,
      });
      setTip.run({ id, tip: answerId });
      return { userMessageId, answerId };
    },

    setTip: (id: number, tip: number): void => {
      setTip.run({ id, tip });
    },

    checkpointAnswers: (parts: readonly AnswerPart[]): AnswerPart[] =>
      parts.filter((part) => !answers.append(part)),

    endAnswer: (id: number, answerId: number, end: AnswerEnd): void =>
      answers.end(id, answerId, end),

    dropAnswer: (id: number, answerId: number, tip: number | null): void => {
      const dropped = dropMessage.get({ conversationId: id, messageId: answerId });
      if (dropped !== undefined) setTip.run({ id, tip });
    },
  };
}
