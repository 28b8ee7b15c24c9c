/** A message as `EventSource` hands it to a page. */
export interface SourceMessage {
  readonly lastEventId: string;
  readonly type: string;
  readonly data: string;
}

/**
 * What a browser makes of a `text/event-stream`, word for word by WHATWG HTML, section 9.2.6: written
 * from the standard for the tests, beside the decoder that the product has for providers.
 */
export function parseEventStream(bytes: Uint8Array): SourceMessage[] {
  const text = new TextDecoder("utf-8").decode(bytes);
  const messages: SourceMessage[] = [];
  let data = "";
  let type = "";
  let lastEventId = "";
  // The text behind the last line end is no line: an event is only sent by a blank one.
  for (const line of text.split(/\r\n|\n|\r/).slice(0, -1)) {
    if (line === "") {
      if (data !== "") {
        messages.push({ lastEventId, type: type || "message", data: data.replace(/\n$/, "") });
      }
      data = "";
      type = "";
      continue;
    }
    const colon = line.indexOf(":");
    if (colon === 0) continue;
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") data += `${value}\n`;
    else if (field === "event") type = value;
    else if (field === "id" && !value.includes("\0")) lastEventId = value;
  }
  return messages;
}
