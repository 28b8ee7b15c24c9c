import { type MigrationMeta, readMigrationFiles } from "drizzle-orm/migrator";

/**
 * The migrations in `drizzle/`, oldest first. Used as a macro: the build runs it and puts the result
 * into the binary.
 */
export function readMigrations(): MigrationMeta[] {
  return readMigrationFiles({
    migrationsFolder: new URL("../../../drizzle", import.meta.url).pathname,
  });
}
