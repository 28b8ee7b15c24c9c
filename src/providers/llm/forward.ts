import { AppError } from "../../errors.ts";
import { JsonObject } from "../../json-object.ts";
import type { Deadline } from "../deadline.ts";
import { readFault, shortestSecret, wordsOf } from "../fault.ts";
import { readBytes } from "../http/read-whole.ts";
import type { Reply } from "../http/reply.ts";
import { parseRecord } from "../json.ts";
import { isPassingFault, isRequestFault } from "../retry.ts";
import { SseDecoder } from "../sse.ts";
import { drain } from "./drain.ts";
import { EventRuns } from "./event-runs.ts";
import type { ForwardedAnswer } from "./index.ts";
import { streamOf } from "./whole-as-stream.ts";

/** A provider's answer whose headers are there. */
export interface ForwardCall {
  readonly providerName: string;
  readonly model: string;
  /** To redact it where the provider echoes it. */
  readonly apiKey: string;
  readonly reply: Reply;
  readonly deadline: Deadline;
}

/** Bytes of an answer that comes at once; it may hold images. */
const maxAnswerBytes = 64 * 1024 * 1024;

/** Runs that are looked at for the finish reason when a stream ends without a word. */
const rememberedRuns = 3;

/** Bytes at the end of each that are: a client that reads nothing is not to cost all of three. */
const rememberedBytes = 16_384;

/** Bytes at the end of a run that tell whether it ends in `data: [DONE]`. */
const doneBytes = 24;

