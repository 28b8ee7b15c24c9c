import { Database } from "bun:sqlite";
import { existsSync, realpathSync } from "node:fs";

/** Far more processes than one database can serve. */
const mostProcesses = 4096;

/** Empty, and never removed: whoever removed one would take it from the process that just locked it. */
const lockFile = (databasePath: string, process: number): string =>
  `${databasePath}-process-${process}`;

/**
 * A number from 1 on that no other running process on the database has. What makes it so is a lock
 * that the kernel holds (SQLite's own, on a file beside the database) and lets go of when the process
 * ends, in whatever way. So nobody waits for a lease to run out, no clock is read, and another process
 * with the same id, in another container for example, is not taken for this one.
 */
export class ProcessLock {
  private constructor(
    readonly number: number,
    private readonly connection: Database,
  ) {}

  /**
   * Takes the lowest number that is free.
   *
   * @throws Error when no file beside the database can be written
   */
  static take(databasePath: string): ProcessLock {
    for (let number = 1; number <= mostProcesses; number += 1) {
      const connection = new Database(lockFile(databasePath, number), {
        create: true,
        readwrite: true,
      });
      try {
        connection.run("BEGIN EXCLUSIVE");
        return new ProcessLock(number, connection);
      } catch (error) {
        connection.close();
        const code = error instanceof Error && "code" in error ? error.code : undefined;
        if (code !== "SQLITE_BUSY") throw error;
      }
    }
    throw new Error(`more than ${mostProcesses} processes use the database`);
  }

  release(): void {
    this.connection.close();
  }
}

/** Whether a process holds the number. In doubt, when the lock cannot be looked at, it does. */
export function isAlive(databasePath: string, process: number): boolean {
  const path = lockFile(databasePath, process);
  if (!existsSync(path)) return false;
  try {
    using connection = new Database(path, { readwrite: true, create: false });
    connection.query("SELECT 1 FROM sqlite_schema").all();
    return false;
  } catch {
    return true;
  }
}

/** The same for the processes that use a database, by its connection. */
export const isAliveOn = (database: Database, process: number): boolean =>
  // Its locks lie beside the file itself, not beside a link to it.
  isAlive(realpathSync(database.filename), process);
