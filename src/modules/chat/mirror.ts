import { type Cursor, type EventRun, start } from "../../cache/event-relay.ts";
import { AppError } from "../../errors.ts";
import { EventLog } from "../../http/event-log.ts";
import type { AnswerGrowth } from "../../store/answers.ts";
import type { Message } from "../../store/conversations.ts";
import { chatEvent } from "./events.ts";
import {
  type AnswerPlace,
  type Following,
  headEvents,
  storedEvents,
  textEvents,
} from "./replay.ts";

/** What one follower sees of a mirror: the events from its first on. */
interface View {
  readonly log: EventLog;
  readonly first: number;
  /** What the error at the end of a cut answer says. */
  readonly interruption: string;
}

/**
 * An answer that another process makes, as far as it is known here. What the relay brings and what the
 * database holds are beginnings of one and the same sequence of events, so that either may be ahead:
 * an event is taken in when it is the next one, from whoever has it first, and passed over otherwise.
 */
export class Mirror {
  /** Under which the relay brings the events. */
  readonly token = crypto.randomUUID();
  /** How far the relay has been read. */
  cursor: Cursor = start;
  /** Whether the relay is ahead by events that it has lost, until the database has caught up. */
  gapped = false;
  private readonly events: string[] = [];
  private readonly views = new Set<View>();
  /** What the database has brought: pieces of the text, and events, those before the text included. */
  private stored = { pieces: 0, events: 0 };
  private ended = false;

  constructor(
    readonly conversationId: number,
    readonly place: AnswerPlace,
  ) {}

  /** The number of pieces that the database has brought. */
  get pieces(): number {
    return this.stored.pieces;
  }

  /** Whether no event will come any more. */
  get closed(): boolean {
    return this.ended;
  }

  get deserted(): boolean {
    return this.views.size === 0;
  }

  /** `left` is called once, when the follower has gone. */
  follow(next: number, interruption: string, left: () => void): Following {
    const log = new EventLog();
    const view = { log, first: next, interruption };
    log.append(this.events.slice(next));
    this.views.add(view);
    return {
      log,
      messageId: this.place.messageId,
      first: 0,
      shift: next,
      leave: () => {
        if (this.views.delete(view)) left();
      },
    };
  }

  /** Takes in what is new of events that follow one another. */
  offer({ first, events, closed }: EventRun): void {
    const known = this.events.length;
    if (first > known) {
      this.gapped = true;
      return;
    }
    const news = events.slice(known - first);
    if (news.length > 0) {
      for (const event of news) this.events.push(event);
      for (const view of this.views) view.log.append(news.slice(Math.max(0, view.first - known)));
    }
    if (closed) this.close();
  }

  /** Takes in what the database has from `pieces` on. */
  grow(growth: AnswerGrowth): void {
    this.gapped = false;
    if (growth.parts.length === 0) return;
    const { pieces, events } = this.stored;
    const head = pieces === 0 ? headEvents(this.place, growth) : [];
    const news = [...head, ...growth.parts.flatMap(textEvents)];
    this.offer({ first: events, events: news, closed: false });
    this.stored = {
      pieces: growth.parts.reduce((sum, part) => sum + part.pieces.length, pieces),
      events: events + news.length,
    };
  }

  /** Ends as the database tells of the answer; undefined when it is gone. */
  finish(answer: Message | undefined): void {
    const events = answer === undefined ? [] : storedEvents(this.place, answer);
    const complete = answer?.status === "complete";
    this.offer({ first: 0, events, closed: complete });
    if (complete) return;
    for (const { log, interruption } of this.views) {
      log.append([chatEvent.error(interruption, new AppError("interrupted"))]);
    }
    this.close();
  }

  /** Lets the followers go, who may come again. */
  close(): void {
    this.ended = true;
    for (const { log } of this.views) log.close();
  }
}
