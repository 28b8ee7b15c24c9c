import { and, desc, eq, getTableColumns, lt, max, sql } from "drizzle-orm";
import type {
  AnswerEnd,
  AnswerPart,
  Conversation,
  ConversationChanges,
  ConversationStore,
  Message,
  NewTurn,
  Turn,
} from "../conversations.ts";
import type { AnswerOwners } from "./answer-owners.ts";
import { type AnswerWrites, createGrownAnswer } from "./answers.ts";
import { attachedKnowledgeBases, attachmentWrites } from "./attachments.ts";
import { type Drizzle, highestId } from "./connection.ts";
import type { ConversationSearcher } from "./conversation-search-client.ts";
import type { Presence } from "./presence.ts";
import { conversations, messages, searchBacklog } from "./schema.ts";
import type { Writer } from "./writer.ts";

const placeholder = sql.placeholder;

const thisMessage = and(
  eq(messages.conversationId, placeholder("conversationId")),
  eq(messages.id, placeholder("messageId")),
);

const thisUsers = and(
  eq(conversations.id, placeholder("id")),
  eq(conversations.userId, placeholder("userId")),
);

const wholeConversation = {
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
      dropMessage.run({ conversationId: id, messageId: answerId });
      setTip.run({ id, tip });
    },
  };
}

function toMessage(row: typeof messages.$inferSelect): Message {
  const { conversationId: _, process: __, usageEstimated, ...rest } = row;
  const { promptTokens, completionTokens, totalTokens, ...message } = rest;
  const usage =
    promptTokens === null || completionTokens === null || totalTokens === null
      ? null
      : { promptTokens, completionTokens, totalTokens, estimated: usageEstimated ?? false };
  return { ...message, usage };
}

export function createConversationStore(
  db: Drizzle,
  writer: Writer,
  searcher: ConversationSearcher,
  presence: Presence,
): ConversationStore {
  const byId = db
    .select(wholeConversation)
    .from(conversations)
    .where(eq(conversations.id, placeholder("id")))
    .prepare();
  const page = db
    .select({
      id: conversations.id,
      title: conversations.title,
      knowledgeBaseIds: attachedKnowledgeBases,
      createdTime: conversations.createdTime,
    })
    .from(conversations)
    .where(
      and(
        eq(conversations.userId, placeholder("userId")),
        lt(conversations.id, placeholder("before")),
      ),
    )
    .orderBy(desc(conversations.id))
    .limit(placeholder("limit"))
    .prepare();
  const history = db
    .select(getTableColumns(messages))
    .from(messages)
    .where(eq(messages.conversationId, placeholder("id")))
    .orderBy(messages.id)
    .prepare();
  const { id, parentId, role } = messages;
  // Not the status: it stands behind the texts, through which SQLite would have to read to it.
  const places = db
    .select({ id, parentId, role })
    .from(messages)
    .where(eq(messages.conversationId, placeholder("id")))
    .orderBy(messages.id)
    .prepare();
  const growing = db
    .select({ id })
    .from(messages)
    .where(and(eq(messages.conversationId, placeholder("id")), sql`status = 'streaming'`))
    .prepare();
  const message = db.select().from(messages).where(thisMessage).prepare();

  const grown = createGrownAnswer(db);
  const read = (row: typeof messages.$inferSelect): Message =>
    toMessage(row.status === "streaming" ? grown(row) : row);

  /** Passes a write's result on, and lets what it stored be found. */
  async function findable<T>(write: Promise<T>): Promise<T> {
    const result = await write;
    searcher.changed();
    return result;
  }

  // What was stored shortly before the last end, or before there was a search.
  if (db.select().from(searchBacklog).limit(1).get() !== undefined) searcher.changed();

  return {
    insert: (conversation) => findable(writer.call("insertConversation", [conversation])),
    import: (id, userId, packed) =>
      findable(writer.call("importConversation", [id, userId, packed], [packed])),
    find: async (id) => byId.get({ id }),
    update: (id, userId, changes) =>
      findable(writer.call("updateConversation", [id, userId, changes])),
    retitle: (id, seen, title) => findable(writer.call("retitle", [id, seen, title])),
    search: searcher.search,
    list: async (userId, { limit, before = Number.MAX_SAFE_INTEGER }) =>
      page.all({ userId, limit, before }),
    delete: (id, userId) => writer.call("deleteConversation", [id, userId]),
    highestId: async () => highestId(db, "conversations"),
    messages: async (id) => history.all({ id }).map(read),
    async outline(id) {
      // First the places, so that none that begins between the two is taken for one that has ended.
      const known = places.all({ id });
      const ids = new Set(growing.all({ id }).map((message) => message.id));
      return known.map((place) => ({ ...place, isGrowing: ids.has(place.id) }));
    },
    async message(conversationId, messageId) {
      const row = message.get({ conversationId, messageId });
      return row && read(row);
    },
    beginTurn: async (id, turn) =>
      findable(writer.call("beginTurn", [await presence.take(), id, turn])),
    checkpoint: (parts) => writer.call("checkpointAnswers", [parts]),
    endAnswer: (id, answerId, end) => findable(writer.call("endAnswer", [id, answerId, end])),
    dropAnswer: (id, answerId, tip) => writer.call("dropAnswer", [id, answerId, tip]),
    setTip: (id, tip) => writer.call("setTip", [id, tip]),
  };
}
