import type { ReplyBody } from "./body.ts";

/**
 * The whole body of a provider's answer.
 *
 * @throws Error when it is longer than `maxBytes`; what breaks the connection.
 */
export async function readBytes(
  body: ReplyBody,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (let bytes = await body.read(); bytes !== undefined; bytes = await body.read()) {
    size += bytes.length;
    if (size > maxBytes) {
      body.cancel();
      throw new Error(`the answer is longer than ${maxBytes} bytes`);
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

/** The same as text. */
export async function readText(body: ReplyBody, maxBytes: number): Promise<string> {
  return new TextDecoder().decode(await readBytes(body, maxBytes));
}
