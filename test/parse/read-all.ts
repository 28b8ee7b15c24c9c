import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Block, DocumentParser } from "../../src/rag/parse/document.ts";

export interface ReadDocument {
  readonly title: string | undefined;
  readonly fileType: string;
  readonly pages: number | undefined;
  readonly textLength: number;
  readonly blocks: readonly Block[];
}

/** Parses a file and takes all of its blocks. */
export async function readAll(
  parser: DocumentParser,
  path: string,
  name = path,
  signal: AbortSignal = new AbortController().signal,
): Promise<ReadDocument> {
  await using document = await parser.parse(path, name, signal);
  const { title, fileType, pages, textLength } = document;
  return { title, fileType, pages, textLength, blocks: await Array.fromAsync(document.blocks()) };
}

/** A folder for files that a test makes, gone when it is disposed of. */
export function temporaryFolder(): Disposable & { write(name: string, content: Content): string } {
  const folder = mkdtempSync(join(tmpdir(), "parse-test-"));
  return {
    write(name, content) {
      const path = join(folder, name);
      writeFileSync(path, content);
      return path;
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

type Content = string | Uint8Array;
