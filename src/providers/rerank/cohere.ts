import type { Config } from "../../config/schema.ts";
import { AppError } from "../../errors.ts";
import { apiKeyOf } from "../api-key.ts";
import { type Clock, systemClock } from "../clock.ts";
import { Deadline } from "../deadline.ts";
import { endpoint, post } from "../http/post.ts";
import { readText } from "../http/read-whole.ts";
import { readResults } from "./cohere-results.ts";
import type { RankedDocument, Reranker } from "./index.ts";

/** Bytes that an answer may take beside the documents, which some providers send back. */
const envelopeBytes = 1_048_576;
/** Bytes that one UTF-16 unit takes in JSON, at most. */
const unitBytes = 6;

/**
 * The reranker of the configuration; undefined where it names none. It speaks Cohere's protocol
 * (`POST {base_url}/rerank`: model, query, documents, top_n), which Jina, SiliconFlow, Zhipu and most
 * servers for open models share. More documents than one request may hold go out in several at once.
 */
export function createReranker(config: Config, clock: Clock = systemClock): Reranker | undefined {
  const { model, timeout, maxDocuments, maxCharacters, ...settings } = config.rag.reranker;
  if (settings.provider === "") return undefined;
  const provider = config.llm.providers.find(({ name }) => name === settings.provider);
  if (provider === undefined) throw new Error(`no provider is called ${settings.provider}`);
  const { name, baseUrl } = provider;
  const url = endpoint(baseUrl, "/rerank");

  const rankBatch = async (
    query: string,
    documents: readonly string[],
    deadline: Deadline,
  ): Promise<RankedDocument[]> => {
    const apiKey = apiKeyOf(provider);
    const body = { model, query, documents, top_n: documents.length };
    try {
      const reply = await post({ provider: name, url, apiKey, body }, deadline);
      const text = await readText(
        reply.body,
        envelopeBytes + documents.join("").length * unitBytes,
      );
      return readResults(text, documents.length, apiKey);
    } catch (error) {
      deadline.signal.throwIfAborted();
      if (error instanceof AppError) throw error;
      const message = error instanceof Error ? error.message : "the answer broke off";
      const parameters = { provider: name, status: "unusable answer", message };
      throw new AppError("provider_failed", parameters, { cause: error });
    }
  };

  return {
    model,
    async rank(query, documents, signal) {
      signal.throwIfAborted();
      const asked = clip(query, maxCharacters);
      const texts = documents.map((text) => clip(text, maxCharacters));
      const starts = texts.keys().filter((index) => index % maxDocuments === 0);
      const limits = { firstTokenTimeout: timeout, idleTimeout: 0, requestTimeout: timeout };
      const release = () => {};
      const deadline = new Deadline({ provider: name, limits, clock, caller: signal, release });
      try {
        const batches = await Promise.all(
          starts.map(async (start) => {
            const batch = texts.slice(start, start + maxDocuments);
            const ranked = await rankBatch(asked, batch, deadline);
            return ranked.map(({ index, score }) => ({ index: start + index, score }));
          }),
        );
        return batches.flat().sort((a, b) => b.score - a.score || a.index - b.index);
      } finally {
        // Where one request failed, the others are of no use.
        deadline.abort();
      }
    },
  };
}

/** The beginning of a text, whole characters only. */
function clip(text: string, length: number): string {
  const isLowSurrogate = (text.charCodeAt(length) & 0xfc00) === 0xdc00;
  return text.slice(0, isLowSurrogate ? length - 1 : length);
}
