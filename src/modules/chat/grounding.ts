import type { DocumentFilter } from "../../store/knowledge.ts";
import type { Citation } from "./citations.ts";

/** Where the passages of a grounded answer come from. */
export interface KnowledgeSource {
  /** @throws AppError `knowledge_base_not_found`, also for another user's */
  authorize(knowledgeBaseId: string, userId: number): Promise<void>;
  /** The best first. */
  retrieve(query: {
    readonly knowledgeBaseId: string;
    readonly userId: number;
    readonly query: string;
    readonly topK: number;
    readonly filter: DocumentFilter | undefined;
    readonly signal: AbortSignal;
  }): Promise<Omit<Citation, "number">[]>;
}

/** Finds what an answer is to be grounded in, the best first, numbered from 1. */
export type Grounding = (query: string, signal: AbortSignal) => Promise<Citation[]>;

/**
 * Searches several knowledge bases as if they were one: their hits compete by score.
 *
 * @throws AppError `knowledge_base_not_found` before anything is searched
 */
export async function groundIn(
  knowledge: KnowledgeSource,
  wanted: {
    readonly knowledgeBaseIds: readonly string[];
    readonly userId: number;
    readonly topK: number;
    /** Which documents are searched; all when left out. */
    readonly filter?: DocumentFilter | undefined;
  },
): Promise<Grounding> {
  const { userId, topK, filter } = wanted;
  const ids = [...new Set(wanted.knowledgeBaseIds)];
  await Promise.all(ids.map((id) => knowledge.authorize(id, userId)));
  return async (query, signal) => {
    const found = await Promise.all(
      ids.map((knowledgeBaseId) =>
        knowledge.retrieve({ knowledgeBaseId, userId, query, topK, filter, signal }),
      ),
    );
    return found
      .flat()
      .sort((a, b) => b.score - a.score)
      .slice(0, topK)
      .map((hit, index) => ({ number: index + 1, ...hit }));
  };
}
