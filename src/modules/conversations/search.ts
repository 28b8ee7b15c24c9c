import type { ConversationMatch, ConversationStore } from "../../store/conversations.ts";
import { searchTerms } from "../../text/search-terms.ts";

export interface SearchPage {
  readonly results: readonly ConversationMatch[];
  readonly hasMore: boolean;
}

/** Finds what a user wrote and was answered. */
export const createConversationSearchService = (store: ConversationStore) => ({
  /** The user's conversations with a title or message that has every word of `query`, newest first. */
  async search(
    userId: number,
    query: string,
    { limit, before }: { limit: number; before?: number | undefined },
  ): Promise<SearchPage> {
    const terms = searchTerms(query);
    if (terms.length === 0) return { results: [], hasMore: false };
    const found = await store.search({ userId, terms, limit: limit + 1, before });
    return { results: found.slice(0, limit), hasMore: found.length > limit };
  },
});

export type ConversationSearchService = ReturnType<typeof createConversationSearchService>;
