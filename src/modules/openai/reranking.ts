import { AppError } from "../../errors.ts";
import type { Reranker } from "../../providers/rerank/index.ts";
import { estimateTokens } from "../../text/tokens.ts";

export interface RerankRequest {
  readonly model?: string | undefined;
  readonly query: string;
  readonly documents: readonly (string | { readonly text: string })[];
  readonly top_n?: number | undefined;
  readonly return_documents?: boolean | undefined;
}

/**
 * The answer of Cohere's and Jina's rerank protocol: the best first. Usage is an estimate, and `record` is called
 * with it.
 *
 * @throws AppError `no_reranker`, `unknown_model`, and as `Reranker.rank` does
 */
export async function rerank(
  reranker: Reranker | undefined,
  request: RerankRequest,
  record: (model: string, tokens: number) => void,
  signal: AbortSignal,
) {
  if (reranker === undefined) throw new AppError("no_reranker");
  const { model = reranker.model, query } = request;
  if (model !== reranker.model) throw new AppError("unknown_model", { model });
  const texts = request.documents.map((document) =>
    (typeof document === "string" ? document : document.text).toWellFormed(),
  );
  const ranked = await reranker.rank(query.toWellFormed(), texts, signal);
  const tokens = [query, ...texts].reduce((sum, text) => sum + estimateTokens(text), 0);
  record(model, tokens);
  return {
    id: Bun.randomUUIDv7(),
    object: "list",
    model,
    results: ranked.slice(0, request.top_n).map(({ index, score }) => ({
      index,
      relevance_score: score,
      ...(request.return_documents === true ? { document: { text: texts[index] ?? "" } } : {}),
    })),
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}
