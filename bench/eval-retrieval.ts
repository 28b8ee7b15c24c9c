/**
 * `bun run eval:retrieval [--data DIR]`: how well questions find their passages, through the HTTP API
 * of a server that it starts, with the `builtin` embedding, beside SQLite's FTS5 as it comes. DIR is a
 * BEIR-style folder (`corpus.jsonl`, `queries.jsonl`, and `qrels.tsv` or `qrels/test.tsv`) or a folder
 * of such folders.
 */
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { printTable } from "./measure.ts";
import { signIn, startSource } from "./processes.ts";
import { type RetrievalSet, readBeir } from "./quality/beir.ts";
import { defaultData, whereToGetData } from "./quality/data.ts";
import { type Metrics, metricNames } from "./quality/metrics.ts";
import { evaluate } from "./quality/over-http.ts";
import { evaluatePlainFts5 } from "./quality/plain-fts5.ts";

const { values } = parseArgs({ options: { data: { type: "string", default: defaultData } } });

const isSet = (folder: string): boolean => existsSync(join(folder, "corpus.jsonl"));

function setsIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  if (isSet(folder)) return [folder];
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name))
    .filter(isSet);
}

const row = (name: string, set: RetrievalSet, metrics: Metrics, started: number): string[] => [
  name,
  String(set.passages.length),
  String(set.questions.length),
  ...metrics.percentages().map((value) => value.toFixed(1)),
  `${((performance.now() - started) / 1000).toFixed(1)} s`,
];

const folders = setsIn(values.data);
if (folders.length === 0) {
  process.stderr.write(`${values.data} holds no retrieval set. ${whereToGetData}\n`);
  process.exit(1);
}
const server = await startSource();
const { authorization = "" } = await signIn(server.url);
const rows: string[][] = [];
for (const folder of folders) {
  const set = await readBeir(folder);
  const started = performance.now();
  const post = (path: string, body: string | FormData) =>
    fetch(`${server.url}${path}`, {
      method: "POST",
      headers: {
        authorization,
        ...(typeof body === "string" ? { "content-type": "application/json" } : {}),
      },
      body,
    });
  const ours = await evaluate(post, set);
  rows.push(row(basename(folder), set, ours, started));
  const began = performance.now();
  rows.push(row(`${basename(folder)}, plain FTS5`, set, evaluatePlainFts5(set), began));
}
await server.stop();
printTable(["set", "passages", "questions", ...metricNames, "took"], rows);
