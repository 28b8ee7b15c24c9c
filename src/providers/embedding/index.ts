/** Many models embed a question and the text that answers it differently. */
export type EmbeddingPurpose = "query" | "document";

export interface EmbeddingProvider {
  /** The name that users know it by, `zhipu-embedding-3` for example. */
  readonly name: string;
  /** The length of every vector. */
  readonly dimensions: number;
  /**
   * What else decides about the vector of a document's text, model and instruction for example: the
   * same text has the same vector as long as name, dimensions and this are the same.
   */
  readonly variant?: string;
  /** Inputs that one call of `embed` may hold. */
  readonly batchSize: number;
  /**
   * One vector of unit length for each text, in order.
   *
   * @throws AppError `provider_failed`, `provider_timeout`, `missing_api_key`; the signal's reason
   *   when aborted.
   */
  embed(
    texts: readonly string[],
    purpose: EmbeddingPurpose,
    signal: AbortSignal,
  ): Promise<Float32Array[]>;
}

export interface EmbeddingModels {
  /** Every model on offer, whether or not its provider has a key. */
  readonly names: readonly string[];
  /** @throws AppError `unknown_embedding_model` */
  get(name: string): EmbeddingProvider;
}
