/**
 * `bun run bench:retrieval [--chunks 1000,10000,100000]`: how fast knowledge bases answer, beside an
 * exact search by vec0 of the same vectors in the same run, and how many of the nearest ten they find;
 * then what searches and an upload do to the tokens of running streams, and to those of a bare pipe on
 * the same processors. 100 small knowledge bases lie beside the one that is asked. How passages and
 * vectors are made: `bench/retrieval`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openDatabase } from "../src/store/sqlite/connection.ts";
import { placeVectorExtension } from "../src/store/sqlite/vector-extension.ts";
import { vectorReads } from "../src/store/sqlite/vectors.ts";
import { median, printTable, quantile, residentMemory } from "./measure.ts";
import { signIn, startBinary, startServer } from "./processes.ts";
import { type Client, call, createKnowledgeBase, seed } from "./retrieval/seed.ts";
import { commonQuestion, passage, question } from "./retrieval/texts.ts";
import { dimensions, questionVector } from "./retrieval/vectors.ts";
import { chats, readStream } from "./streams.ts";

const { values } = parseArgs({
  options: { chunks: { type: "string", default: "1000,10000,100000" } },
});
const sizes = values.chunks.split(",").map(Number);

const questions = 100;
const others = 100;
const chunksOfOther = 50;
const streams = 100;
const interval = 20;
/** The upload takes longer than the streams of a row, the pipe's and then ours. */
const streamSeconds = 10;
const uploadBytes = 50_000_000;

interface Answer {
  readonly results: readonly { readonly chunk_id: string }[];
}

const embeddings = await startServer("embedding-upstream", { QUESTIONS: String(questions) });
const paced = await startServer("paced-upstream", {
  INTERVAL: String(interval),
  TOKENS: String((streamSeconds * 1000) / interval),
});
const pipe = await startServer("bare-pipe", { UPSTREAM: paced.url });
const folder = mkdtempSync(join(tmpdir(), "llm-backend-bench-"));
const path = join(folder, "bench.db");
const server = await startBinary(paced.url, {
  LLM_BACKEND_SQLITE_PATH: path,
  LLM_BACKEND_LLM_PROVIDERS: JSON.stringify([
    { name: "bench", base_url: paced.url, requires_api_key: false },
    { name: "embeddings", base_url: embeddings.url, requires_api_key: false },
  ]),
  LLM_BACKEND_RAG_EMBEDDING_MODELS: JSON.stringify([
    { name: "bench", provider: "embeddings", model: "bench", dimensions, batch_size: 64 },
  ]),
});
const headers = await signIn(server.url);
const client: Client = { server, authorization: headers.authorization ?? "" };
const milliseconds = (value: number): string => value.toFixed(1);
const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);
const report = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

/** Opened late: the extension lies beside a database that is there. */
function exactSearch() {
  const database = openDatabase({
    path,
    readonly: true,
    vectorExtension: placeVectorExtension(path),
  });
  const reads = vectorReads(database, dimensions);
  const id = database.query<{ id: string }, [number]>("SELECT id FROM chunks WHERE number = ?");
  const index = database.query<{ number: number }, [string]>(
    "SELECT number FROM search_indexes WHERE knowledge_base_id = ? AND state = 'live'",
  );
  return (knowledgeBase: string, vector: Float32Array) => {
    const number = index.get(knowledgeBase)?.number ?? -1;
    const started = performance.now();
    const nearest = reads.nearest(vector, 10, number);
    const took = performance.now() - started;
    return { took, ids: nearest.map(({ chunk }) => id.get(chunk)?.id ?? "") };
  };
}

async function retrieve(kb: string, query: string, settings: object = {}) {
  const started = performance.now();
  const body = { kb_id: kb, query, top_k: 10, ...settings };
  const { results } = await call<Answer>(client, "/api/rag/retrieve", body);
  return { took: performance.now() - started, ids: results.map(({ chunk_id }) => chunk_id) };
}

