import type { EventRelay } from "../../cache/event-relay.ts";
import { log } from "../../log.ts";
import type { AnswerRequest, AnswerStore } from "../../store/answers.ts";
import type { Generation } from "./generation.ts";
import { streamOf } from "./mirrors.ts";
import { Publication } from "./publication.ts";
import type { RunningAnswers } from "./running.ts";

/** Milliseconds between two looks for requests: an answer is to stop within 200. */
const requestInterval = 100;
/** Milliseconds between two looks for answers whose process has died. */
const deathInterval = 1000;
/** Milliseconds between two looks whether an answer has stopped, and looks until that is given up. */
const stopWait = { interval: 20, looks: 250 };

/** Somebody who follows an answer of ours from another process. */
interface Follower {
  readonly leave: () => void;
  readonly publication: Publication | undefined;
}

/**
 * What is between the processes on one database: serves what others ask of the answers that are made
 * here, asks others, and ends the answers of those that have died. While no answer is made here and
 * nobody else makes one, all of it is a look into an empty index once a second.
 */
export class Outside {
  private readonly followers = new Map<string, Follower>();
  private readonly deathTimer: Timer;
  private requestTimer: Timer | undefined;
  private closed = false;

  constructor(
    private readonly answers: AnswerStore,
    private readonly running: RunningAnswers,
    private readonly relay: EventRelay | undefined,
  ) {
    this.deathTimer = setInterval(() => {
      answers.interruptDead().catch((cause) => log.error("dead answers stay open", { cause }));
    }, deathInterval);
  }

  /** To be called when an answer has begun here. */
  wake(): void {
    if (this.closed) return;
    this.requestTimer ??= setTimeout(() => void this.serve(), requestInterval);
  }

  /**
   * Stops the conversation's answer where another process makes one; resolves when it has ended.
   * Answers whether there was one.
   */
  async stop(conversationId: number): Promise<boolean> {
    const messageId = await this.answers.findElsewhere(conversationId);
    if (messageId === undefined) return false;
    const token = crypto.randomUUID();
    const asked = await this.answers.request({ token, conversationId, messageId, kind: "stop" });
    if (!asked) return false;
    for (let looks = 0; looks < stopWait.looks; looks += 1) {
      const growth = await this.answers.growth(conversationId, messageId, Number.MAX_SAFE_INTEGER);
      if (growth?.status !== "streaming") {
        await this.answers.withdraw(token);
        break;
      }
      await Bun.sleep(stopWait.interval);
    }
    // A process that hangs will read the request when it goes on.
    return true;
  }

  close(): void {
    this.closed = true;
    clearInterval(this.deathTimer);
    clearTimeout(this.requestTimer);
    for (const token of this.followers.keys()) this.part(token);
  }

  private async serve(): Promise<void> {
    try {
      const requests = await this.answers.requests();
      const wanted = new Set(requests.map(({ token }) => token));
      for (const token of this.followers.keys()) if (!wanted.has(token)) this.part(token);
      for (const request of requests) this.grant(request);
    } catch (cause) {
      log.error("requests of other processes could not be read", { cause });
    }
    this.requestTimer = undefined;
    if (this.running.busy || this.followers.size > 0) this.wake();
  }

  private grant({ token, conversationId, messageId, kind }: AnswerRequest): void {
    const generation = this.running.find(conversationId);
    if (generation?.messageId !== messageId) return;
    if (kind === "stop") void this.stopOurs(generation, token);
    else if (!this.followers.has(token)) this.welcome(generation, token);
  }

  private async stopOurs(generation: Generation, token: string): Promise<void> {
    await generation.stop();
    await this.answers
      .withdraw(token)
      .catch((cause) => log.error("a request could not be taken back", { cause }));
  }

  private welcome(generation: Generation, token: string): void {
    const { relay } = this;
    const publication =
      relay && new Publication(generation.log, (run) => relay.append(streamOf(token), run));
    this.followers.set(token, { leave: generation.join(), publication });
  }

  private part(token: string): void {
    const follower = this.followers.get(token);
    this.followers.delete(token);
    follower?.publication?.stop();
    follower?.leave();
  }
}
