import { AppError, type ErrorCode, type ErrorParameters } from "../../errors.ts";
import { type PackedConversation, packConversation } from "../../store/imported.ts";
import { isChatGpt, readChatGpt } from "./chatgpt.ts";
import { JsonElements } from "./json-elements.ts";
import { readExported } from "./read-exported.ts";

/** Bytes of one conversation in a file. */
const maxConversationBytes = 32 * 1024 * 1024;
/** Conversations that may be at fault before the rest of a file is left unread. */
const mostFaults = 100;

/** What is wrong with a conversation of a file, or with the file itself. */
export interface ImportFault {
  /** Its place in the file, from 0; null for the file. */
  readonly index: number | null;
  /** As far as it could be read. */
  readonly title: string | null;
  readonly code: ErrorCode;
  readonly parameters: ErrorParameters;
}

export interface ImportBatch {
  readonly conversations: readonly PackedConversation[];
  readonly faults: readonly ImportFault[];
  /** Whether the rest of the file is not worth reading. */
  readonly ended: boolean;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function titleOf(value: unknown): string | null {
  if (typeof value !== "object" || value === null || !("title" in value)) return null;
  return typeof value.title === "string" ? value.title.slice(0, 200).toWellFormed() : null;
}

function parse(element: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(element));
  } catch (cause) {
    throw new AppError("malformed_json", {}, { cause });
  }
}

/** Reads a file of conversations as it comes: one, or an array of them; ours, or ChatGPT's. */
export class ImportReader {
  private readonly elements = new JsonElements(maxConversationBytes);
  private count = 0;
  private faultCount = 0;
  private ended = false;

  write(bytes: Uint8Array): ImportBatch {
    const conversations: PackedConversation[] = [];
    const faults: ImportFault[] = [];
    try {
      for (const element of this.elements.write(bytes)) {
        const read = this.read(element);
        if (read instanceof ArrayBuffer) conversations.push(read);
        else faults.push(read);
        if (this.ended) break;
      }
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      faults.push(this.fileFault(this.count === 0 ? "invalid_body" : "malformed_json"));
    }
    return { conversations, faults, ended: this.ended };
  }

  /** To be called after the last byte. */
  end(): ImportBatch {
    const faults: ImportFault[] = [];
    if (!this.ended) {
      try {
        this.elements.end();
        if (this.count === 0) faults.push(this.fileFault("invalid_body"));
      } catch {
        faults.push(this.fileFault("malformed_json"));
      }
    }
    return { conversations: [], faults, ended: true };
  }

  private read(element: Uint8Array | undefined): PackedConversation | ImportFault {
    const index = this.count;
    this.count += 1;
    let value: unknown;
    try {
      if (element === undefined) {
        throw new AppError("body_too_large", { limit: maxConversationBytes });
      }
      value = parse(element);
      return packConversation(isChatGpt(value) ? readChatGpt(value) : readExported(value));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const { code, parameters } = error;
      this.faultCount += 1;
      if (this.faultCount === mostFaults || !this.elements.isArray) this.ended = true;
      // A file that is one conversation is at fault itself.
      return {
        index: this.elements.isArray ? index : null,
        title: titleOf(value),
        code,
        parameters,
      };
    }
  }

  private fileFault(code: ErrorCode): ImportFault {
    this.ended = true;
    return { index: null, title: null, code, parameters: {} };
  }
}
