import { AppError } from "../../errors.ts";
import { type ProviderFault, readFault } from "../fault.ts";
import { parseRecord } from "../json.ts";
import { isPassingFault } from "../retry.ts";
import { SseDecoder, type SseEvent } from "../sse.ts";
import type { ChatDelta, TokenUsage } from "./index.ts";
import { readChunk } from "./openai-chunk.ts";

/** Bytes of an answer that comes as plain JSON instead of as a stream. */
const maxJsonBytes = 16 * 1024 * 1024;

/**
 * What an answer may weigh, all of which is in memory while it is made: its characters, and so much
 * for each piece. It is many times what any model says; a provider that never ends reaches it.
 */
const maxWeight = 64 * 1024 * 1024;
const pieceWeight = 64;

/** Finish reasons that stand for a fault of the provider: Zhipu's and OpenRouter's. */
const failedFinishes: ReadonlySet<string> = new Set(["network_error", "error"]);

/**
 * `waiting` for the first piece, `answering` since then, `finishing` since the finish reason,
 * `complete`: nothing more comes, `failed`: see `failure`.
 */
export type DecoderState = "waiting" | "answering" | "finishing" | "complete" | "failed";

/**
 * The body of an answer of OpenAI's chat completions protocol, bytes to pieces. `finish` and then
 * `usage` come last, each at most once. A body that is one JSON document is taken as well: some
 * proxies do not stream.
 *
 * Once the state is `complete` or `failed`, more bytes change nothing.
 */
export class ChatDecoder {
  #state: DecoderState = "waiting";
  #failure: AppError | undefined;
  readonly #sse = new SseDecoder();
  #mayBeDocument: boolean;
  /** The body so far, once it turned out to be no stream. */
  #document: { readonly chunks: Uint8Array[]; size: number } | undefined;
  #finishReason: string | undefined;
  #usage: TokenUsage | undefined;
  #weight = 0;

  /** `apiKey` is redacted where the provider echoes it. */
  constructor(
    contentType: string,
    private readonly provider: string,
    private readonly apiKey: string,
  ) {
    this.#mayBeDocument = !contentType.includes("text/event-stream");
  }

  get state(): DecoderState {
    return this.#state;
  }

  /** AppError `provider_failed` before the first piece, else `provider_interrupted`. */
  get failure(): AppError | undefined {
    return this.#failure;
  }

