import { asRecord, type JsonRecord, parseRecord, recordsIn } from "../json.ts";
import { SseDecoder } from "../sse.ts";
import type { TokenUsage } from "./index.ts";
import { readUsage } from "./openai-chunk.ts";
import { readMessages, spokenTexts } from "./openai-messages.ts";
import { addUp, countedTexts } from "./token-sum.ts";

/** What a portion of an answer tells of what it took. */
export interface PortionUsage {
  /** The provider's numbers, the last where there are several. */
  readonly told: TokenUsage | undefined;
  /** What we counted in it. */
  readonly tokens: number;
}

/** A request that was passed on, and as much of its answer as was passed back. */
export interface Forwarded {
  readonly request: Uint8Array;
  /** Of the portions of the answer that came first. */
  readonly earlier: readonly PortionUsage[];
  /** The rest of the answer: whole events of a stream, or the one document. */
  readonly answer: Uint8Array;
}

type Count = (texts: readonly string[]) => number[];

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** The chunks of a stream, or the one document of an answer that came at once. */
function chunksOf(answer: Uint8Array): JsonRecord[] {
  const document = parseRecord(decode(answer));
  if (document !== undefined) return [document];
  const events = new SseDecoder().push(answer);
  return events.map(({ data }) => parseRecord(data)).filter((chunk) => chunk !== undefined);
}

/** What was said in a portion, choice by choice, and what the provider told of its usage. */
function read(answer: Uint8Array): { told: TokenUsage | undefined; said: string[] } {
  let told: TokenUsage | undefined;
  const said = new Map<unknown, string>();
  for (const chunk of chunksOf(answer)) {
    told = readUsage(chunk.usage) ?? told;
    for (const choice of recordsIn(chunk.choices)) {
      // Moonshot puts the usage into the choice.
      told = readUsage(choice.usage) ?? told;
      const texts = spokenTexts(asRecord(choice.delta) ?? asRecord(choice.message) ?? {});
      said.set(choice.index, (said.get(choice.index) ?? "") + texts.join(""));
    }
  }
  return { told, said: [...said.values()] };
}

/** The same of one portion, whole events of a stream. It parses all of it. */
export function portionUsage(answer: Uint8Array, count: Count): PortionUsage {
  const { told, said } = read(answer);
  return { told, tokens: count(said).reduce((sum, tokens) => sum + tokens, 0) };
}

/**
 * What a request of OpenAI's chat completions protocol took: the provider's numbers, the last where
 * there are several, else what `count` makes of the texts on both sides. It parses all of both.
 */
export function forwardedUsage({ request, earlier, answer }: Forwarded, count: Count): TokenUsage {
  const { told = earlier.findLast((portion) => portion.told)?.told, said } = read(answer);
  if (told !== undefined) return told;
  const prompt = readMessages(parseRecord(decode(request))?.messages);
  const usage = addUp(prompt.length, count(countedTexts(prompt, said)));
  const before = earlier.reduce((sum, { tokens }) => sum + tokens, 0);
  const completionTokens = usage.completionTokens + before;
  return { ...usage, completionTokens, totalTokens: usage.promptTokens + completionTokens };
}
