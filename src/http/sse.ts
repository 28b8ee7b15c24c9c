import type { EventLog } from "./event-log.ts";

export type StreamFormat = "sse" | "ndjson";

export interface EventStreamOptions {
  readonly log: EventLog;
  /** The event to begin with, counted from 0. */
  readonly first: number;
  readonly format: StreamFormat;
  /** The id of the event at a place in the log. */
  idOf(index: number): string;
  /** The request's: it fires when the client has gone. */
  readonly signal: AbortSignal;
  /** Called once, when nothing will be written any more, whoever ended it. */
  onEnd(): void;
}

/**
 * Milliseconds between looks at a quiet stream; it gets a sign of life at the second look, so at
 * least every 9 seconds: the server and proxies on the way close connections that say nothing.
 */
const heartbeatInterval = 4500;

/** Characters that are joined to one write at most. */
const largestWrite = 65_536;

/** What each form's readers pass over: a comment, a blank line more. */
const signsOfLife: Record<StreamFormat, string> = { sse: ": keep-alive\n\n", ndjson: "\n" };

const contentTypes: Record<StreamFormat, string> = {
  sse: "text/event-stream; charset=utf-8",
  ndjson: "application/x-ndjson; charset=utf-8",
};

/** The form that an `Accept` header asks for: the Go system's own bytes, or server-sent events. */
export const streamFormat = (accept: string | null): StreamFormat =>
  accept?.toLowerCase().includes("application/x-ndjson") ? "ndjson" : "sse";

/**
 * Follows a log from one of its events to its end, as server-sent events (WHATWG HTML, section 9.2) or
 * as the Go system's JSON objects with a blank line between. Events that are there together leave in
 * one write; a client that reads slowly is waited for, and holds nothing but its place in the log.
 */
export function eventStreamResponse(options: EventStreamOptions): Response {
  const { log, format, signal } = options;
  const frame =
    format === "sse"
      ? (index: number) => `id: ${options.idOf(index)}\ndata: ${log.at(index)}\n\n`
      : (index: number) => `${log.at(index)}\n\n`;

  function pump(controller: ReadableStreamDirectController): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let next = options.first;
    let blocked = false;
    let quietLooks = 0;
    let finished = false;

    function finish(): void {
      if (finished) return;
      finished = true;
      clearInterval(heartbeat);
      unfollow();
      signal.removeEventListener("abort", finish);
      options.onEnd();
      resolve();
    }

    /** Writes, and holds back everything else until the client has taken it. */
    function write(text: string): void {
      quietLooks = 0;
      try {
        const pressure: unknown = controller.write(text);
        void controller.flush();
        if (!(pressure instanceof Promise)) return;
        blocked = true;
        pressure.then(() => {
          blocked = false;
          drain();
        }, finish);
      } catch {
        finish();
      }
    }

    function drain(): void {
      while (!blocked && !finished && next < log.length) {
        let text = frame(next++);
        while (next < log.length && text.length < largestWrite) text += frame(next++);
        write(text);
      }
      if (log.closed && !blocked && next >= log.length) finish();
    }

    const heartbeat = setInterval(() => {
      quietLooks += 1;
      if (quietLooks > 1 && !blocked && !finished) write(signsOfLife[format]);
    }, heartbeatInterval);
    const unfollow = log.follow(drain);
    signal.addEventListener("abort", finish);
    if (signal.aborted) finish();
    else drain();
    return promise;
  }

  const body = new ReadableStream({
    type: "direct",
    async pull(controller: ReadableStreamDirectController) {
      await pump(controller);
      controller.close();
    },
  } as unknown as UnderlyingDefaultSource); // Bun's own stream type, which lib.dom does not know.
  return new Response(body, {
    headers: {
      "Content-Type": contentTypes[format],
      "Cache-Control": "no-cache, no-transform",
      // Proxies such as nginx would otherwise hold tokens back.
      "X-Accel-Buffering": "no",
    },
  });
}
