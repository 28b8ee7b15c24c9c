import { isUtf8 } from "node:buffer";
import { CloneType, type TObject } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { Value } from "@sinclair/typebox/value";
import { AppError } from "../errors.ts";
import { JsonObject } from "../json-object.ts";
import { nullRemover } from "./nulls.ts";
import { toAppError } from "./validation.ts";

const jsonType = /^application\/(?:[\w.+-]+\+)?json$/;

/** Other encodings, such as a Windows console's GBK, are a fault: read as UTF-8 they would be stored garbled. */
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Reads no more than `limit` bytes, whatever length the caller announced. */
async function readBounded(request: Request, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const announced = Number(request.headers.get("content-length"));
  if (announced > limit) throw new AppError("body_too_large", { limit });
  // An announced length is what the server delivers at most; only an unannounced one is counted.
  if (announced > 0 || request.body === null) return request.bytes();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.byteLength;
    if (size > limit) throw new AppError("body_too_large", { limit });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (cause) {
    throw new AppError("malformed_json", {}, { cause });
  }
}

/** @throws AppError `unsupported_content_type` when the body says that it is anything but JSON */
export function checkJsonType(request: Request): void {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== undefined && type !== "" && !jsonType.test(type)) {
    throw new AppError("unsupported_content_type", { expected: "application/json" });
  }
}

async function readJson(request: Request, limit: number): Promise<object> {
  checkJsonType(request);
  const body = parse(await readBounded(request, limit));
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new AppError("invalid_body");
  }
  return body;
}

/**
 * A JSON object of at most `limit` bytes, as it was sent.
 *
 * @throws AppError `body_too_large`, `unsupported_content_type`, `malformed_json`, `invalid_body`
 */
export async function readJsonObject(request: Request, limit: number): Promise<JsonObject> {
  checkJsonType(request);
  const bytes = await readBounded(request, limit);
  if (!isUtf8(bytes)) throw new AppError("malformed_json");
  try {
    return JsonObject.read(bytes);
  } catch (cause) {
    // Another kind of JSON, or none.
    parse(bytes);
    throw new AppError("invalid_body", {}, { cause });
  }
}

/**
 * The part of a route's options that makes it take a JSON object of at most `limit` bytes that fits
 * `schema`, and nothing else; with `optional` no body at all is an empty object. Fields that the
 * schema does not know are dropped. A null stands for a field that was left out, see `nullRemover`,
 * but with `changes`, where it takes something back.
 *
 * The body is checked here because Elysia's own fault quotes the whole of it, indented: for one that
 * is nested 100,000 deep that takes ten seconds.
 *
 * The handler throws AppError `body_too_large`, `unsupported_content_type`, `malformed_json`,
 * `invalid_body` or `invalid_field`.
 */
export function jsonBody<Schema extends TObject>(
  limit: number,
  schema: Schema,
  { optional = false, changes = false } = {},
) {
  const checker = TypeCompiler.Compile(schema);
  const withoutNulls = changes ? undefined : nullRemover(schema);
  return {
    // Elysia writes into the schema that it is given, so that a second server would refuse more.
    body: CloneType(schema),
    async parse({ request }: { request: Request }): Promise<unknown> {
      const given = optional && request.body === null ? {} : await readJson(request, limit);
      const body = Value.Default(schema, withoutNulls?.(given) ?? given);
      if (!checker.Check(body)) throw toAppError(checker.Errors(body).First());
      return body;
    },
  };
}

/** The part of a route's options that leaves whatever body a caller sends unread. */
export const noBody = { parse: () => null };
