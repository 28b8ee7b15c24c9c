/** One event of a streamed answer, as a client gets it. */
export interface ChatEvent {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: unknown;
  readonly code?: string;
  readonly retryable?: boolean;
}

/** The events of a server-sent stream (WHATWG HTML, section 9.2), strictly: a bad line throws. */
export function parseEvents(text: string): ChatEvent[] {
  return text
    .split("\n\n")
    .filter((frame) => frame !== "" && !frame.startsWith(":"))
    .map((frame) => {
      const [id, data, ...rest] = frame.split("\n");
      if (!id?.startsWith("id: ") || !data?.startsWith("data: ") || rest.length > 0) {
        throw new Error(`not a frame: ${JSON.stringify(frame)}`);
      }
      return { id: id.slice("id: ".length), ...JSON.parse(data.slice("data: ".length)) };
    });
}

/** Reads a stream to its end. */
export const readEvents = async (response: Response): Promise<ChatEvent[]> =>
  parseEvents(await response.text());

/** The text that `message` events make together. */
export const messageText = (events: readonly ChatEvent[]): string =>
  events
    .filter(({ event }) => event === "message")
    .map(({ data }) => data)
    .join("");

/** Reads a stream until its text so far satisfies `enough`; the rest stays unread. */
export async function readUntil(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  enough: (text: string) => boolean,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  while (!enough(text)) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`the stream ended early: ${text}`);
    text += decoder.decode(value, { stream: true });
  }
  return text;
}

/** Bytes of a frame that holds one character. */
export const shortestFrame = 'id: 2-1\ndata: {"event":"message","data":"x"}\n\n'.length;

/** Reads about `bytes` bytes of a stream, drops the connection, and answers the frames that came whole. */
export async function readCut(response: Response, bytes: number): Promise<ChatEvent[]> {
  const reader = response.body?.getReader();
  if (reader === undefined) throw new Error("an answer without a body");
  const decoder = new TextDecoder();
  let text = "";
  let left = bytes;
  while (left > 0) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value.subarray(0, left), { stream: true });
    left -= value.length;
  }
  await reader.cancel();
  const whole = text.lastIndexOf("\n\n");
  return whole < 0 ? [] : parseEvents(text.slice(0, whole + 2));
}
