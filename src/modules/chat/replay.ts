import type { EventLog } from "../../http/event-log.ts";
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

/** Where an answer stands, as its first event tells. */
export interface AnswerPlace {
  readonly messageId: number;
  readonly userMessageId: number;
  /** The conversation's. */
  readonly model: string;
}

/** The events that go before an answer's text. */
export function headEvents(
  { messageId, userMessageId, model }: AnswerPlace,
  stored: Pick<Message, "sources" | "model">,
): string[] {
  return [
    chatEvent.start({ messageId, userMessageId, model: stored.model ?? model }),
    ...(stored.sources === null ? [] : [chatEvent.sources(parseSources(stored.sources))]),
  ];
}

/** The events of a stored text, in the pieces in which it was streamed. */
export function textEvents(text: Pick<Message, "content" | "reasoning" | "pieces">): string[] {
  const { content, reasoning, pieces } = text;
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

/** The events that the stream of an ended answer had; of a cut one, those before its error. */
export function storedEvents(place: AnswerPlace, answer: Message): string[] {
  const { content, usage } = answer;
  return [
    ...headEvents(place, answer),
    ...textEvents(answer),
    // What was only counted at the end was never streamed.
    ...(usage === null || usage.estimated ? [] : [chatEvent.usage(usage)]),
    ...(answer.status === "complete" ? [chatEvent.done(), chatEvent.fullResponse(content)] : []),
  ];
}
