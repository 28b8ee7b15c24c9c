import { faultOf } from "../fault.ts";
import { asRecord } from "../json.ts";
import type { RankedDocument } from "./index.ts";

/**
 * The results of an answer of Cohere's rerank protocol, in any order.
 *
 * @throws Error that says in words what is wrong with the answer.
 */
export function readResults(body: string, count: number, apiKey: string): RankedDocument[] {
  const answer = parse(body);
  const results = asRecord(answer)?.results;
  if (!Array.isArray(results) || (results.length === 0 && count > 0)) {
    throw new Error(faultOf(answer, apiKey)?.message ?? "no results in the answer");
  }
  const seen = new Set<number>();
  return results.map((result) => {
    const record = asRecord(result);
    const index = record?.index;
    const score = record?.relevance_score;
    if (typeof index !== "number" || !Number.isInteger(index) || index < 0 || index >= count) {
      throw new Error(`a result has the index ${JSON.stringify(index)} among ${count}`);
    }
    if (typeof score !== "number" || !Number.isFinite(score)) {
      throw new Error("a result has no relevance_score");
    }
    if (seen.has(index)) throw new Error(`two results have the index ${index}`);
    seen.add(index);
    return { index, score };
  });
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new Error("the answer is not JSON");
  }
}
