/**
 * A provider that streams `TOKENS` tokens to each request, one every `INTERVAL` milliseconds from the
 * request's arrival. Each token carries the time at which it left, `@<milliseconds>`, so that whoever
 * reads it on this machine knows how long it was under way. Prints its port.
 */
import { setting } from "./setting.ts";

const interval = setting("INTERVAL", 20);
const tokens = setting("TOKENS", 100);

interface Stream {
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  readonly started: number;
  sent: number;
}

const streams = new Set<Stream>();
const encoder = new TextEncoder();

const chunk = (delta: object, finishReason: string | null): Uint8Array =>
  encoder.encode(
    `data: ${JSON.stringify({
      id: "chatcmpl-8f14e45fceea167a5a36dedd4bea2543",
      object: "chat.completion.chunk",
      created: 1_795_342_551,
      model: "paced",
      choices: [{ index: 0, delta, finish_reason: finishReason }],
    })}\n\n`,
  );

/** What OpenAI sends last when it is asked for the usage. */
const end = encoder.encode(
  `data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":${tokens},"total_tokens":${tokens + 9}}}\n\ndata: [DONE]\n\n`,
);

function send(stream: Stream, now: number): void {
  const due = Math.min(tokens, Math.floor((now - stream.started) / interval));
  while (stream.sent < due) {
    stream.sent += 1;
    const left = (performance.timeOrigin + performance.now()).toFixed(2);
    stream.controller.enqueue(chunk({ content: ` @${left}` }, null));
  }
  if (stream.sent < tokens) return;
  stream.controller.enqueue(chunk({}, "stop"));
  stream.controller.enqueue(end);
  stream.controller.close();
  streams.delete(stream);
}

setInterval(() => {
  const now = performance.now();
  for (const stream of streams) send(stream, now);
}, 1);

const server = Bun.serve({
  port: 0,
  idleTimeout: 255,
  async fetch(request) {
    await request.text();
    let stream: Stream | undefined;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        stream = { controller, started: performance.now(), sent: 0 };
        streams.add(stream);
      },
      cancel() {
        if (stream !== undefined) streams.delete(stream);
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  },
});
process.stdout.write(`${server.port}\n`);
