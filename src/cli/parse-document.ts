import { writeSync } from "node:fs";
import { getPriority, setPriority } from "node:os";
import { AppError } from "../errors.ts";
import { tooComplex } from "../rag/parse/budget.ts";
import type { Block } from "../rag/parse/document.ts";
import { readDocument } from "../rag/parse/index.ts";
import { limitMemory } from "../rag/parse/memory-limit.ts";
import { fileSource } from "../rag/parse/source.ts";
import { exitCode } from "./usage.ts";

const batchLength = 65_536;
/** What comes out is at most so many times what went in: markers of many small blocks. */
const maxGrowth = 8;

/** Collects lines of JSON and writes them to standard output, which is a file. */
class LineWriter {
  private batch: string[] = [];
  private length = 0;
  private written = 0;

  constructor(private readonly maxBytes: number) {}

  write(value: unknown): void {
    const line = `${JSON.stringify(value)}\n`;
    this.batch.push(line);
    this.length += line.length;
    if (this.length >= batchLength) this.flush();
  }

  flush(): void {
    const bytes = Buffer.from(this.batch.join(""));
    this.batch = [];
    this.length = 0;
    this.written += bytes.length;
    if (this.written > this.maxBytes) throw tooComplex("decompressed_size", this.maxBytes);
    writeOut(bytes);
  }

  /** Writes the last line in place of what waits; there is always room for it. */
  fail(value: unknown): void {
    this.batch = [];
    writeOut(Buffer.from(`${JSON.stringify(value)}\n`));
  }
}

function writeOut(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
}

/** Nothing in a document is fetched; where a library would, it fails. */
function forbidNetwork(): void {
  const refuse = () => {
    throw new Error("A parser has no network.");
  };
  for (const name of ["fetch", "WebSocket", "EventSource", "XMLHttpRequest"]) {
    Object.defineProperty(globalThis, name, { value: refuse });
  }
}

/** What `nice` would give it; a thread of the server that has yielded to others hands down as much. */
const lowered = 10;

/**
 * The hidden sub-command that reads one document, started by `createDocumentParser`: standard input
 * is the document's file, standard output the file for what comes out, one JSON value a line. Each
 * line is a block; the last one is `{"summary": …}`, or `{"error": {code, parameters, cause}}`.
 *
 * @param args the extension that the document's name claims; the bytes that its compressed parts may
 *   unfold to; the resident bytes that this process may hold
 */
export async function run(args: readonly string[]): Promise<number> {
  const [claimedExtension = "", maxDecompressed = "", maxMemory = ""] = args;
  const maxDecompressedBytes = Number(maxDecompressed);
  await limitMemory(Number(maxMemory));
  // Whoever waits for a token goes before whoever waits for a document. Nobody may raise a priority.
  if (getPriority() < lowered) setPriority(lowered);
  forbidNetwork();
  const source = fileSource(0);
  const output = new LineWriter(2 * maxDecompressedBytes + maxGrowth * source.size);
  try {
    const sink = (block: Block) => output.write(block);
    const summary = await readDocument(source, {
      claimedExtension,
      maxDecompressedBytes,
      sink,
    });
    output.write({ summary });
    output.flush();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { code, parameters, cause } = error;
    output.fail({ error: { code, parameters, cause: describe(cause) } });
  }
  return exitCode.ok;
}

function describe(cause: unknown): string | undefined {
  if (cause instanceof Error) return (cause.stack ?? cause.message).slice(0, 4000);
  return cause === undefined ? undefined : String(cause).slice(0, 4000);
}