  push(bytes: Uint8Array): ChatDelta[] {
    const deltas: ChatDelta[] = [];
    if (this.#document !== undefined || this.#beginsDocument(bytes)) this.#keep(bytes, deltas);
    else {
      try {
        this.#take(this.#sse.push(bytes), deltas, false);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        this.#interrupt(error.message, deltas);
      }
    }
    return deltas;
  }

  /** The body is over, `cause` saying why when it broke: an answer without an end was cut. */
  end(cause?: unknown): ChatDelta[] {
    const deltas: ChatDelta[] = [];
    if (this.#document !== undefined) this.#takeDocument(this.#document.chunks, deltas);
    else this.#take(this.#sse.end(), deltas, true);
    if (this.#finishReason !== undefined) this.#complete(deltas);
    else this.#interrupt("the connection ended before the answer did", deltas, { cause });
    return deltas;
  }

  get #over(): boolean {
    return this.#state === "complete" || this.#state === "failed";
  }

  #take(events: readonly SseEvent[], deltas: ChatDelta[], cut: boolean): void {
    for (const event of events) {
      if (this.#over) return;
      if (event.data.startsWith("[DONE]")) this.#complete(deltas);
      else if (event.data !== "") this.#takeChunk(event, deltas, cut);
    }
  }

  #takeChunk(event: SseEvent, deltas: ChatDelta[], cut: boolean): void {
    const chunk = parseRecord(event.data);
    if (event.type === "error" || chunk?.error || chunk?.object === "error") {
      this.#refuse(readFault(event.data, this.apiKey, "error"), deltas);
    } else if (chunk !== undefined) {
      this.#append(chunk, deltas);
    } else if (!cut) {
      // What the end of the body cut in half is no garbage.
      this.#interrupt("an event is not JSON", deltas);
    }
  }

  #append(chunk: Readonly<Record<string, unknown>>, deltas: ChatDelta[]): void {
    const known = deltas.length;
    const { finishReason, usage } = readChunk(chunk, deltas);
    if (usage !== undefined) this.#usage = usage;
    if (this.#state === "waiting" && deltas.length > 0) this.#state = "answering";
    this.#weigh(deltas, known);
    if (this.#over || finishReason === undefined) return;
    if (failedFinishes.has(finishReason)) {
      this.#interrupt(`finish_reason ${finishReason}`, deltas);
      return;
    }
    this.#finishReason = finishReason;
    this.#state = "finishing";
  }

  #weigh(deltas: ChatDelta[], from: number): void {
    for (let at = from; at < deltas.length; at += 1) {
      const delta = deltas[at];
      if (delta !== undefined && "text" in delta) this.#weight += delta.text.length + pieceWeight;
    }
    if (this.#weight > maxWeight) this.#interrupt("the answer is too long", deltas);
  }

  /** Whether these bytes, if they are the first that mean anything, begin a document. */
  #beginsDocument(bytes: Uint8Array): boolean {
    if (!this.#mayBeDocument) return false;
    const first = bytes.find((byte) => byte > 0x20 && !byteOrderMark.includes(byte));
    if (first === undefined) return false;
    this.#mayBeDocument = false;
    return documentStarts.includes(first);
  }

  #keep(bytes: Uint8Array, deltas: ChatDelta[]): void {
    this.#document ??= { chunks: [], size: 0 };
    this.#document.size += bytes.length;
    if (this.#document.size > maxJsonBytes) this.#interrupt("the answer is too long", deltas);
    else this.#document.chunks.push(bytes);
  }

  #takeDocument(chunks: readonly Uint8Array[], deltas: ChatDelta[]): void {
    const body = new TextDecoder().decode(Buffer.concat(chunks));
    const document = parseRecord(body);
    if (document === undefined || document.error || !Array.isArray(document.choices)) {
      this.#refuse(readFault(body, this.apiKey, "no answer"), deltas);
      return;
    }
    this.#append(document, deltas);
    this.#finishReason ??= "stop";
  }

  #complete(deltas: ChatDelta[]): void {
    if (this.#over) return;
    this.#state = "complete";
    deltas.push({ type: "finish", reason: this.#finishReason ?? "stop" });
    if (this.#usage !== undefined) deltas.push({ type: "usage", usage: this.#usage });
  }

  #refuse(fault: ProviderFault, deltas: ChatDelta[]): void {
    const { message, codes } = fault;
    const retryable = isPassingFault(codes);
    if (this.#state === "waiting" && deltas.length === 0) {
      const parameters = { provider: this.provider, status: codes[0] ?? "error", message };
      this.#fail(new AppError("provider_failed", parameters, { retryable }));
    } else this.#interrupt(message, deltas, { retryable });
  }

  #interrupt(
    message: string,
    deltas: ChatDelta[],
    options: { cause?: unknown; retryable?: boolean } = {},
  ): void {
    // An answer that had its finish reason was whole before the provider failed.
    if (this.#over || this.#finishReason !== undefined) return;
    if (this.#usage !== undefined && this.#state !== "waiting")
      deltas.push({ type: "usage", usage: this.#usage });
    const { provider } = this;
    this.#fail(new AppError("provider_interrupted", { provider, message }, options));
  }

  #fail(failure: AppError): void {
    this.#failure = failure;
    this.#state = "failed";
  }
}

const byteOrderMark: readonly number[] = [0xef, 0xbb, 0xbf];
/** `{`, `[` and `<`: JSON, or a page that says what is wrong. */
const documentStarts: readonly number[] = [0x7b, 0x5b, 0x3c];
