import { Elysia } from "elysia";
import { AppError } from "../errors.ts";

const jsonType = /^application\/(?:[\w.+-]+\+)?json$/;

/** Reads no more than `limit` bytes, whatever length the caller announced. */
async function readBounded(request: Request, limit: number): Promise<string> {
  const announced = Number(request.headers.get("content-length"));
  if (announced > limit) throw new AppError("body_too_large", { limit });
  // An announced length is what the server delivers at most; only an unannounced one is counted.
  if (announced > 0 || request.body === null) return request.text();
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const bytes of request.body) {
    size += bytes.byteLength;
    if (size > limit) throw new AppError("body_too_large", { limit });
    text += decoder.decode(bytes, { stream: true });
  }
  return text + decoder.decode();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError("malformed_json", {}, { cause });
  }
}

async function readJson(request: Request, limit: number): Promise<unknown> {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== undefined && type !== "" && !jsonType.test(type)) {
    throw new AppError("unsupported_content_type", { expected: "application/json" });
  }
  const body = parse(await readBounded(request, limit));
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new AppError("invalid_body");
  }
  return body;
}

/**
 * Makes the routes of a module take a JSON object of at most `limit` bytes and nothing else.
 *
 * @throws AppError `body_too_large`, `unsupported_content_type`, `malformed_json`, `invalid_body`
 */
export const jsonBody = (limit: number) =>
  new Elysia({ name: "json-body", seed: limit }).onParse({ as: "scoped" }, ({ request }) =>
    readJson(request, limit),
  );
