/**
 * What each stage of retrieval is worth, without a server: `bun bench/quality/stages.ts FOLDER…` takes
 * BEIR-style folders and prints Recall, MRR and nDCG of the keyword search, with loose evidence, of the
 * builtin embedding, and of all together. Each passage is one chunk, whatever its length.
 */
import { basename } from "node:path";
import { embedBuiltin } from "../../src/providers/embedding/builtin.ts";
import { defaultVectorWeight, type Evidence, fuse } from "../../src/rag/fuse.ts";
import { looseStatistics } from "../../src/rag/loose/features.ts";
import { looseMatches } from "../../src/rag/loose-match.ts";
import { respell, unknownWords, vocabularyOf } from "../../src/rag/spelling.ts";
import { indexTerms, queryTerms } from "../../src/rag/tokenize.ts";
import { readBeir } from "./beir.ts";
import { Bm25 } from "./bm25.ts";
import { Metrics, metricNames } from "./metrics.ts";

const candidates = 60;
const sampleSize = 200;

const best = (scores: Iterable<[number, number]>): number[] =>
  Array.from(scores)
    .sort((a, b) => b[1] - a[1] || a[0] - b[0])
    .slice(0, candidates)
    .map(([i]) => i);

async function measure(folder: string): Promise<Record<string, Metrics>> {
  const { passages, questions } = await readBeir(folder);
  const texts = passages.map(({ title, text }) => (title === "" ? text : `${title}\n${text}`));
  // The title once more: it counts twice.
  const index = new Bm25(passages.map(({ title }, i) => indexTerms(`${title}\n${texts[i]}`)));
  const step = Math.max(1, Math.floor(texts.length / sampleSize));
  const sample = texts.filter((_, i) => i % step === 0).slice(0, sampleSize);
  const statistics = looseStatistics(sample);
  const vocabulary = vocabularyOf(sample);
  const vectors = texts.map(embedBuiltin);
  const stages = {
    keyword: new Metrics(),
    "keyword + loose": new Metrics(),
    builtin: new Metrics(),
    "all, fused": new Metrics(),
  };
  for (const { text, relevant } of questions) {
    const typed = queryTerms(text);
    const unknown = unknownWords(text, index.missing(typed));
    const asTyped = { question: text, terms: typed };
    const meant = respell(text, typed, unknown, vocabulary) ?? asTyped;
    const keyword = index.search(meant.terms);
    const question = embedBuiltin(text);
    const similarity = vectors.map((vector) =>
      vector.reduce((sum, value, i) => sum + value * (question[i] ?? 0), 0),
    );
    const found = [...new Set([...best(keyword), ...best(similarity.entries())])];
    const loose = looseMatches(
      meant.question,
      found.map((i) => texts[i] ?? ""),
      statistics,
    );
    const evidence = found.map((i, place): Evidence => {
      const id = passages[i]?.id ?? "";
      return { id, keyword: keyword.get(i), similarity: similarity[i], loose: loose[place] };
    });
    const order = (list: readonly Evidence[], weight: number) =>
      fuse(list, weight).map(({ id }) => id);
    const plain = evidence.map(({ id, keyword: score }) => ({ id, keyword: score }));
    stages.keyword.add(order(plain, 0), relevant);
    stages["keyword + loose"].add(order(evidence, 0), relevant);
    stages.builtin.add(order(evidence, 1), relevant);
    stages["all, fused"].add(order(evidence, defaultVectorWeight("builtin")), relevant);
  }
  return stages;
}

const folders = process.argv.slice(2);
if (folders.length === 0) {
  const data = new URL("../../../shared/data/retrieval/", import.meta.url).pathname;
  folders.push(`${data}xquad-zh`, `${data}xquad-en`);
}
const names = metricNames.map((name) => name.padStart(7)).join("");
for (const folder of folders) {
  process.stdout.write(`${basename(folder).padEnd(18)}${names}\n`);
  for (const [stage, metrics] of Object.entries(await measure(folder))) {
    process.stdout.write(`  ${stage.padEnd(16)}${metrics.row()}\n`);
  }
}
