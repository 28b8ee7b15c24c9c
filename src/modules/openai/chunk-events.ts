import { type JsonRecord, parseRecord } from "../../providers/json.ts";
import { SseDecoder } from "../../providers/sse.ts";

/** One event of a stream of `chat.completion.chunk`. */
export interface ChunkEvent {
  /** As it goes out, its blank line included. */
  readonly raw: string;
  /** Undefined for comments, the `[DONE]` at the end and whatever is no JSON object. */
  readonly chunk: JsonRecord | undefined;
  readonly isDone: boolean;
}

/** The events that came together. */
export type ChunkEvents = AsyncIterable<readonly ChunkEvent[]>;

/** Where an event ends, behind its blank line. */
const blankLine = /(?<=\r\n\r\n|\n\n|\r\r)/;

function readEvent(raw: string): ChunkEvent {
  const [event] = new SseDecoder().push(Buffer.from(raw));
  const data = event?.data ?? "";
  const isDone = data.startsWith("[DONE]");
  return { raw, chunk: isDone || data === "" ? undefined : parseRecord(data), isDone };
}

/** Reads runs of whole events. */
export async function* readChunks(runs: AsyncIterable<Uint8Array>): ChunkEvents {
  for await (const run of runs) {
    yield Buffer.from(run).toString("utf8").split(blankLine).map(readEvent);
  }
}

/** A chunk of our own. */
export const eventOf = (chunk: JsonRecord): ChunkEvent => ({
  raw: `data: ${JSON.stringify(chunk)}\n\n`,
  chunk,
  isDone: false,
});

export async function* writeChunks(events: ChunkEvents): AsyncGenerator<Uint8Array> {
  for await (const together of events) {
    if (together.length > 0) yield Buffer.from(together.map(({ raw }) => raw).join(""));
  }
}
