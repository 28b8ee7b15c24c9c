import type { LateWrites } from "../../late-writes.ts";
import type { ConversationService } from "../conversations/service.ts";

/** How an answer ends in storage. */
export type Endings = Pick<ConversationService, "endAnswer" | "dropAnswer">;

/**
 * The same, so that no answer counts for ever as one that grows: where its last word cannot be stored,
 * that is tried again later. An end as whole is no last word: its maker says `interrupted` then.
 */
export function withLateEndings(conversations: Endings, late: LateWrites): Endings {
  async function insist(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      late.add(write);
      throw error;
    }
  }

  return {
    endAnswer(id, answerId, end) {
      const write = () => conversations.endAnswer(id, answerId, end);
      return end.status === "complete" ? write() : insist(write);
    },
    dropAnswer: (id, answerId, tip) => insist(() => conversations.dropAnswer(id, answerId, tip)),
  };
}
