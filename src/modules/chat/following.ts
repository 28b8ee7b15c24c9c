import { AppError } from "../../errors.ts";
import type { MessagePlace } from "../../store/conversations.ts";
import { branchTo } from "../conversations/branches.ts";
import type { ConversationService } from "../conversations/service.ts";
import type { Mirrors } from "./mirrors.ts";
import type { Following } from "./replay.ts";
import { Replays } from "./replays.ts";
import type { RunningAnswers } from "./running.ts";

/** Which answer somebody wants to follow, and from where. */
export interface WantedAnswer {
  readonly conversationId: number;
  readonly userId: number;
  /** Undefined for the last of the shown branch. */
  readonly answerId: number | undefined;
  /** The place of the first event that is wanted. */
  readonly next: number;
  /** What the error at the end of a cut answer says. */
  readonly interruption: string;
}

/** Looks for an answer that grows, until it counts as one whose end could not be stored. */
const mostLooks = 5;

/** Finds what a follower is told, wherever the answer is made or was made. */
export function createFollowing(options: {
  readonly conversations: ConversationService;
  readonly running: RunningAnswers;
  readonly mirrors: Mirrors;
}) {
  const { conversations, running, mirrors } = options;
  const replays = new Replays(conversations);

  function findHere(conversationId: number, answerId: number | undefined, next: number) {
    const live = running.find(conversationId);
    if (live === undefined || (answerId ?? live.messageId) !== live.messageId) return undefined;
    const { log, messageId } = live;
    return { log, messageId, first: next, shift: 0, leave: live.join() };
  }

  async function findPlace(
    conversationId: number,
    answerId: number | undefined,
    tip: number | null,
  ): Promise<MessagePlace> {
    const outline = await conversations.outline(conversationId);
    const candidates = answerId === undefined ? branchTo(outline, tip) : outline;
    const answer = candidates.findLast(
      ({ role, id }) => role === "assistant" && (answerId ?? id) === id,
    );
    if (answer === undefined) throw new AppError("answer_not_found");
    return answer;
  }

  /** See `ChatService.follow`. */
  return async (wanted: WantedAnswer): Promise<Following> => {
    const { conversationId, next } = wanted;
    let { answerId } = wanted;
    const { model, tip } = await conversations.get(conversationId, wanted.userId);
    for (let looks = 1; ; looks += 1) {
      await running.begun(conversationId);
      const here = findHere(conversationId, answerId, next);
      if (here !== undefined) return here;
      const { id: messageId, parentId, isGrowing } = await findPlace(conversationId, answerId, tip);
      const place = { messageId, userMessageId: parentId ?? 0, model };
      if (!isGrowing || looks === mostLooks) {
        return replays.follow(conversationId, place, wanted);
      }
      const elsewhere = await mirrors.follow(conversationId, place, wanted);
      if (elsewhere !== undefined) return elsewhere;
      // It has just ended, or is about to begin here.
      answerId = messageId;
    }
  };
}
