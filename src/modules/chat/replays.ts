import { AppError } from "../../errors.ts";
import { EventLog } from "../../http/event-log.ts";
import type { ConversationService } from "../conversations/service.ts";
import { chatEvent } from "./events.ts";
import { type AnswerPlace, type Following, storedEvents } from "./replay.ts";

/** The events of an answer as its stream had them, of a cut one those before its error. */
interface Told {
  readonly log: EventLog;
  readonly isCut: boolean;
}

/**
 * The logs of answers that are no longer made, each at most once in memory, however many follow it,
 * and no longer than anybody does.
 */
export class Replays {
  private readonly replays = new Map<string, { readonly told: Promise<Told>; followers: number }>();

  constructor(private readonly conversations: Pick<ConversationService, "message">) {}

  /**
   * Follows an answer that has ended from the event `next` on, each event at its old place. One that
   * was cut ends in an error that says `interruption`; it stands behind whatever the client has seen,
   * since that may be more than was stored when the server died.
   *
   * @throws AppError `answer_not_found`
   */
  async follow(
    conversationId: number,
    place: AnswerPlace,
    { next, interruption }: { readonly next: number; readonly interruption: string },
  ): Promise<Following> {
    const { messageId } = place;
    // The first event names the conversation's model, which can change.
    const key = `${conversationId}-${messageId}-${place.model}`;
    const replay = this.replays.get(key) ?? {
      told: this.tell(conversationId, place),
      followers: 0,
    };
    this.replays.set(key, replay);
    replay.followers += 1;
    const leave = (): void => {
      replay.followers -= 1;
      if (replay.followers === 0) this.replays.delete(key);
    };
    try {
      const { log, isCut } = await replay.told;
      if (!isCut) return { log, messageId, first: next, shift: 0, leave };
      const end = new EventLog();
      for (let index = next; index < log.length; index += 1) end.append([log.at(index) ?? ""]);
      end.append([chatEvent.error(interruption, new AppError("interrupted"))]);
      end.close();
      return { log: end, messageId, first: 0, shift: next, leave };
    } catch (error) {
      leave();
      throw error;
    }
  }

  private async tell(conversationId: number, place: AnswerPlace): Promise<Told> {
    const answer = await this.conversations.message(conversationId, place.messageId);
    if (answer === undefined) throw new AppError("answer_not_found");
    const log = new EventLog();
    log.append(storedEvents(place, answer));
    log.close();
    return { log, isCut: answer.status !== "complete" };
  }
}
