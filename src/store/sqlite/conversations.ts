import { and, desc, eq, getTableColumns, lt, sql } from "drizzle-orm";
import type { ConversationStore, Message } from "../conversations.ts";
import { createGrownAnswer } from "./answers.ts";
import { attachedKnowledgeBases } from "./attachments.ts";
import { type Drizzle, highestId } from "./connection.ts";
import type { ConversationSearcher } from "./conversation-search-client.ts";
import { thisMessage, wholeConversation } from "./conversation-writes.ts";
import type { Presence } from "./presence.ts";
import { conversations, messages, searchBacklog } from "./schema.ts";
import type { Writer } from "./writer.ts";

const placeholder = sql.placeholder;

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
