import type { Database } from "bun:sqlite";
import { and, eq, inArray, isNull, sql } from "drizzle-orm";
import type { AnswerGrowth, AnswerRequest, AnswerStore } from "../answers.ts";
import { type AnswerWrites, createGrownAnswer } from "./answers.ts";
import { queries } from "./connection.ts";
import { lostUsage } from "./lost-usage.ts";
import type { Presence } from "./presence.ts";
import { isAliveOn } from "./process-lock.ts";
import { messages } from "./schema.ts";
import type { Writer } from "./writer.ts";

/** An answer that is being made. */
interface Growing {
  readonly id: number;
  readonly process: number | null;
}

// Statements are made when they are first needed: at most starts, none of them ever is.

const findGrowing = (database: Database, conversationId: number): Growing[] =>
  database
    .query<Growing, [number]>(
      "SELECT id, process FROM messages WHERE status = 'streaming' AND conversation_id = ?",
    )
    .all(conversationId);

/** Which processes make answers, and the end of those that died over it. */
export function answerOwners(database: Database, answers: AnswerWrites) {
  const db = queries(database);

  const lives = (process: number | null): boolean =>
    process !== null && isAliveOn(database, process);

  const growingOf = (process: number | null) =>
    and(
      // As it stands in the condition of the index, which a parameter would not meet.
      sql`status = 'streaming'`,
      process === null ? isNull(messages.process) : eq(messages.process, process),
    );

  function interrupt(rows: readonly (typeof messages.$inferSelect)[]): void {
    if (rows.length === 0) return;
    const grown = createGrownAnswer(db);
    const count = lostUsage(database, db);
    for (const row of rows) {
      const { content, reasoning, pieces } = grown(row);
      const text = { content, reasoning: reasoning ?? "", pieces: pieces ?? [] };
      answers.end(row.conversationId, row.id, {
        ...text,
        sources: row.sources,
        status: "interrupted",
        finishReason: "interrupted",
        usage: count(row, text),
        model: row.model,
      });
    }
  }

  /** Ends what a process that is dead has left. */
  function interruptProcess(process: number | null): void {
    interrupt(db.select().from(messages).where(growingOf(process)).all());
    for (const table of ["answer_requests", "claims"]) {
      database
        .query<unknown, [number | null]>(`DELETE FROM ${table} WHERE process = ?`)
        .run(process);
    }
  }

  return {
    /**
     * Whether an answer of the conversation is being made by another process than `own`; those that
     * nobody makes any more are ended: `interrupted`.
     */
    stateOf(conversationId: number, own: number): "idle" | "running" | "interrupted" {
      const growing = findGrowing(database, conversationId);
      if (growing.length === 0) return "idle";
      if (growing.some(({ process }) => process !== own && lives(process))) return "running";
      const ids = growing.map(({ id }) => id);
      const these = and(eq(messages.conversationId, conversationId), inArray(messages.id, ids));
      interrupt(db.select().from(messages).where(these).all());
      return "interrupted";
    },

    writes: {
      interruptProcess,

      /** Ends what any dead process has left; `own` is not looked at. */
      interruptAnswers: (own: number | undefined): void => {
        const owners = database
          .query<Pick<Growing, "process">, []>(
            `SELECT process FROM messages WHERE status = 'streaming'
             UNION SELECT process FROM answer_requests`,
          )
          .all();
        for (const { process } of owners) {
          if (process !== own && !lives(process)) interruptProcess(process);
        }
      },

      requestAnswer: (own: number, request: AnswerRequest): boolean => {
        const { token, conversationId, messageId, kind } = request;
        const answer = findGrowing(database, conversationId).find(({ id }) => id === messageId);
        if (answer === undefined || answer.process === own) return false;
        if (!lives(answer.process)) {
          interruptProcess(answer.process);
          return false;
        }
        database
          .query<unknown, [string, number, number, string, number]>(
            `INSERT INTO answer_requests (token, conversation_id, message_id, kind, process)
             VALUES (?, ?, ?, ?, ?)`,
          )
          .run(token, conversationId, messageId, kind, own);
        return true;
      },

      withdrawRequest: (token: string): void => {
        database.query<unknown, [string]>("DELETE FROM answer_requests WHERE token = ?").run(token);
      },
    },
  };
}

export type AnswerOwners = ReturnType<typeof answerOwners>;

export function createAnswerStore(
  reader: Database,
  writer: Writer,
  presence: Presence,
): AnswerStore {
  return {
    findElsewhere: async (conversationId) =>
      findGrowing(reader, conversationId).find(({ process }) => process !== presence.number)?.id,

    request: async (request) => writer.call("requestAnswer", [await presence.take(), request]),

    withdraw: (token) => writer.call("withdrawRequest", [token]),

    requests: async () =>
      reader
        .query<AnswerRequest, []>(
          `SELECT token, conversation_id AS conversationId, message_id AS messageId, kind
           FROM answer_requests`,
        )
        .all(),

    growth: async (conversationId, answerId, firstPiece) => {
      // Before the status: an end between the two takes the parts away.
      const parts = reader
        .query<{ content: string; reasoning: string; pieces: string }, [number, number, number]>(
          `SELECT content, reasoning, pieces FROM answer_parts
           WHERE conversation_id = ? AND message_id = ? AND first_piece >= ? ORDER BY first_piece`,
        )
        .all(conversationId, answerId, firstPiece);
      const answer = reader
        .query<Omit<AnswerGrowth, "parts">, [number, number]>(
          "SELECT status, sources, model FROM messages WHERE conversation_id = ? AND id = ?",
        )
        .get(conversationId, answerId);
      if (answer === null) return undefined;
      return {
        ...answer,
        // Our own column of JSON.
        parts: parts.map((part) => ({ ...part, pieces: JSON.parse(part.pieces) as number[] })),
      };
    },

    interruptDead: async () => {
      const own = presence.number ?? null;
      const others = reader
        .query<unknown, [number | null, number | null]>(
          `SELECT 1 FROM messages WHERE status = 'streaming' AND process IS NOT ?
           UNION ALL SELECT 1 FROM answer_requests WHERE process IS NOT ? LIMIT 1`,
        )
        .get(own, own);
      if (others !== null) await writer.call("interruptAnswers", [presence.number]);
    },
  };
}
