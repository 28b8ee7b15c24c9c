import { directStreamResponse, sendNow } from "./direct-stream.ts";
import type { EventLog } from "./event-log.ts";

export type StreamFormat = "sse" | "ndjson";

/** Where a stream takes its events from. */
export interface StreamSource {
  readonly log: EventLog;
  /** The event to begin with, counted from 0. */
  readonly first: number;
  /** The id of the event at a place in the log. */
  idOf(index: number): string;
  /** Called once, when nothing of the log is wanted any more, whoever ended the stream. */
  onEnd(): void;
  /**
   * Finds the same events again, from this place in the log on. Where it is given, a log that is closed
   * is let go of while the client does not read.
   */
  reopen?(index: number): Promise<StreamSource>;
}

export interface EventStreamOptions extends StreamSource {
  readonly format: StreamFormat;
  /** The request's: it fires when the client has gone. */
  readonly signal: AbortSignal;
}

/**
 * Milliseconds between looks at a quiet stream; it gets a sign of life at the second look, so at
 * least every 9 seconds: the server and proxies on the way close connections that say nothing.
 */
const heartbeatInterval = 4500;

/** Characters of one write, about: events are joined up to it, and longer ones are cut. */
const largestWrite = 65_536;

/** Characters that a client that does not read may leave in a closed log before that is let go of. */
const mostUnread = 262_144;

/** What each form's readers pass over: a comment, a blank line more. */
const signsOfLife: Record<StreamFormat, string> = { sse: ": keep-alive\n\n", ndjson: "\n" };

const contentTypes: Record<StreamFormat, string> = {
  sse: "text/event-stream; charset=utf-8",
  ndjson: "application/x-ndjson; charset=utf-8",
};

/** The form that an `Accept` header asks for: the Go system's own bytes, or server-sent events. */
export const streamFormat = (accept: string | null): StreamFormat =>
  accept?.toLowerCase().includes("application/x-ndjson") ? "ndjson" : "sse";

/** Where the part of an event that begins at `start` ends: behind a whole character. */
function endOfPart(event: string, start: number): number {
  const end = start + largestWrite;
  if (end >= event.length) return event.length;
  const last = event.charCodeAt(end - 1);
  return last >= 0xd800 && last < 0xdc00 ? end - 1 : end;
}

function hasUnread(log: EventLog, next: number): boolean {
  let unread = 0;
  for (let index = next; index < log.length && unread <= mostUnread; index += 1) {
    unread += log.at(index)?.length ?? 0;
  }
  return unread > mostUnread;
}

/**
 * Follows a log from one of its events to its end, as server-sent events (WHATWG HTML, section 9.2) or
 * as the Go system's JSON objects with a blank line between. Events that are there together leave in
 * one write; a client that reads slowly is waited for, and holds nothing but its place in the log.
 */
export function eventStreamResponse({ format, signal, ...from }: EventStreamOptions): Response {
  // Undefined while it is let go of: nothing else that lives on may hold the log.
  let source: StreamSource | undefined = from;
  let reopen: StreamSource["reopen"];
  let next = from.first;
  /** Characters of the next event that have been written. */
  let written = 0;

  function pump(controller: ReadableStreamDirectController): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let blocked = false;
    let quietLooks = 0;
    let finished = false;
    let unfollow = (): void => {};

    function finish(): void {
      if (finished) return;
      finished = true;
      clearInterval(heartbeat);
      signal.removeEventListener("abort", finish);
      release();
      resolve();
    }

    function take(found: StreamSource): void {
      source = found;
      next = found.first;
      unfollow = found.log.follow(drain);
    }

    function release(): void {
      unfollow();
      unfollow = () => {};
      source?.onEnd();
      source = undefined;
    }

    /** Writes, and holds back everything else until the client has taken it. */
    function write(text: string): void {
      quietLooks = 0;
      try {
        const pressure = sendNow(controller, text);
        if (pressure === undefined) return;
        blocked = true;
        pressure.then(goOn).catch(finish);
      } catch {
        finish();
      }
    }

    /** Goes on after the client has taken what was written. */
    async function goOn(): Promise<void> {
      if (reopen !== undefined && !finished) {
        const found = await reopen(next);
        reopen = undefined;
        if (finished) found.onEnd();
        else take(found);
      }
      blocked = false;
      drain();
    }

    /** What is written next: whole events that are there together, or a part of a long one. */
    function nextText({ log, idOf }: StreamSource): string {
      let text = "";
      while (next < log.length && text.length < largestWrite) {
        const event = log.at(next) ?? "";
        if (written === 0 && format === "sse") text += `id: ${idOf(next)}\ndata: `;
        const end = endOfPart(event, written);
        text += event.slice(written, end);
        written = end;
        if (end < event.length) break;
        text += "\n\n";
        written = 0;
        next += 1;
      }
      return text;
    }

    function drain(): void {
      while (source !== undefined && !blocked && next < source.log.length) write(nextText(source));
      if (source?.log.closed && !blocked) finish();
    }

    const heartbeat = setInterval(() => {
      quietLooks += 1;
      if (quietLooks <= 1 || finished) return;
      if (!blocked) write(signsOfLife[format]);
      else if (source?.reopen && source.log.closed && hasUnread(source.log, next)) {
        reopen = source.reopen;
        release();
      }
    }, heartbeatInterval);
    if (source !== undefined) take(source);
    signal.addEventListener("abort", finish);
    if (signal.aborted) finish();
    else drain();
    return promise;
  }

  return directStreamResponse(contentTypes[format], pump);
}
