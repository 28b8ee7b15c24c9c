import { ReplyBody } from "./body.ts";
import type { Outgoing, Reply } from "./reply.ts";

/**
 * Sends a request by `fetch`, which goes through the proxy that the environment names for it.
 *
 * @throws what `fetch` throws; the signal's reason when that aborts
 */
export async function exchangeByProxy({ url, ...request }: Outgoing): Promise<Reply> {
  const response = await fetch(url, {
    ...request,
    method: "POST",
    redirect: "manual",
    // Bun would end a connection that is quiet for 5 minutes; the caller decides here.
    timeout: false,
  });
  return {
    status: response.status,
    statusText: response.statusText,
    header: (name) => response.headers.get(name) ?? undefined,
    body: bodyOf(response.body ?? new Blob().stream()),
  };
}

function bodyOf(stream: ReadableStream<Uint8Array>): ReplyBody {
  const reader = stream.getReader();
  let paused: PromiseWithResolvers<void> | undefined;
  const body = new ReplyBody({
    pause: () => {
      paused = Promise.withResolvers();
    },
    resume: () => paused?.resolve(),
    cancel: () => void reader.cancel().catch(() => {}),
  });
  async function read(): Promise<void> {
    try {
      for (;;) {
        await paused?.promise;
        const { done, value } = await reader.read();
        if (done) break;
        body.feed(value);
      }
      body.end();
    } catch (failure) {
      body.end({ failure });
    }
  }
  void read();
  return body;
}
