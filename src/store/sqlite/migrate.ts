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

const holds = (database: Database, condition: string): boolean =>
  database.query(`SELECT 1 FROM sqlite_schema WHERE ${condition}`).get() !== null;

/**
 * How a database's schema stands to this program's, without changing anything; `foreign` is that of
 * another program, the Go system's for example, which has tables of the same names.
 */
export function schemaAge(database: Database): "current" | "older" | "newer" | "foreign" {
  const isOurs = holds(database, "name = '__drizzle_migrations'");
  if (!isOurs && holds(database, "type = 'table'")) return "foreign";
  const applied = isOurs ? newestIn(database) : 0;
  if (applied === newest) return "current";
  return applied < newest ? "older" : "newer";
}

/**
 * Brings the database to this program's schema, in one transaction, with the table that drizzle-kit
 * keeps. Two processes that start at once take turns.
 *
 * @throws Error when the database is another program's, or a newer program has already migrated it.
 */
export function migrate(database: Database): void {
  database
    .transaction(() => {
      if (schemaAge(database) === "foreign") {
        throw new Error(
          "the database is another program's; give sqlite.path the name of a file that is not there yet",
        );
      }
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
