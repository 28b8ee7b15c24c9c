import type { Conversation } from "../../store/conversations.ts";
import type { KnowledgeSource } from "../chat/grounding.ts";
import { namedKnowledgeBases } from "../knowledge/named.ts";

/**
 * The knowledge bases that a caller wants attached to a conversation, none where they are to be
 * detached; undefined where nothing is to change.
 *
 * @throws AppError `knowledge_base_not_found`, also for another user's
 */
export async function toAttach(
  body: Parameters<typeof namedKnowledgeBases>[0],
  userId: number,
  knowledge: Pick<KnowledgeSource, "authorize">,
): Promise<readonly string[] | undefined> {
  const ids = namedKnowledgeBases(body);
  await Promise.all(ids?.map((id) => knowledge.authorize(id, userId)) ?? []);
  return ids;
}

/** What is attached, for where it is told only of conversations that have something. */
export const attachedToWire = ({
  knowledgeBaseIds,
}: Pick<Conversation, "knowledgeBaseIds">): { kb_ids?: readonly string[] } =>
  knowledgeBaseIds.length === 0 ? {} : { kb_ids: knowledgeBaseIds };
