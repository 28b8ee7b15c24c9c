import type { Database } from "bun:sqlite";
import { readMigrations } from "./read-migrations.ts" with { type: "macro" };

const migrations = readMigrations();

/** Milliseconds, as drizzle-kit stamps its migrations. */
const newest = Math.max(...migrations.map((migration) => migration.folderMillis));

/** The stamp of the newest migration that a database has had; 0 before the first. */
const newestIn = (database: Database): number =>
  database
    .query<{ applied: number | null }, []>(
      "SELECT max(created_at) AS applied FROM __drizzle_migrations",
    )
    .get()?.applied ?? 0;

/** How a database's schema stands to this program's, without changing anything. */
export function schemaAge(database: Database): "current" | "older" | "newer" {
  const table = database
    .query("SELECT 1 FROM sqlite_schema WHERE name = '__drizzle_migrations'")
    .get();
  const applied = table === null ? 0 : newestIn(database);
  if (applied === newest) return "current";
  return applied < newest ? "older" : "newer";
}

/**
 * Brings the database to this program's schema, in one transaction, with the table that drizzle-kit
 * keeps. Two processes that start at once take turns.
 *
 * @throws Error when a newer program has already migrated this database.
 */
export function migrate(database: Database): void {
  database
    .transaction(() => {
      database.run(
        `CREATE TABLE IF NOT EXISTS __drizzle_migrations (
           id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric)`,
      );
      const applied = newestIn(database);
      if (applied > newest) {
        throw new Error(
          "the database was written by a newer version of this program; start that version, or restore a backup that is older than its first start",
        );
      }
      const record = database.query(
        "INSERT INTO __drizzle_migrations (hash, created_at) VALUES (?, ?)",
      );
      for (const migration of migrations) {
        if (migration.folderMillis <= applied) continue;
        for (const statement of migration.sql) database.run(statement);
        record.run(migration.hash, migration.folderMillis);
      }
    })
    .immediate();
}
