/**
 * Packs the CMaps of a pdfjs-dist release into the file that the binary carries:
 * `bun src/rag/parse/cmaps/pack.ts FOLDER`, where FOLDER holds the `*.bcmap` files. Adobe's licence
 * for them is beside it.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

const [folder = ""] = process.argv.slice(2);
const names = readdirSync(folder)
  .filter((name) => name.endsWith(".bcmap"))
  .sort();
const files = names.map((name) => readFileSync(join(folder, name)));
const sizes = Object.fromEntries(names.map((name, index) => [name, files[index]?.length ?? 0]));
const packed = Buffer.concat([Buffer.from(`${JSON.stringify(sizes)}\n`), ...files]);
const compressed = brotliCompressSync(packed, {
  params: { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: packed.length },
});
writeFileSync(join(import.meta.dir, "cmaps.br"), compressed);
