import { eq, sql } from "drizzle-orm";
import type { Drizzle } from "./connection.ts";
import { attachments, conversations } from "./schema.ts";

export function attachmentWrites(db: Drizzle) {
  const attach = (
    conversationId: number,
    userId: number,
    knowledgeBaseIds: readonly string[],
  ): void => {
    for (const [position, id] of knowledgeBaseIds.entries()) {
      db.run(sql`INSERT INTO attachments (conversation_id, position, knowledge_base_id)
        SELECT ${conversationId}, ${position}, id FROM knowledge_bases
        WHERE id = ${id} AND user_id = ${userId} AND NOT deleted`);
    }
  };

  return {
    /** Attaches those that are there and the user's, in this order; nothing may be attached yet. */
    attach,

    /** The same in place of what is attached. */
    attachInstead(conversationId: number, userId: number, knowledgeBaseIds: readonly string[]) {
      db.delete(attachments).where(eq(attachments.conversationId, conversationId)).run();
      attach(conversationId, userId, knowledgeBaseIds);
    },

    /** Answers the conversations that a knowledge base was attached to. */
    detach: (knowledgeBaseId: string): number[] =>
      db
        .delete(attachments)
        .where(eq(attachments.knowledgeBaseId, knowledgeBaseId))
        .returning({ id: attachments.conversationId })
        .all()
        .map(({ id }) => id),
  };
}

const nothing = "[]";

/**
 * What is attached to the conversation of a row, in order, as a column of it: a query of its own would
 * cost as much as that of the conversation. Most have nothing, and no array is made to say so.
 */
export const attachedKnowledgeBases = sql`CASE
  WHEN ${conversations.id} IN (SELECT ${attachments.conversationId} FROM ${attachments}) THEN (
    SELECT json_group_array(${attachments.knowledgeBaseId} ORDER BY ${attachments.position})
    FROM ${attachments} WHERE ${attachments.conversationId} = ${conversations.id}
  ) ELSE ${sql.raw(`'${nothing}'`)} END`
  // It is an array of the ids, which are text.
  .mapWith((ids: string) => (ids === nothing ? [] : (JSON.parse(ids) as string[])));
