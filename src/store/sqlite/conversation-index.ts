import type { Database } from "bun:sqlite";

/** A text as it is searched. */
export interface SearchEntry {
  readonly conversationId: number;
  /** Null for the title. */
  readonly messageId: number | null;
  /** The text, where it is the title. */
  readonly title: string | null;
  /** What the full-text table is given for it. */
  readonly terms: string;
}

/** The title of the conversation `c` has to be found and is not yet. */
export const titleWithoutEntry = `NOT c.untitled AND NOT EXISTS (
  SELECT 1 FROM search_entries e WHERE e.conversation_id = c.id AND e.message_id IS NULL)`;

/** The message `m` has to be found and is not yet. */
export const messageWithoutEntry = `m.status <> 'streaming' AND NOT EXISTS (
  SELECT 1 FROM search_entries e WHERE e.conversation_id = m.conversation_id AND e.message_id = m.id)`;

/** The writes of the search over conversations. */
export function conversationIndexWrites(database: Database) {
  const insertTitle = database.query<{ number: number }, [number, string]>(
    `INSERT INTO search_entries (conversation_id) SELECT c.id FROM conversations c
     WHERE c.id = ? AND c.title = ? AND ${titleWithoutEntry} RETURNING number`,
  );
  const insertMessage = database.query<{ number: number }, [number, number]>(
    `INSERT INTO search_entries (conversation_id, message_id) SELECT m.conversation_id, m.id
     FROM messages m WHERE m.conversation_id = ? AND m.id = ? AND ${messageWithoutEntry}
     RETURNING number`,
  );
  const insertTerms = database.query<unknown, [number, string]>(
    "INSERT INTO conversation_terms (rowid, terms) VALUES (?, ?)",
  );
  const settle = database.query<unknown, [number]>(
    `DELETE FROM search_backlog AS b WHERE b.conversation_id = ?
     AND NOT EXISTS (
       SELECT 1 FROM conversations c WHERE c.id = b.conversation_id AND ${titleWithoutEntry})
     AND NOT EXISTS (
       SELECT 1 FROM messages m WHERE m.conversation_id = b.conversation_id AND ${messageWithoutEntry})`,
  );

  return {
    /**
     * Makes texts findable, but those that changed, went or were entered since they were read. Takes
     * those of `conversationIds` that then have everything off the backlog.
     */
    addSearchEntries(entries: readonly SearchEntry[], conversationIds: readonly number[]): void {
      for (const { conversationId, messageId, title, terms } of entries) {
        const entry =
          messageId === null
            ? insertTitle.get(conversationId, title ?? "")
            : insertMessage.get(conversationId, messageId);
        if (entry !== null) insertTerms.run(entry.number, terms);
      }
      for (const id of conversationIds) settle.run(id);
    },
  };
}
