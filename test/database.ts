import { Database } from "bun:sqlite";

/** The database of a server that runs, to do to it what another process might. */
export function openBeside(server: { readonly folder: string }): Database {
  const database = new Database(`${server.folder}/test.db`);
  database.run("PRAGMA busy_timeout = 5000");
  database.run("PRAGMA foreign_keys = ON");
  return database;
}
