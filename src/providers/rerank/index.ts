export interface RankedDocument {
  /** Its place among the documents that were given. */
  readonly index: number;
  /** How well it answers the query, on the model's own scale: higher is better. */
  readonly score: number;
}

/** A model that reads a query together with each document. */
export interface Reranker {
  /** The model's name at its provider. */
  readonly model: string;
  /**
   * The documents, best first, equal ones in the order in which they were given. What a provider
   * leaves out is worth less than all that it names.
   *
   * @throws AppError `provider_failed`, `provider_timeout`, `missing_api_key`; the signal's reason
   *   when aborted.
   */
  rank(query: string, documents: readonly string[], signal: AbortSignal): Promise<RankedDocument[]>;
}
