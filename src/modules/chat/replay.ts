import { AppError } from "../../errors.ts";
import { EventLog } from "../../http/event-log.ts";
import type { Message } from "../../store/conversations.ts";
import { chatEvent } from "./events.ts";
import { parseSources } from "./sources.ts";

/** An answer's log, for one who follows it from the event `first` on. */
export interface Following {
  readonly log: EventLog;
  readonly messageId: number;
  readonly first: number;
  /** What is added to the place of each event in the ids that the follower sees. */
  readonly shift: number;
  /** To be called when the follower has gone. */
  leave(): void;
}

/** The events of a stored answer's text, in the pieces in which it was streamed. */
function textEvents({ content, reasoning, pieces }: Message): string[] {
  const events: string[] = [];
  const thought = reasoning ?? "";
  let contentAt = 0;
  let reasoningAt = 0;
  for (const length of pieces ?? [-thought.length, content.length]) {
    if (length > 0) {
      events.push(chatEvent.message(content.slice(contentAt, contentAt + length)));
      contentAt += length;
    } else if (length < 0) {
      events.push(chatEvent.reasoning(thought.slice(reasoningAt, reasoningAt - length)));
      reasoningAt -= length;
    }
  }
  return events;
}

/**
 * The log of an answer that is no longer made, with the events that its stream had, each at its old
 * place, to be followed from `next`. An answer that was cut ends in an error that says
 * `interruption`; it stands behind whatever the client has seen, since that may be more than was
 * stored when the server died.
 */
export function replay(
  answer: Message,
  options: {
    readonly userMessageId: number;
    /** The conversation's. */
    readonly model: string;
    readonly interruption: string;
    readonly next: number;
  },
): Following {
  const { userMessageId, next } = options;
  const model = answer.model ?? options.model;
  const log = new EventLog();
  log.append([
    chatEvent.start({ messageId: answer.id, userMessageId, model }),
    ...(answer.sources === null ? [] : [chatEvent.sources(parseSources(answer.sources))]),
    ...textEvents(answer),
    // What was only counted at the end was never streamed.
    ...(answer.usage === null || answer.usage.estimated ? [] : [chatEvent.usage(answer.usage)]),
  ]);
  const following = { log, messageId: answer.id, leave: () => {} };
  if (answer.status === "complete") {
    log.append([chatEvent.done(), chatEvent.fullResponse(answer.content)]);
    log.close();
    return { ...following, first: next, shift: 0 };
  }
  const end = log.length;
  log.append([chatEvent.error(options.interruption, new AppError("interrupted"))]);
  log.close();
  return { ...following, first: Math.min(next, end), shift: Math.max(0, next - end) };
}
