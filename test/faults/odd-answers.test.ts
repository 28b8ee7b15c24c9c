import { describe, expect, test } from "bun:test";
import { messageText, readEvents } from "../chat-stream.ts";
import { ask, lastMessage } from "../http/conversing.ts";
import type { Script } from "../upstream.ts";
import { answer, answerAtOnce, longLine, reset } from "../upstream-scripts.ts";
import { useFaultyProvider } from "./faulty-provider.ts";

const chat = useFaultyProvider();

describe("an answer in an odd shape is read all the same:", () => {
  const pieces = ["Hé", "llo 世界 ", "😀", '"\\\n'];
  const text = 'Héllo 世界 😀"\\\n';
  const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
  const raw = (line: string) => ({ raw: `${line}\n\n` });
  const shapes: Record<string, Script> = {
    "every byte by itself": answer(pieces, { bytewise: true }),
    "every byte by itself, with CRLF": answer(pieces, { bytewise: true, lineEnd: "\r\n" }),
    CRLF: answer(pieces, { lineEnd: "\r\n" }),
    "CR alone": answer(pieces, { lineEnd: "\r" }),
    comments: answer(pieces, { comments: true }),
    "no space after data:": answer(pieces, { space: false }),
    "no [DONE]": answer(pieces, { end: "finish" }),
    "no finish reason": answer(pieces, { end: "bare-done" }),
    "another content type": answer(pieces, { contentType: "text/plain" }),
    "one JSON document": answerAtOnce(text),
    "a byte order mark": answer([{ raw: "\ufeff" }, ...pieces]),
    "other fields of an event": answer([raw("event: x\nid: 1\nretry: 5"), ...pieces]),
    "empty events": answer([raw("data:"), raw(""), raw("data"), ...pieces]),
    "chunks without choices": answer([
      { chunk: {} },
      { chunk: { choices: [] } },
      { chunk: { choices: null } },
      { chunk: { choices: [{}] } },
      { chunk: { choices: [{ delta: null }] } },
      { chunk: { choices: [{ delta: { content: null, role: "assistant" } }] } },
      ...pieces,
      { chunk: { choices: [], usage } },
    ]),
  };

  test.each(Object.keys(shapes))("%s", async (shape) => {
    chat.script(shapes[shape] ?? reset);
    const events = await readEvents(await ask(chat.user, chat.id, "hello"));
    expect(messageText(events)).toBe(text);
    expect(events.at(-1)).toMatchObject({ event: "full_response", data: text });
    expect(await lastMessage(chat.user, chat.id)).toMatchObject({
      content: text,
      status: "complete",
    });
    expect(chat.log.complaints).toEqual([]);
  });

  test("a line of 16 MB", async () => {
    chat.script(longLine(16 * 1024 * 1024));
    const events = await readEvents(await ask(chat.user, chat.id, "hello"));
    const whole = String(events.at(-1)?.data);
    expect(whole).toHaveLength(16 * 1024 * 1024 - 54);
    expect(messageText(events) === whole).toBe(true);
    expect((await lastMessage(chat.user, chat.id))?.content === whole).toBe(true);
  });
});
