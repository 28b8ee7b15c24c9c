import type { Database } from "bun:sqlite";
import { messageWithoutEntry, titleWithoutEntry } from "./conversation-index.ts";

const waits = (id: string): string =>
  `EXISTS (SELECT 1 FROM search_backlog b WHERE b.conversation_id = ${id})`;

/** What must never be found, by what it is. */
const faultCounts: Readonly<Record<string, string>> = {
  "messages can never be found": `SELECT count(*) FROM messages m
    WHERE ${messageWithoutEntry} AND NOT ${waits("m.conversation_id")}`,
  "titles can never be found": `SELECT count(*) FROM conversations c
    WHERE ${titleWithoutEntry} AND NOT ${waits("c.id")}`,
  "titles or messages are found twice": `SELECT count(*) FROM (
    SELECT 1 FROM search_entries GROUP BY conversation_id, message_id HAVING count(*) > 1)`,
  "titles are found that nobody gave": `SELECT count(*) FROM search_entries e
    JOIN conversations c ON c.id = e.conversation_id
    WHERE e.message_id IS NULL AND c.untitled`,
  "searchable texts have no terms": `SELECT count(*) FROM search_entries
    WHERE number NOT IN (SELECT id FROM conversation_terms_docsize)`,
  "rows of terms belong to no text": `SELECT count(*) FROM conversation_terms_docsize
    WHERE id NOT IN (SELECT number FROM search_entries)`,
  "conversations show a message that is not there": `SELECT count(*) FROM conversations c
    WHERE c.tip IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM messages m WHERE m.conversation_id = c.id AND m.id = c.tip)`,
  "messages follow one that is not there": `SELECT count(*) FROM messages m
    WHERE m.parent_id IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM messages p WHERE p.conversation_id = m.conversation_id AND p.id = m.parent_id)`,
};

/**
 * Looks for what must never be: a message that leads nowhere, or a text that the search cannot find or
 * should not. Answers one line for each fault; none when all is well.
 */
export function checkConversations(database: Database): string[] {
  return Object.entries(faultCounts).flatMap(([fault, sql]) => {
    const count = database.query<{ n: number }, []>(`SELECT (${sql}) AS n`).get()?.n ?? 0;
    return count === 0 ? [] : [`${count} ${fault}`];
  });
}
