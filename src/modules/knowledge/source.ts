import { toResult } from "./result.ts";
import type { KnowledgeService, Question } from "./service.ts";

/** What an answer over a knowledge base takes its passages from. */
export const createKnowledgeSource = (knowledge: KnowledgeService) => ({
  /** @throws AppError `knowledge_base_not_found`, also for another user's */
  async authorize(knowledgeBaseId: string, userId: number): Promise<void> {
    await knowledge.get(knowledgeBaseId, userId);
  },

  /** The best first. */
  retrieve: async (question: Question) =>
    (await knowledge.retrieve(question)).hits.map((hit) => toResult(hit)),
});
