import { readFileSync } from "node:fs";
import { brotliDecompressSync } from "node:zlib";
import packedPath from "./cmaps.br" with { type: "file" };

let unpacked: Map<string, Uint8Array> | undefined;

/** All CMaps by file name: a line of JSON with their sizes, then one after the other. */
function unpack(): Map<string, Uint8Array> {
  const packed = brotliDecompressSync(readFileSync(packedPath));
  const lineEnd = packed.indexOf(10);
  // The file is ours; `pack.ts` writes an object of sizes by name.
  const sizes = JSON.parse(packed.toString("utf8", 0, lineEnd)) as Record<string, number>;
  const cmaps = new Map<string, Uint8Array>();
  let position = lineEnd + 1;
  for (const [name, size] of Object.entries(sizes)) {
    cmaps.set(name, packed.subarray(position, position + size));
    position += size;
  }
  return cmaps;
}

/**
 * A table of Adobe's that maps the character codes of a PDF font to characters, such as
 * `UniGB-UCS2-H.bcmap`. Without them the text of Chinese, Japanese and Korean PDFs whose fonts are
 * not embedded is lost. A copy: who gets it may keep it.
 */
export function readCMap(name: string): Uint8Array | undefined {
  unpacked ??= unpack();
  return unpacked.get(name)?.slice();
}
