import { AppError } from "../../errors.ts";
import type { Message } from "../../store/conversations.ts";
import { branchTo } from "../conversations/branches.ts";
import type { ConversationService } from "../conversations/service.ts";
import type { Mirrors } from "./mirrors.ts";
import { type Following, replay } from "./replay.ts";
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

/** Finds what a follower is told, wherever the answer is made or was made. */
export function createFollowing(options: {
  readonly conversations: ConversationService;
  readonly running: RunningAnswers;
  readonly mirrors: Mirrors;
}) {
  const { conversations, running, mirrors } = options;

  function findHere(conversationId: number, answerId: number | undefined, next: number) {
    const live = running.find(conversationId);
    if (live === undefined || (answerId ?? live.messageId) !== live.messageId) return undefined;
    const { log, messageId } = live;
    return { log, messageId, first: next, shift: 0, leave: live.join() };
  }

  async function findStored(
    conversationId: number,
    answerId: number | undefined,
    tip: number | null,
  ): Promise<Message> {
    const messages = await conversations.messages(conversationId);
    const candidates = answerId === undefined ? branchTo(messages, tip) : messages;
    const answer = candidates.findLast(
      ({ role, id }) => role === "assistant" && (answerId ?? id) === id,
    );
    if (answer === undefined) throw new AppError("answer_not_found");
    return answer;
  }

  /** See `ChatService.follow`. */
  return async (wanted: WantedAnswer): Promise<Following> => {
    const { conversationId, answerId, next } = wanted;
    const { model, tip } = await conversations.get(conversationId, wanted.userId);
    const here = findHere(conversationId, answerId, next);
    if (here !== undefined) return here;
    const named = await findStored(conversationId, answerId, tip);
    const place = { messageId: named.id, userMessageId: named.parentId ?? 0, model };
    if (named.status !== "streaming") return replay(named, { ...place, ...wanted });
    const elsewhere = await mirrors.follow(conversationId, place, wanted);
    if (elsewhere !== undefined) return elsewhere;
    // It has just ended, or has just begun here.
    const ended = await findStored(conversationId, named.id, tip);
    return findHere(conversationId, named.id, next) ?? replay(ended, { ...place, ...wanted });
  };
}