const done = /(?:^|[\r\n])data: ?\[DONE\]\s*$/;
/** Of JSON, or of a page that says what is wrong. */
const documentStart = /^(?:\xef\xbb\xbf)?\s*[{[<]/;
/** A finish reason, or an error: the provider has said how the answer ended. */
const lastWord = /"finish_reason"\s*:\s*"|"error"\s*:\s*["{[]|(?:^|[\r\n])event: ?error/;

function interrupted({ providerName }: ForwardCall, message: string, cause?: unknown): AppError {
  return new AppError("provider_interrupted", { provider: providerName, message }, { cause });
}

/** A fault that came with status 200, with the status that it should have had. */
function refused(call: ForwardCall, body: string, fallback: string): AppError {
  const { message, codes } = readFault(body, call.apiKey, fallback);
  const number = codes.find((code) => /^[45]\d\d$/.test(code));
  const status = number === undefined && isRequestFault(codes) ? 400 : Number(number);
  return new AppError(
    "provider_failed",
    {
      provider: call.providerName,
      status: Number.isNaN(status) ? (codes[0] ?? "error") : status,
      message,
    },
    { retryable: isPassingFault(codes), words: wordsOf(body, call.apiKey) },
  );
}

/**
 * Reads an answer that comes at once, whole, so that one that was cut is known before any of it is
 * passed on.
 *
 * @throws AppError `provider_failed`, `provider_interrupted`; the reason of the deadline's signal
 */
export async function forwardWhole(call: ForwardCall): Promise<ForwardedAnswer> {
  const { deadline, reply, providerName, model } = call;
  try {
    const bytes = await readBytes(reply.body, maxAnswerBytes);
    checkDocument(call, bytes);
    return {
      providerName,
      model,
      async *[Symbol.asyncIterator]() {
        yield bytes;
      },
    };
  } catch (error) {
    deadline.signal.throwIfAborted();
    if (error instanceof AppError) throw error;
    throw interrupted(call, error instanceof Error ? error.message : "no answer", error);
  } finally {
    deadline.close();
  }
}

/** @throws AppError `provider_failed` unless the bytes are a completion */
function checkDocument(call: ForwardCall, bytes: Uint8Array<ArrayBuffer>): void {
  try {
    const document = JsonObject.read(bytes);
    if (document.has("choices")) return;
  } catch {
    // A page, a text or nothing at all.
  }
  throw refused(call, Buffer.from(bytes).toString("utf8"), "no answer");
}

/**
 * Passes a streamed answer on, in runs of whole events. Resolves with the first that tells anything.
 *
 * @throws AppError `provider_failed` where that is an error, or no stream; `provider_interrupted`; the
 *   reason of the deadline's signal
 */
export async function forwardStream(call: ForwardCall): Promise<ForwardedAnswer> {
  const stream = new ForwardedStream(call);
  await stream.begin();
  return stream;
}

class ForwardedStream implements ForwardedAnswer {
  readonly providerName: string;
  readonly model: string;
  readonly #runs = new EventRuns();
  /** What has come before the answer was handed out. */
  readonly #first: Buffer[] = [];
  readonly #recent: Buffer[] = [];

  constructor(private readonly call: ForwardCall) {
    this.providerName = call.providerName;
    this.model = call.model;
  }

  async begin(): Promise<void> {
    for (let isQuiet = true; isQuiet; ) {
      const run = (await this.#wholeDocument()) ?? (await this.#next());
      if (run === undefined) throw interrupted(this.call, "the stream ended before it began");
      this.#first.push(run);
      isQuiet = !this.#checkBeginning(run);
    }
    this.call.deadline.begun();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, undefined> {
    const { deadline } = this.call;
    let isOver = false;
    try {
      for (let run = this.#first.shift(); run !== undefined; run = this.#first.shift()) {
        yield run;
        isOver = this.#endsIn(run);
      }
      while (!isOver) {
        const run = await this.#next();
        if (run === undefined) break;
        yield run;
        isOver = this.#endsIn(run);
      }
      isOver ||= this.#recent.some((run) => lastWord.test(run.toString("latin1")));
      if (!isOver) throw interrupted(this.call, "the connection ended before the answer did");
      deadline.met();
      drain(this.call.reply.body, deadline);
    } finally {
      if (!isOver) {
        deadline.abort();
        deadline.close();
      }
    }
  }

  /** The answer of a provider that does not stream, as a stream; undefined when it does. */
  async #wholeDocument(): Promise<Buffer | undefined> {
    const contentType = this.call.reply.header("content-type") ?? "";
    if (this.#first.length > 0 || contentType.includes("text/event-stream")) return undefined;
    const start = await this.#read();
    if (start === undefined) return undefined;
    if (!documentStart.test(start.toString("latin1", 0, 64))) return this.#runs.push(start);
    const parts = [start];
    let size = start.length;
    for (let part = await this.#read(); part !== undefined; part = await this.#read()) {
      size += part.length;
      if (size > maxAnswerBytes) throw interrupted(this.call, "the answer is too long");
      parts.push(part);
    }
    const body = Buffer.concat(parts).toString("utf8");
    const document = parseRecord(body);
    if (!Array.isArray(document?.choices)) throw refused(this.call, body, "no answer");
    return streamOf(document, document.choices);
  }

  /** Whether the run tells anything; one that begins with an error is refused. */
  #checkBeginning(run: Buffer): boolean {
    for (const { data, type } of new SseDecoder().push(run)) {
      if (data === "") continue;
      const chunk = data.startsWith("[DONE]") ? undefined : parseRecord(data);
      if (type === "error" || chunk?.error) throw refused(this.call, data, "error");
      return true;
    }
    return false;
  }

  #endsIn(run: Buffer): boolean {
    const isShort = run.length <= rememberedBytes;
    this.#recent.push(isShort ? run : Buffer.from(run.subarray(-rememberedBytes)));
    if (this.#recent.length > rememberedRuns) this.#recent.shift();
    return done.test(run.toString("latin1", Math.max(0, run.length - doneBytes)));
  }

  /** The next run of whole events; undefined when no more will come. */
  async #next(): Promise<Buffer | undefined> {
    for (let bytes = await this.#read(); bytes !== undefined; bytes = await this.#read()) {
      const run = this.#push(bytes);
      if (run !== undefined) return this.#withoutKey(run);
    }
    return this.#last();
  }

  /** An error in the middle of a stream may echo the key; all else stays as it is. */
  #withoutKey(run: Buffer): Buffer {
    const { apiKey } = this.call;
    if (apiKey.length < shortestSecret || !run.includes(apiKey)) return run;
    return Buffer.from(run.toString().replaceAll(apiKey, "[redacted]"));
  }

  #push(bytes: Buffer): Buffer | undefined {
    try {
      return this.#runs.push(bytes);
    } catch (error) {
      throw interrupted(this.call, "an event is too long", error);
    }
  }

  /** The next bytes of the body; undefined at its end. */
  async #read(): Promise<Buffer | undefined> {
    const { deadline, reply } = this.call;
    try {
      deadline.waits();
      const bytes = await reply.body.read();
      deadline.heard();
      if (bytes === undefined) return undefined;
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    } catch (cause) {
      deadline.signal.throwIfAborted();
      throw interrupted(this.call, "the connection broke", cause);
    }
  }

  /** What came last and without its blank line, if it is an event all the same. */
  #last(): Buffer | undefined {
    const whole = Buffer.concat([this.#runs.end(), Buffer.from("\n\n")]);
    const [event] = new SseDecoder().push(whole);
    if (event === undefined) return undefined;
    const isWhole = event.data.startsWith("[DONE]") || parseRecord(event.data) !== undefined;
    return isWhole ? this.#withoutKey(whole) : undefined;
  }
}
