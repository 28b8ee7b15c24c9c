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

const growingAnswer = and(
  eq(messages.conversationId, placeholder("conversationId")),
  eq(messages.id, placeholder("answerId")),
  eq(messages.status, "streaming"),
);

/** The writes of answers while they grow and when they end. */
export function answerWrites(db: Drizzle) {
  const growing = db.select({ id: messages.id }).from(messages).where(growingAnswer).prepare();
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

  const ground = db
    .update(messages)
    .set({ sources: sql`${placeholder("sources")}`, model: sql`${placeholder("model")}` })
    .where(growingAnswer)
    .prepare();
  /** An answer changes only while it grows: whoever ended it first had the last word. */
  const settle = db
    .update(messages)
    .set({
      content: sql`${placeholder("content")}`,
      reasoning: sql`nullif(${placeholder("reasoning")}, '')`,
      pieces: sql`${sql.param(placeholder("pieces"), messages.pieces)}`,
      sources: sql`${placeholder("sources")}`,
      status: sql`${placeholder("status")}`,
      finishReason: sql`${placeholder("finishReason")}`,
      model: sql`${placeholder("model")}`,
      promptTokens: sql`${placeholder("promptTokens")}`,
      completionTokens: sql`${placeholder("completionTokens")}`,
      totalTokens: sql`${placeholder("totalTokens")}`,
      usageEstimated: sql`${placeholder("estimated")}`,
    })
    .where(growingAnswer)
    .returning({ id: messages.id })
    .prepare();
  const dropParts = db
    .delete(answerParts)
    .where(
      and(
        eq(answerParts.conversationId, placeholder("conversationId")),
        eq(answerParts.messageId, placeholder("answerId")),
      ),
    )
    .prepare();

  return {
    /** Answers false when the answer has ended or is gone. */
    append({ sources, model, ...part }: AnswerPart): boolean {
      const answer = { conversationId: part.conversationId, answerId: part.answerId };
      if (growing.get(answer) === undefined) return false;
      insertPart.run(part);
      if (sources !== null || model !== null) ground.run({ ...answer, sources, model });
      return true;
    },

    end(conversationId: number, answerId: number, { usage, ...end }: AnswerEnd): void {
      const answer = { conversationId, answerId };
      const settled = settle.get({
        ...answer,
        ...end,
        promptTokens: usage?.promptTokens ?? null,
        completionTokens: usage?.completionTokens ?? null,
        totalTokens: usage?.totalTokens ?? null,
        estimated: usage && Number(usage.estimated),
      });
      if (settled !== undefined) dropParts.run(answer);
    },
  };
}

export type AnswerWrites = ReturnType<typeof answerWrites>;
