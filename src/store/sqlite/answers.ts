import { and, eq, sql } from "drizzle-orm";
import type { AnswerEnd, AnswerPart } from "../conversations.ts";
import type { Drizzle } from "./connection.ts";
import { answerParts, messages } from "./schema.ts";

const placeholder = sql.placeholder;

type MessageRow = typeof messages.$inferSelect;

/** An answer that grows, with the parts that have been stored of it. */
export function createGrownAnswer(db: Drizzle): (row: MessageRow) => MessageRow {
  const partsOf = db
    .select()
    .from(answerParts)
    .where(
      and(
        eq(answerParts.conversationId, placeholder("conversationId")),
        eq(answerParts.messageId, placeholder("messageId")),
      ),
    )
    .orderBy(answerParts.firstPiece)
    .prepare();
  return (row) => {
    const parts = partsOf.all({ conversationId: row.conversationId, messageId: row.id });
    // Before there were parts, the row itself held what had come.
    if (parts.length === 0) return row;
    const reasoning = parts.map((part) => part.reasoning).join("");
    return {
      ...row,
      content: parts.map((part) => part.content).join(""),
      reasoning: reasoning === "" ? null : reasoning,
      pieces: parts.flatMap((part) => part.pieces),
    };
  };
}

/** The writes of answers while they grow and when they end. */
export function answerWrites(db: Drizzle) {
  const growing = db
    .select({ id: messages.id })
    .from(messages)
    .where(
      and(
        eq(messages.conversationId, placeholder("conversationId")),
        eq(messages.id, placeholder("answerId")),
        eq(messages.status, "streaming"),
      ),
    )
    .prepare();
  const insertPart = db
    .insert(answerParts)
    .values({
      conversationId: placeholder("conversationId"),
      messageId: placeholder("answerId"),
      firstPiece: placeholder("firstPiece"),
      content: placeholder("content"),
      reasoning: placeholder("reasoning"),
      pieces: placeholder("pieces"),
    })
    .prepare();

  /** An answer changes only while it grows: whoever ended it first had the last word. */
  function settle(conversationId: number, id: number, values: Partial<MessageRow>): void {
    const settled = db
      .update(messages)
      .set(values)
      .where(
        and(
          eq(messages.conversationId, conversationId),
          eq(messages.id, id),
          eq(messages.status, "streaming"),
        ),
      )
      .returning({ id: messages.id })
      .all();
    if (settled.length === 0) return;
    db.delete(answerParts)
      .where(and(eq(answerParts.conversationId, conversationId), eq(answerParts.messageId, id)))
      .run();
  }

  return {
    /** Answers false when the answer has ended or is gone. */
    append({ sources, model, ...part }: AnswerPart): boolean {
      const { conversationId, answerId } = part;
      if (growing.get({ conversationId, answerId }) === undefined) return false;
      insertPart.run(part);
      if (sources !== null || model !== null) {
        db.update(messages)
          .set({ sources, model })
          .where(and(eq(messages.conversationId, conversationId), eq(messages.id, answerId)))
          .run();
      }
      return true;
    },

    end(conversationId: number, answerId: number, { usage, reasoning, ...columns }: AnswerEnd) {
      settle(conversationId, answerId, {
        ...columns,
        reasoning: reasoning === "" ? null : reasoning,
        promptTokens: usage?.promptTokens ?? null,
        completionTokens: usage?.completionTokens ?? null,
        totalTokens: usage?.totalTokens ?? null,
        usageEstimated: usage?.estimated ?? null,
      });
    },
  };
}

export type AnswerWrites = ReturnType<typeof answerWrites>;
