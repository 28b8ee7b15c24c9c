import { AppError } from "../../errors.ts";
import type { Conversation } from "../../store/conversations.ts";
import type { DocumentFilter } from "../../store/knowledge.ts";
import type { Citation } from "./citations.ts";

/** How a question is searched for; what is left out is as `/api/rag/retrieve` has it. */
export interface SearchOptions {
  readonly mode?: "hybrid" | "vector" | "keyword" | undefined;
  /** What the score of a passage must reach, 0 to 1. */
  readonly minScore?: number | undefined;
  /** The share of the vectors in the score, 0 to 1. */
  readonly weight?: number | undefined;
  /** Chunks on each side that are joined to a passage. */
  readonly expand?: number | undefined;
  /** Which documents are searched; all when left out. */
  readonly filter?: DocumentFilter | undefined;
}

/** Where the passages of a grounded answer come from. */
export interface KnowledgeSource {
  /** @throws AppError `knowledge_base_not_found`, also for another user's */
  authorize(knowledgeBaseId: string, userId: number): Promise<void>;
  /** The best first, and why they were not reranked although a reranker is configured. */
  retrieve(
    query: SearchOptions & {
      readonly knowledgeBaseId: string;
      readonly userId: number;
      readonly query: string;
      readonly topK: number;
      readonly signal: AbortSignal;
    },
  ): Promise<{
    readonly hits: readonly Omit<Citation, "number">[];
    readonly rerankingFailure: AppError | undefined;
  }>;
}

/** What an answer is to be grounded in. */
export interface Grounds {
  /** The best first, numbered from 1. */
  readonly citations: readonly Citation[];
  /** Why some of them were not reranked. */
  readonly rerankingFailures: readonly AppError[];
}

/** Passages that an answer is grounded in, where the caller does not say how many. */
export const defaultTopK = 5;

/** UTF-16 units of a message that are searched for, as many as a search takes; a question is rarely as long. */
const longestQuery = 10_000;

/** Where an answer is grounded, and how that is searched. */
interface Ground extends SearchOptions {
  readonly knowledgeBaseIds: readonly string[];
  readonly userId: number;
  readonly topK: number;
}

/** Finds what an answer is to be grounded in; nothing where the query is empty. */
export type Grounding = (query: string, signal: AbortSignal) => Promise<Grounds>;

/**
 * Searches several knowledge bases as if they were one: their hits compete by score.
 *
 * @throws AppError `knowledge_base_not_found` before anything is searched
 */
export async function groundIn(knowledge: KnowledgeSource, ground: Ground): Promise<Grounding> {
  const ids = [...new Set(ground.knowledgeBaseIds)];
  await Promise.all(ids.map((id) => knowledge.authorize(id, ground.userId)));
  return search({ ...ground, knowledgeBaseIds: ids }, knowledge.retrieve);
}

/** The same for what is attached to a conversation: a knowledge base that is deleted meanwhile is empty. */
export const groundInAttached = (
  knowledge: KnowledgeSource,
  { userId, knowledgeBaseIds }: Pick<Conversation, "userId" | "knowledgeBaseIds">,
): Grounding =>
  search({ userId, knowledgeBaseIds, topK: defaultTopK }, async (question) => {
    try {
      return await knowledge.retrieve(question);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "knowledge_base_not_found") throw error;
      return { hits: [], rerankingFailure: undefined };
    }
  });

const search =
  ({ knowledgeBaseIds, ...options }: Ground, retrieve: KnowledgeSource["retrieve"]): Grounding =>
  async (asked, signal) => {
    const query = asked.slice(0, longestQuery).toWellFormed().trim();
    if (query === "") return { citations: [], rerankingFailures: [] };
    const found = await Promise.all(
      knowledgeBaseIds.map((knowledgeBaseId) =>
        retrieve({ ...options, knowledgeBaseId, query, signal }),
      ),
    );
    const citations = found
      .flatMap(({ hits }) => hits)
      .sort((a, b) => b.score - a.score)
      .slice(0, options.topK)
      .map((hit, index) => ({ number: index + 1, ...hit }));
    return { citations, rerankingFailures: found.flatMap((each) => each.rerankingFailure ?? []) };
  };
