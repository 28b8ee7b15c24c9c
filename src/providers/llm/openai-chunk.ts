import { asRecord } from "../json.ts";
import type { ChatDelta, TokenUsage } from "./index.ts";

/** What one chunk of OpenAI's chat completions protocol says beside its text. */
export interface ChunkEnd {
  readonly finishReason: string | undefined;
  readonly usage: TokenUsage | undefined;
}

/**
 * Reads a `chat.completion.chunk`, or a whole `chat.completion`, and appends its reasoning and its
 * content to `deltas`, in this order. Only the first choice counts, since only one is asked for;
 * whatever is missing, null or of another type is passed over.
 */
export function readChunk(chunk: Readonly<Record<string, unknown>>, deltas: ChatDelta[]): ChunkEnd {
  const choice = asRecord(Array.isArray(chunk.choices) ? chunk.choices[0] : undefined);
  if (choice === undefined) {
    return { finishReason: undefined, usage: readUsage(chunk.usage) };
  }
  const delta = asRecord(choice.delta) ?? asRecord(choice.message);
  if (delta !== undefined) {
    // DeepSeek, Zhipu and Qwen say `reasoning_content`, OpenRouter and Ollama `reasoning`.
    const reasoning = text(delta.reasoning_content) || text(delta.reasoning);
    if (reasoning !== "") deltas.push({ type: "reasoning", text: reasoning });
    const content = text(delta.content);
    if (content !== "") deltas.push({ type: "content", text: content });
  }
  // Moonshot puts the usage into the choice.
  const usage = readUsage(chunk.usage) ?? readUsage(choice.usage);
  return { finishReason: text(choice.finish_reason) || undefined, usage };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** A `usage` of the protocol; undefined where it holds no number. */
export function readUsage(value: unknown): TokenUsage | undefined {
  const usage = asRecord(value);
  if (usage === undefined) return undefined;
  const promptTokens = count(usage.prompt_tokens);
  const completionTokens = count(usage.completion_tokens);
  if (promptTokens === undefined && completionTokens === undefined) return undefined;
  const sum = (promptTokens ?? 0) + (completionTokens ?? 0);
  return {
    promptTokens: promptTokens ?? 0,
    completionTokens: completionTokens ?? 0,
    totalTokens: count(usage.total_tokens) ?? sum,
    estimated: false,
  };
}

function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
