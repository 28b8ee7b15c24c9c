import type { ChatAnswer } from "./index.ts";

/**
 * The content of an answer that nobody watches, without its reasoning. Reading ends once it is longer
 * than `enough` UTF-16 units; throws as the answer does.
 */
export async function collectText(answer: ChatAnswer, enough: number): Promise<string> {
  let text = "";
  for await (const deltas of answer) {
    for (const delta of deltas) if (delta.type === "content") text += delta.text;
    if (text.length > enough) break;
  }
  return text;
}
