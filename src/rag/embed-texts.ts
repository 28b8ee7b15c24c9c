import type { EmbeddingProvider } from "../providers/embedding/index.ts";
import type { RememberedEmbedding } from "../store/knowledge.ts";
import type { Steps } from "./ingest-step.ts";

/** Requests to the embedding provider that run at once for one document. */
const requestsAtOnce = 4;

function hashOf(provider: EmbeddingProvider, text: string): Uint8Array {
  const hasher = new Bun.CryptoHasher("sha256");
  hasher.update(JSON.stringify([provider.name, provider.variant, provider.dimensions, text]));
  return hasher.digest();
}

type Hashed = readonly [text: string, hash: Uint8Array];

interface Answer {
  readonly batch: readonly Hashed[];
  readonly vectors: readonly Float32Array[];
  readonly failure: { readonly reason: unknown } | undefined;
}

/** Embeds in requests of the provider's size, a few at once. What one brings is remembered at once. */
async function* embedNew(
  embedding: EmbeddingProvider,
  texts: ReadonlyMap<string, Uint8Array>,
  signal: AbortSignal,
): Steps<Map<string, Float32Array>> {
  const vectors = new Map<string, Float32Array>();
  const waiting: Hashed[] = [...texts];
  const asked = new Set<Promise<Answer>>();
  let failure: Answer["failure"];

  async function ask(batch: readonly Hashed[]): Promise<Answer> {
    try {
      const inputs = batch.map(([text]) => text);
      const answer = await embedding.embed(inputs, "document", signal);
      return { batch, vectors: answer, failure: undefined };
    } catch (reason) {
      return { batch, vectors: [], failure: { reason } };
    }
  }

  for (;;) {
    while (failure === undefined && waiting.length > 0 && asked.size < requestsAtOnce) {
      asked.add(ask(waiting.splice(0, embedding.batchSize)));
    }
    if (asked.size === 0) break;
    const settled = await Promise.race([...asked].map(async (each) => [each, await each] as const));
    const [request, answer] = settled;
    asked.delete(request);
    failure ??= answer.failure;
    const embeddings: RememberedEmbedding[] = [];
    for (const [at, vector] of answer.vectors.entries()) {
      const [text, hash] = answer.batch[at] ?? [];
      if (text === undefined || hash === undefined) continue;
      vectors.set(text, vector);
      embeddings.push({ hash, vector });
    }
    if (embeddings.length > 0) yield { type: "remember", embeddings };
  }
  if (failure !== undefined) throw failure.reason;
  return vectors;
}

/**
 * One vector for each text, in order; with `isRemembered` each text is embedded once in a lifetime, as
 * long as its vector is remembered.
 *
 * @throws AppError as `EmbeddingProvider.embed` does; the signal's reason when aborted
 */
export async function* embedTexts(
  embedding: EmbeddingProvider,
  isRemembered: boolean,
  texts: readonly string[],
  signal: AbortSignal,
): Steps<Float32Array[]> {
  if (!isRemembered) return embedding.embed(texts, "document", signal);
  const hashes = texts.map((text) => hashOf(embedding, text));
  const recalled = (yield { type: "recall", hashes })?.vectors ?? [];
  const missing = new Map<string, Uint8Array>();
  for (const [at, text] of texts.entries()) {
    const hash = hashes[at];
    if (recalled[at] === undefined && hash !== undefined) missing.set(text, hash);
  }
  const embedded = yield* embedNew(embedding, missing, signal);
  return texts.map((text, at) => {
    const vector = recalled[at] ?? embedded.get(text);
    if (vector === undefined) throw new Error(`no vector for a text of ${text.length} characters`);
    return vector;
  });
}
