import { AppError } from "../errors.ts";

/** What SQLite and the system say where a disk, or this user's part of it, has no room left. */
const fullCodes: ReadonlySet<unknown> = new Set(["SQLITE_FULL", "ENOSPC", "EDQUOT"]);

/** Says of a full disk that it is one; anything else stays as it is. */
export function storageFault(error: unknown): unknown {
  const isFull = error instanceof Error && "code" in error && fullCodes.has(error.code);
  return isFull ? new AppError("storage_full", {}, { cause: error }) : error;
}
