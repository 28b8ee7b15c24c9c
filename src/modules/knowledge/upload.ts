import { AppError } from "../../errors.ts";
import type { Part } from "../../http/multipart.ts";
import type { Originals, ReceivedFile } from "../../rag/originals.ts";
import { claimedExtension, typeOfExtension } from "../../rag/parse/file-types.ts";
import type { Metadata } from "../../store/knowledge.ts";
import { cleanFileName } from "./file-name.ts";
import { parseMetadata } from "./metadata.ts";

export interface UploadedFile extends ReceivedFile {
  readonly name: string;
  /** What its name claims that it is: a lower-case extension without the dot. */
  readonly fileType: string;
}

export interface Upload {
  readonly knowledgeBaseId: string;
  /** One or more. */
  readonly files: readonly UploadedFile[];
  /** Said of each of the files. */
  readonly metadata: Metadata;
  /** Whether the answer is to come before they are taken in. */
  readonly atOnce: boolean;
}

/** Bytes of a field that is not a file. */
const maxFieldBytes = 1000;
const maxMetadataBytes = 16_384;

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

async function readText({ name, bytes }: Part, limit = maxFieldBytes): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of bytes) {
    size += piece.length;
    if (size > limit) {
      throw new AppError("invalid_field", { field: name, reason: "too_many_bytes", limit });
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8").trim();
}

function readFlag(text: string): boolean {
  const value = text.toLowerCase();
  if (value === "true" || value === "1") return true;
  if (value === "false" || value === "0" || value === "") return false;
  throw new AppError("invalid_field", { field: "async", reason: "not_boolean" });
}

function readName(part: Part): Pick<UploadedFile, "name" | "fileType"> {
  if (part.filename === undefined) {
    throw new AppError("invalid_field", { field: "file", reason: "not_file" });
  }
  const name = cleanFileName(part.filename);
  if (name === "") throw new AppError("invalid_field", { field: "file", reason: "no_file_name" });
  const extension = claimedExtension(name);
  const type = typeOfExtension(extension);
  if (type === undefined) throw new AppError("unsupported_file_type", { type: extension });
  return { name, fileType: type.extension };
}

/**
 * Receives the form of an upload, its fields in any order. `authorize` is asked before a file is
 * received, if the knowledge base is named in front of it, and in any case before this resolves.
 * The files of an upload that is refused are gone.
 *
 * @throws AppError `invalid_field`, `unsupported_file_type`, `file_too_large` and whatever reading the
 *   parts or `authorize` throw
 */
export async function receiveUpload(
  parts: AsyncIterable<Part>,
  options: {
    readonly originals: Originals;
    readonly maxFileBytes: number;
    authorize(knowledgeBaseId: string): Promise<void>;
  },
): Promise<Upload> {
  const { originals, maxFileBytes } = options;
  const files: UploadedFile[] = [];
  let knowledgeBaseId: string | undefined;
  let metadata: Metadata = {};
  let atOnce = false;
  try {
    for await (const part of parts) {
      if (part.name === "kb_id") {
        const id = await readText(part);
        if (!uuid.test(id)) {
          throw new AppError("invalid_field", { field: "kb_id", reason: "not_uuid" });
        }
        knowledgeBaseId = id.toLowerCase();
        await options.authorize(knowledgeBaseId);
      } else if (part.name === "metadata") {
        metadata = parseMetadata(await readText(part, maxMetadataBytes));
      } else if (part.name === "async") {
        atOnce = readFlag(await readText(part));
      } else if (part.name === "file") {
        const named = readName(part);
        files.push({ ...named, ...(await originals.receive(part.bytes, maxFileBytes)) });
      }
    }
    if (knowledgeBaseId === undefined) {
      throw new AppError("invalid_field", { field: "kb_id", reason: "required" });
    }
    if (files.length === 0) {
      throw new AppError("invalid_field", { field: "file", reason: "required" });
    }
    return { knowledgeBaseId, files, metadata, atOnce };
  } catch (error) {
    for (const file of files) await originals.discard(file);
    throw error;
  }
}
