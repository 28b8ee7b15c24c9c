import { AppError } from "../errors.ts";
import { ByteReader } from "./byte-reader.ts";
import { type PartNames, readPartNames } from "./content-disposition.ts";

/** A field or file of a form. */
export interface Part extends PartNames {
  /** Its bytes, to be read before the next part is asked for. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** Bytes that the headers of one part may take. */
const maxHeaderBytes = 16_384;

/** Parts that one form may have. */
const maxParts = 100;

/** Bytes that a form may have beside its files. */
const maxOverhead = 1_048_576;

const ascii = (text: string): Uint8Array => Buffer.from(text, "latin1");
const lineEnd = ascii("\r\n");

const malformed = () => new AppError("malformed_form");

/** RFC 2046, section 5.1.1. */
function boundaryOf(request: Request): string {
  const type = request.headers.get("content-type") ?? "";
  if (!/^\s*multipart\/form-data\s*(;|$)/i.test(type)) {
    throw new AppError("unsupported_content_type", { expected: "multipart/form-data" });
  }
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(type) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) throw malformed();
  return boundary;
}

async function readNames(reader: ByteReader): Promise<PartNames> {
  let left = maxHeaderBytes;
  let names: PartNames | undefined;
  for (;;) {
    const line = await reader.line(lineEnd, left);
    if (line === undefined) throw malformed();
    if (line.length === 0) break;
    left -= line.length;
    const colon = line.indexOf(58);
    const name = Buffer.from(line.subarray(0, colon)).toString("latin1").trim().toLowerCase();
    if (name === "content-disposition") names = readPartNames(line.subarray(colon + 1));
  }
  if (names === undefined) throw malformed();
  return names;
}

/** The bytes up to the next delimiter. */
class PartBytes implements AsyncIterable<Uint8Array> {
  private ended = false;

  constructor(
    private readonly reader: ByteReader,
    private readonly delimiter: Uint8Array,
  ) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    if (this.ended) return;
    if (!(yield* this.reader.until(this.delimiter))) throw malformed();
    this.ended = true;
  }

  async skip(): Promise<void> {
    for await (const _ of this);
  }
}

/** Whether another part follows the delimiter that was just read. */
async function hasNext(reader: ByteReader): Promise<boolean> {
  const [first, second] = await reader.take(2);
  if (first === 45 && second === 45) return false;
  if (first === 13 && second === 10) return true;
  // White space may stand before the end of the line.
  if ((await reader.line(lineEnd, 1024)) === undefined) throw malformed();
  return true;
}

async function* bounded(
  stream: AsyncIterable<Uint8Array>,
  maxFileBytes: number,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const bytes of stream) {
    size += bytes.length;
    if (size > maxFileBytes + maxOverhead) {
      throw new AppError("file_too_large", { limit: maxFileBytes });
    }
    yield bytes;
  }
}

/**
 * The parts of a `multipart/form-data` body (RFC 7578) in their order, as they arrive: no part is
 * ever in memory whole. What was not read of a part is skipped.
 *
 * @throws AppError `unsupported_content_type`; `file_too_large` as soon as the files together are
 *   clearly beyond `maxFileBytes`, or are announced to be; `malformed_form`, also from reading a part
 *   that the end of the body cuts off
 */
export async function* readForm(request: Request, maxFileBytes: number): AsyncGenerator<Part> {
  const delimiter = ascii(`\r\n--${boundaryOf(request)}`);
  if (Number(request.headers.get("content-length")) > maxFileBytes + maxOverhead) {
    throw new AppError("file_too_large", { limit: maxFileBytes });
  }
  if (request.body === null) throw malformed();
  // The first delimiter may be the very beginning, without a line in front that it could end.
  const reader = new ByteReader(bounded(request.body, maxFileBytes), lineEnd);
  try {
    await new PartBytes(reader, delimiter).skip();
    for (let count = 0; await hasNext(reader); count += 1) {
      if (count === maxParts) throw malformed();
      const names = await readNames(reader);
      const bytes = new PartBytes(reader, delimiter);
      yield { ...names, bytes };
      await bytes.skip();
    }
  } finally {
    await reader.cancel();
  }
}
