import { AppError } from "../../errors.ts";
import type { Metadata } from "../../store/knowledge.ts";

const maxPairs = 50;
const maxKeyLength = 64;
const maxValueLength = 500;

const invalid = (reason: string, limit?: number): AppError =>
  new AppError("invalid_field", {
    field: "metadata",
    reason,
    ...(limit === undefined ? {} : { limit }),
  });

/** A key or a value as it is stored. */
export const cleanMetadata = (text: string): string => text.toWellFormed().normalize("NFC").trim();

function clean(text: string, limit: number): string {
  if (/\p{Cc}/u.test(text)) throw invalid("control_characters");
  const cleaned = cleanMetadata(text);
  if (cleaned.length > limit) throw invalid("too_long", limit);
  return cleaned;
}

/**
 * Reads what an upload says about its documents: a JSON object of texts.
 *
 * @throws AppError `invalid_field`
 */
export function parseMetadata(json: string): Metadata {
  let sent: unknown;
  try {
    sent = JSON.parse(json);
  } catch {
    throw invalid("not_object");
  }
  if (typeof sent !== "object" || sent === null || Array.isArray(sent)) throw invalid("not_object");
  const pairs = Object.entries(sent).map(([key, value]): [string, string] => {
    if (typeof value !== "string") throw invalid("not_string");
    const name = clean(key, maxKeyLength);
    if (name === "") throw invalid("empty");
    return [name, clean(value, maxValueLength)];
  });
  if (pairs.length > maxPairs) throw invalid("too_many", maxPairs);
  return Object.fromEntries(pairs);
}
