import { asRecord, type JsonRecord } from "../../providers/json.ts";
import type { TokenUsage } from "../../providers/llm/index.ts";
import { spokenTexts } from "../../providers/llm/openai-messages.ts";
import { usageOf } from "../../providers/llm/openai-writer.ts";
import { type ChunkEvent, type ChunkEvents, eventOf } from "./chunk-events.ts";

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const textsOf = (chunk: JsonRecord): string[] =>
  list(chunk.choices).flatMap((choice) => spokenTexts(asRecord(asRecord(choice)?.delta) ?? {}));

/** Characters of an answer that are kept to be counted together, about. */
const portionLength = 262_144;

/**
 * The same stream, with a chunk in front of its end that holds the usage and no choice, as
 * `stream_options.include_usage` asks for: made of what the provider said elsewhere, or counted, where
 * the provider sends none.
 */
export async function* withUsageChunk(
  events: ChunkEvents,
  estimate: (answer: readonly string[]) => Promise<TokenUsage>,
): AsyncGenerator<readonly ChunkEvent[]> {
  let text = "";
  /** Tokens of what was said before that. */
  let counted = 0;
  let last: JsonRecord | undefined;
  let usage: unknown;
  let isTold = false;

  async function sum(): Promise<TokenUsage> {
    const rest = await estimate([text]);
    const completionTokens = counted + rest.completionTokens;
    return { ...rest, completionTokens, totalTokens: rest.promptTokens + completionTokens };
  }

  async function usageChunk(): Promise<ChunkEvent[]> {
    if (isTold || last === undefined) return [];
    isTold = true;
    const told = usage ?? usageOf(await sum());
    const { choices: _, ...chunk } = last;
    return [eventOf({ ...chunk, choices: [], usage: told })];
  }

  for await (const together of events) {
    const out: ChunkEvent[] = [];
    for (const event of together) {
      const { chunk } = event;
      if (chunk !== undefined) {
        last = chunk;
        text += textsOf(chunk).join("");
        usage = asRecord(chunk.usage) ?? usage;
        isTold ||= asRecord(chunk.usage) !== undefined && list(chunk.choices).length === 0;
      }
      if (event.isDone) out.push(...(await usageChunk()));
      out.push(event);
    }
    if (text.length > portionLength) {
      counted += (await estimate([text])).completionTokens;
      text = "";
    }
    yield out;
  }
  yield await usageChunk();
}
