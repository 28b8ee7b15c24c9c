import { Database } from "bun:sqlite";
import type { RetrievalSet } from "./beir.ts";
import { Metrics } from "./metrics.ts";

/**
 * What SQLite's full-text search finds as it comes: one row a passage, the tokenizer `unicode61`, any
 * of the question's words, ordered by bm25().
 */
export function evaluatePlainFts5({ passages, questions }: RetrievalSet): Metrics {
  const database = new Database(":memory:");
  database.run("CREATE VIRTUAL TABLE passages USING fts5(title, text, tokenize = 'unicode61')");
  const insert = database.query("INSERT INTO passages (rowid, title, text) VALUES (?, ?, ?)");
  for (const [at, { title, text }] of passages.entries()) insert.run(at + 1, title, text);
  const search = database.query<{ rowid: number }, [string]>(
    "SELECT rowid FROM passages WHERE passages MATCH ? ORDER BY bm25(passages) LIMIT 10",
  );
  const metrics = new Metrics();
  for (const { text, relevant } of questions) {
    const words = text.match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
    const found =
      words.length === 0 ? [] : search.all(words.map((word) => `"${word}"`).join(" OR "));
    metrics.add(
      found.flatMap(({ rowid }) => passages[rowid - 1]?.id ?? []),
      relevant,
    );
  }
  database.close();
  return metrics;
}
