/**
 * Sends something at once. Answers a promise where the client has not read what was sent before: it
 * resolves when more may be sent, and may stay open where the client goes.
 */
export function sendNow(
  controller: ReadableStreamDirectController,
  data: Uint8Array | string,
): Promise<unknown> | undefined {
  // The types do not say so.
  const pressure: unknown = controller.write(data as Uint8Array<ArrayBuffer> | string);
  void controller.flush();
  return pressure instanceof Promise ? pressure : undefined;
}

/**
 * An answer that streams what `pump` writes, each flush at once, and ends when that resolves. No
 * proxy on the way is to hold back or change it.
 */
export function directStreamResponse(
  contentType: string,
  pump: (controller: ReadableStreamDirectController) => Promise<void>,
): Response {
  const body = new ReadableStream({
    type: "direct",
    async pull(controller: ReadableStreamDirectController) {
      await pump(controller);
      controller.close();
    },
  } as unknown as UnderlyingDefaultSource); // Bun's own stream type, which lib.dom does not know.
  return new Response(body, {
    headers: {
      "Content-Type": contentType,
      "Cache-Control": "no-cache, no-transform",
      // Proxies such as nginx would otherwise hold tokens back.
      "X-Accel-Buffering": "no",
    },
  });
}
