import { AppError } from "../../errors.ts";
import type { ParseLimit } from "./document.ts";

/** The fault of a document that goes beyond a ceiling. */
export function tooComplex(limit: ParseLimit, allowed: number, cause?: unknown): AppError {
  return new AppError("document_too_complex", { limit, allowed }, { cause });
}

/** Entries that an archive may list: no office document or book comes near. */
export const maxEntries = 20_000;

/** Levels that a format may nest where a reader has to keep one frame for each. */
export const maxNesting = 10_000;

/** What one document may still unfold to. */
export class Budget {
  private spent = 0;

  constructor(readonly maxDecompressedBytes: number) {}

  /** @throws AppError `document_too_complex` when the bytes together are over the ceiling. */
  spend(bytes: number): void {
    this.check(bytes);
    this.spent += bytes;
  }

  /** Whether so many bytes could be spent, thrown as `spend` does. */
  check(bytes: number): void {
    if (this.spent + bytes > this.maxDecompressedBytes) {
      throw tooComplex("decompressed_size", this.maxDecompressedBytes);
    }
  }
}
