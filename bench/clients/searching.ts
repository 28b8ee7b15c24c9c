/**
 * Searches `RATE` times a second, whether or not the ones before were answered, for `SECONDS`, and
 * prints the milliseconds that each took. `URL`, `AUTHORIZATION` and `KNOWLEDGE_BASE` say where.
 */
import { commonQuestion, question } from "../retrieval/texts.ts";
import { setting } from "../servers/setting.ts";

const { URL: url = "", AUTHORIZATION: authorization = "", KNOWLEDGE_BASE: kb = "" } = process.env;
const interval = 1000 / setting("RATE", 20);
const count = (setting("SECONDS", 10) * 1000) / interval;
const questions = setting("QUESTIONS", 100);

async function search(number: number): Promise<number> {
  const query = (number % 4 === 0 ? commonQuestion : question)(number % questions);
  const started = performance.now();
  const response = await fetch(`${url}/api/rag/retrieve`, {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify({ kb_id: kb, query, top_k: 10 }),
  });
  if (!response.ok) throw new Error(await response.text());
  await response.arrayBuffer();
  return performance.now() - started;
}

const begun = performance.now();
const searches: Promise<number>[] = [];
for (let number = 0; number < count; number += 1) {
  await Bun.sleep(Math.max(0, begun + number * interval - performance.now()));
  searches.push(search(number));
}
process.stdout.write(`${JSON.stringify(await Promise.all(searches))}\n`);
