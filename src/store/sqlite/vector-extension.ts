import { Database } from "bun:sqlite";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { sqliteVecPath } from "./sqlite-vec.ts";

/** Bun keeps the files of a compiled binary under this root, which the dynamic linker cannot read. */
const isEmbedded = sqliteVecPath.startsWith("/$bunfs/") || sqliteVecPath.includes("~BUN");

/** Nobody else may be able to put a library where this program loads one from. */
function ownFolder(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const folder = lstatSync(path);
  const uid = process.getuid?.();
  if (!folder.isDirectory() || (uid !== undefined && folder.uid !== uid)) {
    throw new Error(`${path} belongs to somebody else`);
  }
  chmodSync(path, 0o700);
  return path;
}

function copyInto(folder: string): string {
  const library = readFileSync(sqliteVecPath);
  const digest = createHash("sha256").update(library).digest("hex");
  const path = join(ownFolder(folder), `vec0-${digest.slice(0, 16)}`);
  if (!existsSync(path) || !readFileSync(path).equals(library)) {
    const draft = `${path}.${process.pid}`;
    writeFileSync(draft, library, { mode: 0o700 });
    renameSync(draft, path);
  }
  // Fails where no file may be executed, as in many a temporary folder.
  using probe = new Database(":memory:");
  loadVectorExtension(probe, path);
  return path;
}

/**
 * The sqlite-vec library as a real file that any connection of this machine can load. A compiled
 * program copies it out of itself once: into the temporary folder, or beside the database where that
 * folder cannot be used.
 */
export function placeVectorExtension(databasePath: string): string {
  if (!isEmbedded) return sqliteVecPath;
  try {
    return copyInto(join(tmpdir(), `llm-backend-${process.getuid?.() ?? "user"}`));
  } catch {
    return copyInto(join(dirname(databasePath), ".llm-backend"));
  }
}

/** Gives one connection the `vec0` tables; each connection needs its own call. */
export function loadVectorExtension(database: Database, path: string): void {
  // The entry point is named since SQLite derives it from the file's name otherwise.
  database.loadExtension(path, "sqlite3_vec_init");
}
