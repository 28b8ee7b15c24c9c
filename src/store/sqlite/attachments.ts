import { and, between, eq, sql } from "drizzle-orm";
import type { Drizzle } from "./connection.ts";
import { attachments } from "./schema.ts";

const placeholder = sql.placeholder;

export function attachmentWrites(db: Drizzle) {
  const attach = (
    conversationId: number,
    userId: number,
    knowledgeBaseIds: readonly string[],
  ): void => {
    for (const [position, id] of knowledgeBaseIds.entries()) {
      db.run(sql`INSERT INTO attachments (conversation_id, position, user_id, knowledge_base_id)
        SELECT ${conversationId}, ${position}, user_id, id FROM knowledge_bases
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

export function attachmentReads(db: Drizzle) {
  const ofOne = db
    .select({ id: attachments.knowledgeBaseId })
    .from(attachments)
    .where(eq(attachments.conversationId, placeholder("conversationId")))
    .orderBy(attachments.position)
    .prepare();
  const ofPage = db
    .select({ conversationId: attachments.conversationId, id: attachments.knowledgeBaseId })
    .from(attachments)
    .where(
      and(
        eq(attachments.userId, placeholder("userId")),
        between(attachments.conversationId, placeholder("oldest"), placeholder("newest")),
      ),
    )
    .orderBy(attachments.conversationId, attachments.position)
    .prepare();

  return {
    attachedTo: (conversationId: number): string[] =>
      ofOne.all({ conversationId }).map(({ id }) => id),

    /** What is attached to the user's conversations between two ids, both included. */
    attachedBetween(userId: number, oldest: number, newest: number): Map<number, string[]> {
      const attached = new Map<number, string[]>();
      for (const { conversationId, id } of ofPage.all({ userId, oldest, newest })) {
        const ids = attached.get(conversationId);
        if (ids === undefined) attached.set(conversationId, [id]);
        else ids.push(id);
      }
      return attached;
    },
  };
}
