import { directStreamResponse, sendNow } from "./direct-stream.ts";

/** Bytes of one write: what the client's connection does not take of it is copied, and kept. */
const largestWrite = 65_536;

export interface ByteStreamOptions {
  /** What is sent, in pieces that leave as they come; what it throws ends the stream. */
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly contentType: string;
  /** The request's: it fires when the client has gone. */
  readonly signal: AbortSignal;
  /** What is sent last when `bytes` throws. */
  ending(error: unknown): string;
}

/**
 * Passes bytes on as they come. A client that reads slowly is waited for, and so is then whoever makes
 * the bytes; one that has gone ends the iteration.
 */
export function byteStreamResponse(options: ByteStreamOptions): Response {
  const { bytes, signal } = options;
  const gone = new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
    if (signal.aborted) resolve();
  });

  /** Resolves when the client may be sent more, or has gone. */
  async function send(controller: ReadableStreamDirectController, data: Uint8Array): Promise<void> {
    for (let at = 0; at < data.length && !signal.aborted; at += largestWrite) {
      const pressure = sendNow(controller, data.subarray(at, at + largestWrite));
      if (pressure !== undefined) await Promise.race([pressure, gone]);
    }
  }

  return directStreamResponse(options.contentType, async (controller) => {
    try {
      for await (const piece of bytes) {
        if (signal.aborted) break;
        await send(controller, piece);
      }
    } catch (error) {
      if (!signal.aborted) await send(controller, Buffer.from(options.ending(error)));
    }
  });
}
