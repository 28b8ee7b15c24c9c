import type { Database } from "bun:sqlite";
import { excerpt, marked } from "../../text/excerpt.ts";
import type {
  ConversationMatch,
  ConversationSearch,
  Message,
  MessageMatch,
} from "../conversations.ts";
import { messageWithoutEntry, type SearchEntry, titleWithoutEntry } from "./conversation-index.ts";
import { indexedTerms, ownedMatch, searchedLength } from "./conversation-terms.ts";

/** Messages that are shown of one conversation. */
const shownMessages = 3;
/** UTF-16 units of text in one step of the index: the writer is busy for some 5 ms with their terms. */
const stepLength = 10_000;
/** What a text costs beside its length, in the same measure. */
const textCost = 100;
/** Messages of one conversation that are read at a time. */
const messagesAtOnce = 100;

interface Hit {
  readonly conversationId: number;
  /** Null for the title. */
  readonly messageId: number | null;
}

interface ConversationRow {
  readonly title: string;
  readonly createdTime: number;
}

interface MessageRow {
  readonly role: Message["role"];
  readonly content: string;
  readonly createdTime: number;
}

interface BacklogRow {
  readonly id: number;
  readonly userId: number;
  /** Null unless it is to be entered. */
  readonly title: string | null;
}

/** What is to be entered next. */
export interface IndexStep {
  readonly entries: readonly SearchEntry[];
  /** The conversations that were looked at. */
  readonly conversationIds: readonly number[];
}

/** The search over conversations on this connection, which each call keeps busy. */
export function createConversationSearch(database: Database) {
  const matching = database.query<Hit, [string, number]>(
    `SELECT e.conversation_id AS conversationId, e.message_id AS messageId
     FROM conversation_terms JOIN search_entries e ON e.number = conversation_terms.rowid
     WHERE conversation_terms MATCH ? AND e.conversation_id < ?
     ORDER BY e.conversation_id DESC, e.message_id DESC`,
  );
  const conversation = database.query<ConversationRow, [number, number]>(
    "SELECT title, created_time AS createdTime FROM conversations WHERE id = ? AND user_id = ?",
  );
  const message = database.query<MessageRow, [number, number]>(
    `SELECT role, substr(content, 1, ${searchedLength}) AS content, created_time AS createdTime
     FROM messages WHERE conversation_id = ? AND id = ?`,
  );
  const backlog = database.query<BacklogRow, []>(
    `SELECT c.id, c.user_id AS userId, iif(${titleWithoutEntry}, c.title, NULL) AS title
     FROM search_backlog b JOIN conversations c ON c.id = b.conversation_id
     ORDER BY b.conversation_id DESC`,
  );
  const messagesWithoutEntry = database.query<{ id: number; content: string }, [number]>(
    `SELECT m.id, substr(m.content, 1, ${searchedLength}) AS content FROM messages m
     WHERE m.conversation_id = ? AND ${messageWithoutEntry} ORDER BY m.id LIMIT ${messagesAtOnce}`,
  );

  function show(
    id: number,
    found: readonly number[],
    { userId, terms }: ConversationSearch,
  ): ConversationMatch[] {
    const row = conversation.get(id, userId);
    if (row === null) return [];
    const messages = found.slice(0, shownMessages).flatMap((messageId): MessageMatch[] => {
      const hit = message.get(id, messageId);
      if (hit === null) return [];
      const { role, createdTime, content } = hit;
      return [{ messageId, role, createdTime, excerpt: excerpt(content, terms) }];
    });
    const { title, createdTime } = row;
    return [{ id, title: marked(title, terms), createdTime, messageCount: found.length, messages }];
  }

  function search(wanted: ConversationSearch): ConversationMatch[] {
    const { userId, terms, limit, before = Number.MAX_SAFE_INTEGER } = wanted;
    const found = new Map<number, number[]>();
    for (const hit of matching.iterate(ownedMatch(userId, terms), before)) {
      let messages = found.get(hit.conversationId);
      if (messages === undefined) {
        if (found.size === limit) break;
        messages = [];
        found.set(hit.conversationId, messages);
      }
      if (hit.messageId !== null) messages.push(hit.messageId);
    }
    return [...found].flatMap(([id, messages]) => show(id, messages, wanted));
  }

  function nextStep(): IndexStep {
    const entries: SearchEntry[] = [];
    const conversationIds: number[] = [];
    let left = stepLength;
    for (const { id: conversationId, userId, title } of backlog.iterate()) {
      if (left <= 0) break;
      conversationIds.push(conversationId);
      const texts = messagesWithoutEntry
        .all(conversationId)
        .map(({ id: messageId, content }) => ({ messageId, title: null, text: content }));
      const wanted = title === null ? texts : [{ messageId: null, title, text: title }, ...texts];
      for (const { text, ...entry } of wanted) {
        if (left <= 0) break;
        entries.push({ ...entry, conversationId, terms: indexedTerms(userId, text) });
        left -= text.length + textCost;
      }
    }
    return { entries, conversationIds };
  }

  // One snapshot each: what was found is still there when it is shown.
  const searchSnapshot = database.transaction(search);
  const stepSnapshot = database.transaction(nextStep);
  return {
    search: (wanted: ConversationSearch) => searchSnapshot.deferred(wanted),
    /** What has to be entered, the newest conversation first; no conversation when everything is. */
    nextStep: () => stepSnapshot.deferred(),
  };
}
