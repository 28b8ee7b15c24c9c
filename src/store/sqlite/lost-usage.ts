import type { Database } from "bun:sqlite";
import { estimateTokens } from "../../text/tokens.ts";
import type { AnswerText, Usage } from "../conversations.ts";
import type { Drizzle } from "./connection.ts";
import type { messages } from "./schema.ts";
import { usageWrites } from "./usage.ts";

interface Asked {
  readonly userId: number;
  readonly model: string;
  readonly systemPrompt: string | null;
}

interface Said {
  readonly content: string;
  readonly parentId: number | null;
}

/**
 * Counts what an answer took whose process has died: the question with all that stands before it, and
 * as much of the answer as was stored. By rule, since there is no tokenizer in this thread; of an answer
 * of which nothing was stored, nobody knows whether the provider was asked.
 */
export function lostUsage(database: Database, db: Drizzle) {
  const { recordUsage } = usageWrites(db);

  function promptTokens({ conversationId, parentId }: typeof messages.$inferSelect): number {
    const find = database.query<Said, [number, number]>(
      "SELECT content, parent_id AS parentId FROM messages WHERE conversation_id = ? AND id = ?",
    );
    let sum = 0;
    for (let at = parentId; at !== null; ) {
      const message = find.get(conversationId, at);
      sum += estimateTokens(message?.content ?? "");
      at = message?.parentId ?? null;
    }
    return sum;
  }

  const isCounted = (userId: number, row: typeof messages.$inferSelect): boolean =>
    database
      .query<unknown, [number, number, number, number]>(
        `SELECT 1 FROM usage WHERE user_id = ? AND created_time >= ?
         AND conversation_id = ? AND message_id = ? AND kind = 'answer'`,
      )
      .get(userId, row.createdTime, row.conversationId, row.id) !== null;

  /** Answers what is to be stored with the message, and adds it to its user's sums. */
  return (row: typeof messages.$inferSelect, text: AnswerText): Usage | null => {
    if (text.pieces.length === 0) return null;
    const { conversationId, id: messageId, createdTime } = row;
    const asked = database
      .query<Asked, [number]>(
        `SELECT user_id AS userId, model, system_prompt AS systemPrompt
         FROM conversations WHERE id = ?`,
      )
      .get(conversationId);
    if (asked === null) return null;
    const prompt = promptTokens(row) + estimateTokens(asked.systemPrompt ?? "");
    const completionTokens = estimateTokens(text.content) + estimateTokens(text.reasoning);
    const counted = { promptTokens: prompt, completionTokens, estimated: true };
    const { userId } = asked;
    // It may have ended where only its text could not be stored.
    if (!isCounted(userId, row)) {
      const model = row.model ?? asked.model;
      recordUsage({
        kind: "answer",
        userId,
        conversationId,
        messageId,
        model,
        ...counted,
        createdTime,
      });
    }
    return { ...counted, totalTokens: prompt + completionTokens };
  };
}
