import type { BlockWriter } from "./block-writer.ts";
import type { TextEncoding } from "./encoding.ts";
import type { Source } from "./source.ts";
import type { Zip } from "./zip.ts";

/** What a document says of itself beside its blocks. */
export interface DocumentFacts {
  readonly title?: string | undefined;
  readonly pages?: number | undefined;
}

/** A document as its reader gets it. */
export interface OpenDocument {
  readonly source: Source;
  readonly extension: string;
  readonly writer: BlockWriter;
}

/**
 * Readers write a document's blocks to `writer` in reading order, as they find them, so that a
 * document need not fit in memory. They throw AppErrors; anything else that they throw means that
 * the document is unreadable.
 */
export type TextReader = (
  document: OpenDocument & { readonly encoding: TextEncoding },
) => DocumentFacts | Promise<DocumentFacts>;
export type ArchiveReader = (
  document: OpenDocument & { readonly zip: Zip },
) => Promise<DocumentFacts>;
export type BytesReader = (document: OpenDocument) => DocumentFacts | Promise<DocumentFacts>;
