import { isErrorCode } from "../../errors.ts";
import type { Document, DocumentError } from "../knowledge.ts";
import type { documents } from "./schema.ts";

/** A fault as it is stored; a code that this version does not know counts as one of ours. */
export function toDocumentError(
  code: string | null,
  parameters: DocumentError["parameters"] | null,
): DocumentError {
  return {
    code: code !== null && isErrorCode(code) ? code : "internal",
    parameters: parameters ?? {},
  };
}

/** @throws Error for a document that was deleted */
export function toDocument(row: typeof documents.$inferSelect): Document {
  const { number: _, errorCode, errorParameters, status, ...document } = row;
  if (status === "deleting") throw new Error(`document ${row.id} is deleted`);
  const error = status === "failed" ? toDocumentError(errorCode, errorParameters) : null;
  return { ...document, status, error };
}
