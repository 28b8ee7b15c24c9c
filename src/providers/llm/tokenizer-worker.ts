import ranks from "gpt-tokenizer/data/o200k_base.tiktoken" with { type: "file" };
import { BytePairs } from "../../text/byte-pairs.ts";
import { serveWorker } from "../../workers/serve.ts";

/** What the Worker offers. */
export type Tokenizer = {
  /** The tokens of each text, in order. */
  count(texts: readonly string[]): number[];
};

serveWorker(async () => {
  const pairs = new BytePairs(await Bun.file(ranks).bytes());
  const tokenizer: Tokenizer = { count: (texts) => texts.map((text) => pairs.count(text)) };
  return tokenizer;
});
