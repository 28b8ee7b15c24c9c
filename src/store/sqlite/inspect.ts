import type { Database } from "bun:sqlite";
import type { DocumentStatus } from "../knowledge.ts";
import { openDatabase } from "./connection.ts";
import { checkConversations } from "./conversation-check.ts";
import { checkKnowledge } from "./knowledge-check.ts";
import { schemaAge } from "./migrate.ts";
import { placeVectorExtension } from "./vector-extension.ts";

export interface DatabaseReport {
  /** What SQLite finds wrong with the file itself; none when it is whole. */
  readonly integrity: readonly string[];
  /** Of another program or version of it, the rest cannot be judged. */
  readonly schema: ReturnType<typeof schemaAge>;
  /** What `checkKnowledge` finds. */
  readonly knowledge: readonly string[];
  /** What `checkConversations` finds. */
  readonly conversations: readonly string[];
  readonly counts: {
    readonly documents: number;
    readonly chunks: number;
    readonly conversations: number;
    readonly messages: number;
  };
  /** Every document, also those that are on their way out. */
  readonly documents: readonly {
    readonly id: string;
    readonly status: DocumentStatus | "deleting";
  }[];
}

function integrityOf(database: Database): string[] {
  const rows = database.query<{ integrity_check: string }, []>("PRAGMA integrity_check").all();
  const lines = rows.map((row) => row.integrity_check);
  return lines.length === 1 && lines[0] === "ok" ? [] : lines;
}

function report(database: Database): DatabaseReport {
  const integrity = integrityOf(database);
  const schema = schemaAge(database);
  if (schema !== "current") {
    const counts = { documents: 0, chunks: 0, conversations: 0, messages: 0 };
    return { integrity, schema, knowledge: [], conversations: [], counts, documents: [] };
  }
  const documents = database
    .query<DatabaseReport["documents"][number], []>(
      `SELECT d.id, CASE WHEN k.deleted THEN 'deleting' ELSE d.status END AS status
       FROM documents d JOIN knowledge_bases k ON k.id = d.knowledge_base_id`,
    )
    .all();
  const rowsOf = (table: "chunks" | "conversations" | "messages"): number =>
    database.query<{ n: number }, []>(`SELECT count(*) AS n FROM ${table}`).get()?.n ?? 0;
  return {
    integrity,
    schema,
    knowledge: checkKnowledge(database),
    conversations: checkConversations(database),
    counts: {
      documents: documents.length,
      chunks: rowsOf("chunks"),
      conversations: rowsOf("conversations"),
      messages: rowsOf("messages"),
    },
    documents,
  };
}

/**
 * Looks at a database as it is at one moment, also while a server uses it, and changes nothing.
 *
 * @throws Error when it cannot be opened or is no database at all
 */
export function inspectDatabase(path: string): DatabaseReport {
  const vectorExtension = placeVectorExtension(path);
  const database = openDatabase({ path, vectorExtension, readonly: true });
  try {
    return database.transaction(() => report(database)).deferred();
  } finally {
    database.close();
  }
}