async function measureSearches(kb: string, size: number): Promise<string[]> {
  const exact = exactSearch();
  const before = residentMemory(server.pid);
  // The first search starts to make the codes of a large index; once they are there, it is fast.
  const firstTook = (await retrieve(kb, question(0))).took;
  for (let round = 0; round < 4; round += 1) {
    for (let number = 0; number < questions; number += 1) await retrieve(kb, question(number));
  }
  const whole: number[] = [];
  const common: number[] = [];
  const plain: number[] = [];
  let found = 0;
  for (let number = 0; number < questions; number += 1) {
    whole.push((await retrieve(kb, question(number))).took);
    common.push((await retrieve(kb, commonQuestion(number))).took);
    if (number % 4 !== 0) continue;
    const nearest = exact(kb, questionVector(number));
    plain.push(nearest.took);
    const { ids } = await retrieve(kb, question(number), { mode: "vector" });
    found += ids.filter((id) => nearest.ids.includes(id)).length / nearest.ids.length;
  }
  return [
    String(size),
    milliseconds(firstTook),
    milliseconds(median(whole)),
    milliseconds(quantile(whole, 0.99)),
    milliseconds(median(common)),
    milliseconds(quantile(common, 0.95)),
    milliseconds(median(plain)),
    `${(median(plain) / median(whole)).toFixed(1)}x`,
    (found / plain.length).toFixed(3),
    megabytes(residentMemory(server.pid) - before),
  ];
}

/** How long tokens travel over `streams` answers of the bare pipe, then of ours. */
async function tokenDelays(): Promise<string[]> {
  const piped = Array.from(
    { length: streams },
    () => () => fetch(pipe.url, { method: "POST", body: "{}" }),
  );
  const columns: string[] = [];
  for (const open of [piped, await chats(server.url, headers, streams)]) {
    const latencies: number[] = [];
    await Promise.all(open.map((request) => readStream(request, latencies, [])));
    columns.push(milliseconds(median(latencies)), milliseconds(quantile(latencies, 0.99)));
  }
  return columns;
}

async function searchMeanwhile(kb: string): Promise<string> {
  const child = Bun.spawn([process.execPath, "bench/clients/searching.ts"], {
    env: {
      ...process.env,
      URL: server.url,
      AUTHORIZATION: client.authorization,
      KNOWLEDGE_BASE: kb,
      SECONDS: String(2 * streamSeconds + 1),
      QUESTIONS: String(questions),
    },
    stderr: "inherit",
  });
  const took: number[] = JSON.parse(await new Response(child.stdout).text());
  return `${milliseconds(median(took))} / ${milliseconds(quantile(took, 0.99))}`;
}

function largeFile(): File {
  const pieces: string[] = [];
  let bytes = 0;
  for (let number = 0; bytes < uploadBytes; number += 1) {
    const piece = `${passage(number)}\n\n`;
    bytes += Buffer.byteLength(piece);
    pieces.push(piece);
  }
  return new File([Buffer.concat(pieces.map((piece) => Buffer.from(piece)))], "large.txt");
}

async function upload(kb: string, file: File): Promise<string> {
  const form = new FormData();
  form.set("kb_id", kb);
  form.set("file", file);
  const started = performance.now();
  const { chunk_count } = await call<{ chunk_count: number }>(client, "/api/rag/doc/upload", form);
  return `${chunk_count} chunks in ${((performance.now() - started) / 1000).toFixed(0)} s`;
}

async function measureInterference(kb: string): Promise<void> {
  const quiet = await tokenDelays();
  // Made before: this process reads the tokens, and must not be busy itself.
  const file = largeFile();
  const target = await createKnowledgeBase(client, "builtin");
  const uploaded = upload(target, file);
  const searched = searchMeanwhile(kb);
  const busy = await tokenDelays();
  const searches = await searched;
  printTable(
    ["100 streams of 20 ms tokens", "pipe p50 ms", "pipe p99 ms", "ours p50 ms", "ours p99 ms"],
    [
      ["nothing else", ...quiet],
      ["20 searches/s and an upload of 50 MB", ...busy],
    ],
  );
  process.stdout.write(
    `searches meanwhile: ${searches} ms (p50 / p99); upload: ${await uploaded}\n`,
  );
}

try {
  for (let number = 0; number < others; number += 1) {
    const kb = await createKnowledgeBase(client, "bench");
    await seed(client, kb, number * chunksOfOther, chunksOfOther);
  }
  const rows: string[][] = [];
  let largest = "";
  for (const size of sizes) {
    const started = performance.now();
    largest = await createKnowledgeBase(client, "bench");
    await seed(client, largest, 0, size);
    const rate = size / ((performance.now() - started) / 1000);
    report(`${size} chunks are stored, ${rate.toFixed(0)} a second`);
    rows.push(await measureSearches(largest, size));
  }
  printTable(
    [
      "chunks",
      "first ms",
      "p50 ms",
      "p99 ms",
      "common p50",
      "common p95",
      "vec0 p50",
      "faster",
      "recall@10",
      "MB more",
    ],
    rows,
  );
  await measureInterference(largest);
} finally {
  await Promise.all([server.stop(), embeddings.stop(), pipe.stop(), paced.stop()]);
  rmSync(folder, { recursive: true });
}
