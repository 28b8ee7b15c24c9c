import { Elysia } from "elysia";
import type { HttpContext } from "../../http/context.ts";
import type { ConversationMatch } from "../../store/conversations.ts";
import { searchQuery } from "./model.ts";
import type { ConversationSearchService } from "./search.ts";
import { searchDocs } from "./search-docs.ts";

const toWire = ({ id, title, createdTime, messageCount, messages }: ConversationMatch) => ({
  conversation_id: id,
  title: title.text,
  title_highlights: title.highlights,
  created_time: createdTime,
  match_count: messageCount,
  matches: messages.map((message) => ({
    message_id: message.messageId,
    role: message.role,
    snippet: message.excerpt.text,
    highlights: message.excerpt.highlights,
    created_time: message.createdTime,
  })),
});

export const searchRoutes = (http: HttpContext, search: ConversationSearchService) =>
  new Elysia({ prefix: "/api/conversations" }).use(http.auth.guard).get(
    "/search",
    async ({ query, userId }) => {
      const { results, hasMore } = await search.search(userId, query.q, query);
      return { results: results.map(toWire), has_more: hasMore };
    },
    { query: searchQuery, detail: searchDocs },
  );
