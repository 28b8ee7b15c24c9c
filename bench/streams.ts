import { createConversation } from "./processes.ts";

const clock = (): number => performance.timeOrigin + performance.now();
const stamp = /@(\d+\.\d+)/g;

/**
 * Reads one stream of the paced upstream to its end; the milliseconds that its tokens travelled go to
 * `latencies`, those from the request to the first one to `firstTokens`.
 */
export async function readStream(
  open: () => Promise<Response>,
  latencies: number[],
  firstTokens: number[],
): Promise<void> {
  const asked = clock();
  const response = await open();
  if (response.status !== 200 || response.body === null) throw new Error(await response.text());
  const decoder = new TextDecoder();
  let first = true;
  let rest = "";
  for await (const bytes of response.body) {
    const now = clock();
    const text = rest + decoder.decode(bytes, { stream: true });
    // A frame that is not yet whole is read with what comes next.
    const whole = text.lastIndexOf("\n\n") + 2;
    rest = text.slice(whole);
    // Our last event repeats the whole answer, whose tokens have been counted.
    const end = text.indexOf('"full_response"');
    for (const [, left] of text.slice(0, end < 0 ? whole : end).matchAll(stamp)) {
      latencies.push(now - Number(left));
      if (first) firstTokens.push(now - asked);
      first = false;
    }
    if (end >= 0) rest = "";
  }
}

/** One request a stream, each to a conversation of its own. */
export async function chats(
  url: string,
  headers: Record<string, string>,
  count: number,
): Promise<(() => Promise<Response>)[]> {
  const ids = await Promise.all(
    Array.from({ length: count }, () => createConversation(url, headers)),
  );
  const body = JSON.stringify({ message: "hello" });
  return ids.map((id) => () => fetch(`${url}/api/chat/${id}`, { method: "POST", headers, body }));
}
