import type { ChatProviderConfig, EmbeddingModelConfig } from "../../config/schema.ts";
import { AppError } from "../../errors.ts";
import { cutToTokens } from "../../text/tokens.ts";
import { Admission } from "../admission.ts";
import { apiKeyOf } from "../api-key.ts";
import type { Clock } from "../clock.ts";
import { Deadline } from "../deadline.ts";
import { endpoint, post } from "../http/post.ts";
import { readText } from "../http/read-whole.ts";
import type { EmbeddingProvider, EmbeddingPurpose } from "./index.ts";
import { readEmbeddings } from "./openai-vectors.ts";

export interface EmbeddingOptions {
  readonly provider: ChatProviderConfig;
  readonly model: EmbeddingModelConfig;
  /** Seconds that one request may take, retries included. */
  readonly timeout: number;
  readonly clock: Clock;
}

/** Bytes that one number of a vector takes as JSON, at most, and that everything around them takes. */
const numberBytes = 32;
const envelopeBytes = 1_048_576;

/** Seconds that a request waits for its turn: longer than any that is before it can take. */
const queueTimeout = 86_400;

/**
 * A model behind OpenAI's embeddings protocol (`POST {base_url}/embeddings`). More texts than one
 * request may hold go out in several, one after the other. No more than `max_concurrent` are under
 * way; questions and documents take turns. A text beyond the model's limit is cut, by an estimate of
 * its tokens.
 */
export function createOpenAiEmbedding(options: EmbeddingOptions): EmbeddingProvider {
  const { provider, model, timeout, clock } = options;
  const { dimensions, batchSize } = model;
  const url = endpoint(provider.baseUrl, "/embeddings");
  const instructions = { query: model.queryInstruction, document: model.documentInstruction };
  const { maxConcurrent } = model;
  const admission = new Admission(
    provider.name,
    { maxConcurrent, requestsPerMinute: 0, maxQueue: Number.POSITIVE_INFINITY, queueTimeout },
    clock,
  );

  async function embedBatch(
    texts: readonly string[],
    purpose: EmbeddingPurpose,
    signal: AbortSignal,
  ): Promise<Float32Array[]> {
    const apiKey = apiKeyOf(provider);
    const release = await admission.enter(purpose, signal);
    const limits = { firstTokenTimeout: timeout, idleTimeout: 0, requestTimeout: timeout };
    const deadline = new Deadline({
      provider: provider.name,
      limits,
      clock,
      caller: signal,
      release,
    });
    try {
      const inputs = texts.map((text) => instructions[purpose] + text);
      const body = {
        model: model.model,
        input: inputs.map((input) => cutToTokens(input, model.maxInputTokens)),
        ...(model.sendDimensions ? { dimensions } : {}),
      };
      const reply = await post({ provider: provider.name, url, apiKey, body }, deadline);
      const maxBytes = envelopeBytes + texts.length * dimensions * numberBytes;
      const text = await readText(reply.body, maxBytes);
      return readEmbeddings(text, { count: texts.length, dimensions, apiKey });
    } catch (error) {
      deadline.signal.throwIfAborted();
      if (error instanceof AppError) throw error;
      const message = error instanceof Error ? error.message : "the answer broke off";
      throw new AppError(
        "provider_failed",
        { provider: provider.name, status: "unusable answer", message },
        { cause: error },
      );
    } finally {
      deadline.close();
    }
  }

  return {
    name: model.name,
    dimensions,
    variant: JSON.stringify([provider.baseUrl, model.model, model.documentInstruction]),
    batchSize,
    async embed(texts, purpose, signal) {
      signal.throwIfAborted();
      const vectors: Float32Array[] = [];
      for (let start = 0; start < texts.length; start += batchSize) {
        const batch = texts.slice(start, start + batchSize);
        vectors.push(...(await embedBatch(batch, purpose, signal)));
      }
      return vectors;
    },
  };
}
