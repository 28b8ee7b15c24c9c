import { toResult } from "./result.ts";
import type { KnowledgeService, Question } from "./service.ts";

/** What an answer over a knowledge base takes its passages from. */
export const createKnowledgeSource = (knowledge: KnowledgeService) => ({
  /** @throws AppError `knowledge_base_not_found`, also for another user's */
  async authorize(knowledgeBaseId: string, userId: number): Promise<void> {
    await knowledge.get(knowledgeBaseId, userId);
  },

  /** The best first, and why they were not reranked although a reranker is configured. */
  async retrieve(question: Question) {
    const { hits, rerankingFailure } = await knowledge.retrieve(question);
    return { hits: hits.map((hit) => toResult(hit)), rerankingFailure };
  },
});
