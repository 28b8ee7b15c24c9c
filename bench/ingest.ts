/**
 * `bun run bench:ingest`: how fast documents are taken in, from the upload to being found, with the
 * `builtin` embedding, and what memory the server and the processes that read documents take. Each
 * file is about as long as a book; the last row is a text of 100 MB.
 */
import { strToU8, zipSync } from "fflate";
import { printTable } from "./measure.ts";
import { PeakMemory } from "./peak-memory.ts";
import { signIn, startBinary } from "./processes.ts";
import { makePdf } from "./retrieval/pdf.ts";
import { type Client, call, createKnowledgeBase } from "./retrieval/seed.ts";
import { passage } from "./retrieval/texts.ts";

const rounds = 3;

/** Paragraphs of about 300 Chinese characters or 1,100 letters. */
const paragraphs = (count: number): string[] =>
  Array.from({ length: count }, (_, at) => passage(at));

function text(bytes: number): Uint8Array {
  const pieces: Buffer[] = [];
  let size = 0;
  for (let at = 0; size < bytes; at += 1) {
    const piece = Buffer.from(`${passage(at)}\n\n`);
    pieces.push(piece);
    size += piece.length;
  }
  return Buffer.concat(pieces);
}

function docx(count: number): Uint8Array {
  const word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
  const body = paragraphs(count)
    .map((each) => `<w:p><w:r><w:t>${each}</w:t></w:r></w:p>`)
    .join("");
  const relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
  const types = "http://schemas.openxmlformats.org/package/2006";
  const main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml";
  return zipSync({
    "[Content_Types].xml": strToU8(
      `<Types xmlns="${types}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="${main}"/></Types>`,
    ),
    "_rels/.rels": strToU8(
      `<Relationships xmlns="${types}/relationships"><Relationship Id="r1" Type="${relation}/officeDocument" Target="word/document.xml"/></Relationships>`,
    ),
    "word/document.xml": strToU8(
      `<w:document xmlns:w="${word}"><w:body>${body}</w:body></w:document>`,
    ),
  });
}

async function upload(client: Client, name: string, content: Uint8Array): Promise<number> {
  const form = new FormData();
  form.set("kb_id", await createKnowledgeBase(client, "builtin"));
  form.set("file", new File([content.slice()], name));
  const { chunk_count } = await call<{ chunk_count: number }>(client, "/api/rag/doc/upload", form);
  return chunk_count;
}

/** On a server of its own, so that no row begins with what another has left. */
async function measure(name: string, content: Uint8Array, times: number): Promise<string[]> {
  const server = await startBinary("http://127.0.0.1:9");
  try {
    const { authorization = "" } = await signIn(server.url);
    const client = { server, authorization };
    const rates: { bytes: number; chunks: number }[] = [];
    const memory = new PeakMemory(server.pid);
    for (let round = 0; round < times; round += 1) {
      const started = performance.now();
      const chunks = await upload(client, name, content);
      const seconds = (performance.now() - started) / 1000;
      rates.push({ bytes: content.length / seconds, chunks: chunks / seconds });
    }
    const peak = memory.stop();
    const best = rates.reduce((a, b) => (a.bytes > b.bytes ? a : b));
    const megabytes = (bytes: number) => (bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 0);
    return [
      name,
      megabytes(content.length),
      megabytes(best.bytes),
      best.chunks.toFixed(0),
      megabytes(peak.server),
      megabytes(peak.others),
    ];
  } finally {
    await server.stop();
  }
}

const rows = [
  await measure("book.txt", text(5_000_000), rounds),
  await measure("book.docx", docx(5000), rounds),
  await measure("book.pdf", makePdf(paragraphs(4000).filter((_, at) => at % 2 === 1)), rounds),
  await measure("large.txt", text(100_000_000), 1),
];
printTable(["file", "MB", "MB/s", "chunks/s", "peak MB, server", "peak MB, readers"], rows);
