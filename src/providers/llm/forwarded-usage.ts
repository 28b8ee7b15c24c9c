import { asRecord, type JsonRecord } from "../json.ts";
import { SseDecoder } from "../sse.ts";
import type { TokenUsage } from "./index.ts";
import { readUsage } from "./openai-chunk.ts";
import { readMessages, spokenTexts } from "./openai-messages.ts";
import { addUp, countedTexts } from "./token-sum.ts";

/** A request that was passed on, and as much of its answer as was passed back. */
export interface Forwarded {
  readonly request: Uint8Array;
  readonly answer: Uint8Array;
}

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function parse(text: string): JsonRecord | undefined {
  try {
    return asRecord(JSON.parse(text));
  } catch {
    return undefined;
  }
}

const records = (value: unknown): JsonRecord[] =>
  Array.isArray(value) ? value.map((item) => asRecord(item) ?? {}) : [];

/** The chunks of a stream, or the one document of an answer that came at once. */
function chunksOf(answer: Uint8Array): JsonRecord[] {
  const document = parse(decode(answer));
  if (document !== undefined) return [document];
  const events = new SseDecoder().push(answer);
  return events.map(({ data }) => parse(data)).filter((chunk) => chunk !== undefined);
}

/**
 * What a request of OpenAI's chat completions protocol took: the provider's numbers, the last where
 * there are several, else what `count` makes of the texts on both sides. It parses all of both.
 */
export function forwardedUsage(
  { request, answer }: Forwarded,
  count: (texts: readonly string[]) => number[],
): TokenUsage {
  let usage: TokenUsage | undefined;
  const said = new Map<unknown, string>();
  for (const chunk of chunksOf(answer)) {
    usage = readUsage(chunk.usage) ?? usage;
    for (const choice of records(chunk.choices)) {
      // Moonshot puts the usage into the choice.
      usage = readUsage(choice.usage) ?? usage;
      const texts = spokenTexts(asRecord(choice.delta) ?? asRecord(choice.message) ?? {});
      said.set(choice.index, (said.get(choice.index) ?? "") + texts.join(""));
    }
  }
  if (usage !== undefined) return usage;
  const prompt = readMessages(parse(decode(request))?.messages);
  return addUp(prompt.length, count(countedTexts(prompt, [...said.values()])));
}
