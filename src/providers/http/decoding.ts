import { once } from "node:events";
import type { Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { ReplyBody } from "./body.ts";
import { ConnectionFault } from "./connection.ts";
import type { Reply } from "./reply.ts";

/** The codings of RFC 9110, section 8.4.1, that need work. */
const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/**
 * An answer whose body is as it was before a server compressed it. We ask for no compression, which does
 * not keep every proxy from it.
 *
 * @throws ConnectionFault for a coding that is not known
 */
export function decoded(reply: Reply): Reply {
  const coding = reply.header("content-encoding")?.trim().toLowerCase() ?? "identity";
  if (coding === "identity" || coding === "") return reply;
  const createDecoder = decoders[coding];
  if (createDecoder === undefined) {
    reply.body.cancel();
    throw new ConnectionFault(`content-encoding ${coding}`);
  }
  return { ...reply, body: through(createDecoder(), reply.body) };
}

function through(decoder: Transform, source: ReplyBody): ReplyBody {
  const body = new ReplyBody({
    pause: () => decoder.pause(),
    resume: () => decoder.resume(),
    cancel: () => {
      source.cancel();
      decoder.destroy();
    },
  });
  decoder.on("data", (bytes: Buffer) => body.feed(bytes));
  decoder.on("end", () => body.end());
  decoder.on("error", (failure) => {
    source.cancel();
    body.end({ failure });
  });
  void pump(source, decoder);
  return body;
}

async function pump(source: ReplyBody, decoder: Transform): Promise<void> {
  try {
    for (let bytes = await source.read(); bytes !== undefined; bytes = await source.read()) {
      if (!decoder.write(bytes)) await once(decoder, "drain");
    }
    decoder.end();
  } catch (cause) {
    decoder.destroy(cause instanceof Error ? cause : new Error("the connection broke", { cause }));
  }
}
