import { type EventRelay, start } from "../../cache/event-relay.ts";
import { log } from "../../log.ts";
import type { AnswerStore } from "../../store/answers.ts";
import type { ConversationService } from "../conversations/service.ts";
import { Mirror } from "./mirror.ts";
import type { AnswerPlace, Following } from "./replay.ts";

/** Milliseconds between two looks for what was stored of an answer. */
const storeInterval = 500;
/** The same for what the relay has brought. */
const relayInterval = 25;
/** Looks, and milliseconds between them, that the end of a cut answer waits for the relay to tell why. */
const lastLooks = { count: 15, interval: 100 };

/** The name of a mirror's stream in the relay. */
export const streamOf = (token: string): string => `answer:${token}`;

/**
 * The answers of other processes that are followed here: live over the relay where there is one, and
 * always by what the other process stores.
 */
export class Mirrors {
  private readonly mirrors = new Map<string, Mirror>();
  private listening = false;
  private emptied = Promise.withResolvers<void>();

  constructor(
    private readonly answers: AnswerStore,
    private readonly conversations: ConversationService,
    private readonly relay: EventRelay | undefined,
  ) {}

  /**
   * Follows an answer of another process from the event `next` on; undefined when it has ended or is
   * not another's.
   */
  async follow(
    conversationId: number,
    place: AnswerPlace,
    { next, interruption }: { readonly next: number; readonly interruption: string },
  ): Promise<Following | undefined> {
    const key = `${conversationId}-${place.messageId}`;
    let mirror = this.find(key);
    if (mirror === undefined) {
      const fresh = new Mirror(conversationId, place);
      if (!(await this.signOn(fresh))) return undefined;
      mirror = this.find(key);
      if (mirror === undefined) {
        mirror = fresh;
        this.begin(key, fresh);
      } else {
        // Somebody else came meanwhile.
        this.signOff(fresh);
      }
    }
    const followed = mirror;
    return followed.follow(next, interruption, () => {
      if (followed.deserted) this.drop(key, followed);
    });
  }

  /** Lets followers see the end for `patience` milliseconds, then lets them go. */
  async drain(patience: number): Promise<void> {
    if (this.mirrors.size === 0) return;
    const deadline = setTimeout(() => {
      for (const [key, mirror] of this.mirrors) {
        mirror.close();
        this.drop(key, mirror);
      }
    }, patience);
    await this.emptied.promise;
    clearTimeout(deadline);
  }

  /** One that has just ended takes no more followers: they would wait for ever. */
  private find(key: string): Mirror | undefined {
    const mirror = this.mirrors.get(key);
    if (!mirror?.closed) return mirror;
    this.drop(key, mirror);
    return undefined;
  }

  /** Tells the other process that somebody is there. */
  private signOn({ token, conversationId, place }: Mirror): Promise<boolean> {
    const { messageId } = place;
    return this.answers.request({ token, conversationId, messageId, kind: "follow" });
  }

  private signOff({ token }: Mirror): void {
    this.answers
      .withdraw(token)
      .catch((cause) => log.error("a follower could not be signed off", { cause }));
  }

  private begin(key: string, mirror: Mirror): void {
    this.mirrors.set(key, mirror);
    void this.look(key, mirror, lastLooks.count);
    if (this.relay !== undefined && !this.listening) {
      this.listening = true;
      void this.listen(this.relay);
    }
  }

  private drop(key: string, mirror: Mirror): void {
    if (this.mirrors.get(key) !== mirror) return;
    this.mirrors.delete(key);
    if (this.mirrors.size === 0) {
      this.emptied.resolve();
      this.emptied = Promise.withResolvers();
    }
    this.signOff(mirror);
  }

  /** Takes in what has been stored, again and again; `looksLeft` of them when the answer was cut. */
  private async look(key: string, mirror: Mirror, looksLeft: number): Promise<void> {
    if (this.mirrors.get(key) !== mirror) return;
    let pause = storeInterval;
    let left = looksLeft;
    try {
      const status = await this.read(mirror);
      if (status === "cut" && this.relay !== undefined && left > 0) {
        pause = lastLooks.interval;
        left -= 1;
      } else if (status !== "growing") {
        await this.finish(mirror);
      }
    } catch (cause) {
      log.error("a followed answer could not be read", { cause });
    }
    if (mirror.closed) this.drop(key, mirror);
    if (this.mirrors.get(key) !== mirror) return;
    setTimeout(() => void this.look(key, mirror, left), pause);
  }

  private async read(mirror: Mirror): Promise<"growing" | "complete" | "cut"> {
    const { conversationId, place, pieces } = mirror;
    const growth = await this.answers.growth(conversationId, place.messageId, pieces);
    if (growth?.status === "complete") return "complete";
    if (growth?.status !== "streaming") return "cut";
    mirror.grow(growth);
    return "growing";
  }

  private async finish(mirror: Mirror): Promise<void> {
    const { conversationId, place } = mirror;
    const answer = await this.conversations.message(conversationId, place.messageId);
    if (!mirror.closed) mirror.finish(answer);
  }

  /** Takes in what the relay brings, as long as there is anybody to follow it. */
  private async listen(relay: EventRelay): Promise<void> {
    while (this.mirrors.size > 0) {
      await Bun.sleep(relayInterval);
      const waiting = [...this.mirrors].filter(([, mirror]) => !mirror.gapped);
      if (!relay.up || waiting.length === 0) continue;
      const cursors = new Map(waiting.map(([, { token, cursor }]) => [streamOf(token), cursor]));
      const news = await relay.read(cursors);
      for (const [key, mirror] of waiting) {
        const { cursor, runs } = news?.get(streamOf(mirror.token)) ?? {};
        for (const run of runs ?? []) mirror.offer(run);
        if (news === undefined) mirror.cursor = start;
        else if (cursor !== undefined && !mirror.gapped) mirror.cursor = cursor;
        if (mirror.closed) this.drop(key, mirror);
      }
    }
    this.listening = false;
  }
}
