import { Database } from "bun:sqlite";
import { sql } from "drizzle-orm";
import { type BunSQLiteDatabase, drizzle } from "drizzle-orm/bun-sqlite";
import { loadVectorExtension } from "./vector-extension.ts";

export type Drizzle = BunSQLiteDatabase;

/** Milliseconds that a connection waits for another process's write to end. */
const busyTimeout = 5000;

export interface ConnectionOptions {
  readonly path: string;
  readonly readonly: boolean;
  /** Where the vector extension lies, for a connection that searches or writes vectors. */
  readonly vectorExtension?: string;
}

/**
 * One connection in write-ahead mode with foreign keys on. Commits survive the death of the process;
 * after a loss of power the newest ones may be missing, never a part of one.
 */
export function openDatabase(options: ConnectionOptions): Database {
  const database = options.readonly
    ? new Database(options.path, { readonly: true, strict: true })
    : new Database(options.path, { create: true, readwrite: true, strict: true });
  database.run(`PRAGMA busy_timeout = ${busyTimeout}`);
  if (!options.readonly) {
    // First: the switch to the write-ahead log is a commit of its own.
    database.run("PRAGMA synchronous = NORMAL");
    database.run("PRAGMA journal_mode = WAL");
    database.run("PRAGMA foreign_keys = ON");
  }
  database.run("PRAGMA temp_store = MEMORY");
  if (options.vectorExtension !== undefined) {
    loadVectorExtension(database, options.vectorExtension);
  }
  return database;
}

export const queries = (database: Database): Drizzle => drizzle({ client: database });

/** The highest id that a table with AUTOINCREMENT ever held, deleted rows included. */
export const highestId = (db: Drizzle, table: string): number =>
  db.values<[number]>(sql`SELECT seq FROM sqlite_sequence WHERE name = ${table}`)[0]?.[0] ?? 0;
