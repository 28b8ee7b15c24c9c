/** The page of a document, its slide or its sheet, counted from 1; absent where the format has none. */
interface Placed {
  readonly page?: number;
}

export interface Heading extends Placed {
  readonly type: "heading";
  /** 1 for the outermost, up to 6. */
  readonly level: number;
  readonly text: string;
}

export interface Paragraph extends Placed {
  readonly type: "paragraph";
  readonly text: string;
}

export interface ListItem extends Placed {
  readonly type: "list_item";
  /** How deep the item's list lies in others: 0 for the outermost. */
  readonly depth: number;
  readonly text: string;
}

/**
 * A table, or a piece of one: a long table comes as several blocks in a row, each with the header.
 * `header` is the row that is marked as such, else the first one; it is empty for a table of one
 * row. Rows may be shorter or longer than it.
 */
export interface Table extends Placed {
  readonly type: "table";
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Preformatted text: line breaks and indentation are kept. */
export interface Code extends Placed {
  readonly type: "code";
  /** As the document names it, `python` for example. */
  readonly language?: string;
  readonly text: string;
}

/**
 * One block of a document in reading order. Texts are plain: no markup, no control character but
 * tab and line feed, no lone surrogate, never empty. Line feeds appear where the document breaks a
 * line on purpose. A block's text, or the cells of a table together, holds at most
 * `maxBlockLength` UTF-16 units: what is longer comes as several blocks, cut between sentences.
 */
export type Block = Heading | Paragraph | ListItem | Table | Code;

/** UTF-16 units that one block may hold. */
export const maxBlockLength = 16_384;

/**
 * A document that was read whole. It holds an open file until it is disposed of (`await using`).
 */
export interface ParsedDocument extends AsyncDisposable {
  /** What the document calls itself; undefined where it does not say. */
  readonly title: string | undefined;
  /** What the content turned out to be: a lower-case extension such as `docx`, `txt` or `py`. */
  readonly fileType: string;
  /** Pages, slides or sheets; undefined where the format has none. */
  readonly pages: number | undefined;
  /** UTF-16 units of text in all blocks together. */
  readonly textLength: number;
  /**
   * The blocks in reading order, read from disk as they are asked for, so that a document of any
   * length costs little memory. Each call starts again at the first block. The same bytes give the
   * same blocks.
   */
  blocks(): AsyncIterable<Block>;
}

export interface ParseLimits {
  /** Wall-clock seconds that one document may take, waiting for a free process not counted. */
  readonly timeoutSeconds: number;
  /** Resident bytes that the process which reads one document may reach. */
  readonly memoryBytes: number;
  /** Bytes that a document's compressed parts may unfold to, together. Default: 512 MiB. */
  readonly maxDecompressedBytes?: number;
  /** Documents that are read at once; others wait their turn. Default: 2. */
  readonly concurrency?: number;
  /** A folder on disk for what was read, gone with the document. Default: the system's for such. */
  readonly spoolDirectory?: string;
}

export interface DocumentParser {
  /**
   * Reads the document at `path` in a process of its own, which holds no secret and ends with the
   * call. `name` is the file's name as its owner gave it; only its extension is looked at.
   *
   * @throws AppError `unsupported_file_type`, `file_type_mismatch`, `document_unreadable`,
   *   `document_encrypted`, `document_empty`, `document_without_text`, or `document_too_complex`
   *   with the parameters `limit` (a `ParseLimit`) and `allowed` (a number, in the limit's unit);
   *   the signal's reason when aborted, after the process is gone.
   */
  parse(path: string, name: string, signal: AbortSignal): Promise<ParsedDocument>;
  /** Ends every process; whatever is running or waiting rejects. */
  close(): Promise<void>;
}

/** Which ceiling a document ran into: seconds, bytes, bytes, entries of an archive, levels. */
export type ParseLimit = "time" | "memory" | "decompressed_size" | "entries" | "nesting";
