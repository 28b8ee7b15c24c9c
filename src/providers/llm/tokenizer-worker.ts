import ranks from "gpt-tokenizer/data/o200k_base.tiktoken" with { type: "file" };
import { BytePairs } from "../../text/byte-pairs.ts";
import { serveWorker } from "../../workers/serve.ts";
import {
  type Forwarded,
  forwardedUsage,
  type PortionUsage,
  portionUsage,
} from "./forwarded-usage.ts";
import type { TokenUsage } from "./index.ts";

/** What the Worker offers. */
export type Tokenizer = {
  /** The tokens of each text, in order. */
  count(texts: readonly string[]): number[];
  /** See `portionUsage`. */
  countPortion(answer: Uint8Array): PortionUsage;
  /** See `forwardedUsage`. */
  countForwarded(forwarded: Forwarded): TokenUsage;
};

serveWorker(async () => {
  const pairs = new BytePairs(await Bun.file(ranks).bytes());
  const count = (texts: readonly string[]): number[] => texts.map((text) => pairs.count(text));
  const tokenizer: Tokenizer = {
    count,
    countPortion: (answer) => portionUsage(answer, count),
    countForwarded: (forwarded) => forwardedUsage(forwarded, count),
  };
  return tokenizer;
});
