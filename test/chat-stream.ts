/** One event of a streamed answer, as a client gets it. */
export interface ChatEvent {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: unknown;
  readonly code?: string;
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
